package org.attentionzoo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.attentionzoo.training.tasks.Tasks;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command; what downloads withstand is tested in {@code datasets}. */
class DataTest {

  @TempDir private Path folder;

  @BeforeEach
  void point() {
    System.setProperty("ZOO_DATA", folder.resolve("data").toString());
    System.setProperty("ZOO_CACHE", folder.resolve("cache").toString());
  }

  @AfterEach
  void forget() {
    System.clearProperty("ZOO_DATA");
    System.clearProperty("ZOO_CACHE");
  }

  private void put(String name, String text) throws IOException {
    Path file = folder.resolve("data").resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  @Test
  void listsWhatDataTakes() {
    Run all = Run.zoo("data", "schemes");
    assertThat(all.exit()).isZero();
    assertThat(all.out()).contains("text:<file or folder>").containsPattern("mqar: +generated:");
    assertThat(all.out().lines()).hasSameSizeAs(Tasks.all().keySet());
    Run one = Run.zoo("data", "schemes", "masked-text:");
    assertThat(one.out())
        .contains("recover masked tokens")
        .containsPattern("task.batch +32")
        .containsPattern("task.rate +0.15");
    assertThat(Run.zoo("data", "schemes", "mqar", "--json").out())
        .contains("\"scheme\" : \"mqar\"", "\"options\"");
    Run wrong = Run.zoo("data", "schemes", "mqra");
    assertThat(wrong.exit()).isEqualTo(2);
    assertThat(wrong.err()).contains("did you mean 'mqar'?");
  }

  @Test
  void listsWhatThereIs() throws IOException {
    put("shakespeare/input.txt", "to be");
    Run run = Run.zoo("data", "list");
    assertThat(run.exit()).isZero();
    assertThat(run.out())
        .containsPattern("shakespeare +here +text:shakespeare")
        .containsPattern("ml-1m +to download, 5.9 MB");
    Run one = Run.zoo("data", "list", "shakespeare");
    assertThat(one.out()).contains("86c4e6aa9db7c042", "karpathy", "licence");
    Run json = Run.zoo("data", "list", "ett", "--json");
    assertThat(json.out()).contains("\"name\" : \"etth1\"", "\"pinned\" : true");
    Run wrong = Run.zoo("data", "list", "shakspear");
    assertThat(wrong.exit()).isEqualTo(2);
    assertThat(wrong.err()).contains("did you mean 'shakespeare'?");
  }

  @Test
  void verifiesWhatIsHere() throws IOException {
    put("shakespeare/input.txt", "to be");
    Run run = Run.zoo("data", "verify");
    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.out()).contains("input.txt", "different", "it has 5 bytes instead of 1115394");
    Run absent = Run.zoo("data", "verify", "sst2");
    assertThat(absent.exit()).isEqualTo(1);
    assertThat(absent.out()).contains("not here");
  }

  @Test
  void getsWithoutNetworkOnlyWhatIsHere() throws IOException {
    put("shakespeare/input.txt", "to be");
    Run here = Run.zoo("data", "get", "shakespeare", "--offline");
    assertThat(here.exit()).isZero();
    assertThat(here.out().strip()).isEqualTo(folder.resolve("data/shakespeare").toString());
    Run absent = Run.zoo("data", "get", "ml-1m", "--offline");
    assertThat(absent.exit()).isEqualTo(2);
    assertThat(absent.err()).contains("ml-1m is not here").contains("zoo data get ml-1m");
    Run none = Run.zoo("data", "get", "essays");
    assertThat(none.exit()).isEqualTo(2);
    assertThat(none.err()).contains("no address of it is known");
  }
}
