package org.attentionzoo.datasets.text;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.api.AbstractStringAssert;
import org.attentionzoo.blocks.UserException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TextCorpusTest {

  @TempDir private Path folder;

  @Test
  void readsOneFileAsItIs() throws IOException {
    byte[] content = "grüße, Welt: no newline at the end".getBytes(UTF_8);
    Path file = Files.write(folder.resolve("a b.txt"), content);

    TextCorpus corpus = TextCorpus.load(file.toString());

    assertThat(corpus.length()).isEqualTo(content.length);
    assertThat(corpus.training()).isEqualTo(Arrays.copyOf(content, 32));
    assertThat(corpus.validation()).isEqualTo(Arrays.copyOfRange(content, 32, content.length));
    assertThat(corpus.provenance().files()).containsExactly("a b.txt");
    assertThat(corpus.provenance().bytes()).isEqualTo(content.length);
  }

  @Test
  void hashIsThatOfTheContent() throws IOException {
    Path file = write("abc.txt", "abc");

    assertThat(TextCorpus.load(file.toString()).provenance().sha256())
        .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  }

  @Test
  void joinsTheFilesOfAFolderInSortedOrderWithOneNewlineBetween() throws IOException {
    write("b.txt", "second\n");
    write("a.txt", "first");
    write("deep/er/c.txt", "third");
    write("z.txt", "last");

    TextCorpus corpus = TextCorpus.load(folder.toString());

    assertThat(all(corpus)).isEqualTo("first\nsecond\nthird\nlast");
    assertThat(corpus.provenance().files())
        .containsExactly("a.txt", "b.txt", "deep/er/c.txt", "z.txt");
    assertThat(corpus.provenance().bytes()).isEqualTo(corpus.length());
    assertThat(corpus.provenance().skipped()).isEmpty();
  }

  @Test
  void passesOverWhatIsNotText() throws IOException {
    write("kept.txt", "kept");
    write(".git/config", "hidden folder");
    write(".env", "hidden file");
    write("target/out.txt", "build output");
    write("sub/target/out.txt", "build output");
    write("runs/1/log.txt", "run");
    write("node_modules/x.js", "module");
    write("my-run/config.yaml", "a: 1");
    write("my-run/metrics.jsonl", "{}");
    write("my-run/sub/sample.txt", "sample");
    write("nearly-run/config.yaml", "b: 2");
    write("empty.txt", "");
    Files.createDirectory(folder.resolve("empty-folder"));
    Files.write(folder.resolve("nul.bin"), new byte[] {'a', 0, 'b'});
    Files.write(folder.resolve("latin1.txt"), "grüße".getBytes(ISO_8859_1));
    Files.write(folder.resolve("cut.txt"), new byte[] {'a', (byte) 0xC3});
    byte[] lateNul = new byte[100_000];
    Arrays.fill(lateNul, (byte) 'x');
    lateNul[99_999] = 0;
    Files.write(folder.resolve("late-nul.bin"), lateNul);

    TextCorpus corpus = TextCorpus.load(folder.toString());

    assertThat(corpus.provenance().files()).containsExactly("kept.txt", "nearly-run/config.yaml");
    assertThat(all(corpus)).isEqualTo("kept\nb: 2");
    assertThat(corpus.provenance().skipped())
        .containsEntry("hidden", 2)
        .containsEntry("named target", 2)
        .containsEntry("named runs", 1)
        .containsEntry("named node_modules", 1)
        .containsEntry("run folder", 1)
        .containsEntry("empty", 2)
        .containsEntry("with NUL bytes (binary)", 2)
        .containsEntry("not valid UTF-8", 2)
        .hasSize(8);
  }

  @Test
  void entersAFolderThatWasNamedWhateverItsName() throws IOException {
    write("target/out.txt", "asked for");
    write(".hidden/out.txt", "asked for");

    assertThat(all(TextCorpus.load(folder.resolve("target").toString()))).isEqualTo("asked for");
    assertThat(all(TextCorpus.load(folder.resolve(".hidden").toString()))).isEqualTo("asked for");
    assertThat(all(TextCorpus.load(folder.resolve("target/.").toString()))).isEqualTo("asked for");
  }

  @Test
  void endsOnLinkLoopsAndReadsALinkedFileOnce() throws IOException {
    Path real = write("b/real.txt", "once");
    Files.createSymbolicLink(folder.resolve("b/loop"), folder);
    Files.createSymbolicLink(folder.resolve("b/self"), Path.of("self"));
    Files.createSymbolicLink(folder.resolve("c.txt"), real);
    Files.createSymbolicLink(folder.resolve("dangling"), Path.of("nowhere"));

    TextCorpus corpus = TextCorpus.load(folder.toString());

    assertThat(all(corpus)).isEqualTo("once");
    assertThat(corpus.provenance().skipped())
        .containsEntry("link to a folder", 1)
        .containsEntry("linked a second time", 1)
        .containsEntry("not a regular file", 2);
  }

  @Test
  void followsALinkThatWasNamed() throws IOException {
    write("real/a.txt", "linked");
    Path link = Files.createSymbolicLink(folder.resolve("link"), folder.resolve("real"));

    assertThat(all(TextCorpus.load(link.toString()))).isEqualTo("linked");
  }

  @Test
  void understandsRelativePathsAndTheHomeFolder() throws IOException {
    Path file = write("x/rel.txt", "relative");
    Path relative = Path.of("").toAbsolutePath().relativize(file.toAbsolutePath());
    assertThat(all(TextCorpus.load(relative.toString()))).isEqualTo("relative");

    String home = System.getProperty("user.home");
    System.setProperty("user.home", folder.toString());
    try {
      assertThat(all(TextCorpus.load("~/x/rel.txt"))).isEqualTo("relative");
      assertThat(all(TextCorpus.load("~"))).isEqualTo("relative");
    } finally {
      System.setProperty("user.home", home);
    }
  }

  @Test
  void saysWhatIsWrongWithTheLocation() throws IOException {
    write("input.txt", "text");
    Files.createDirectory(folder.resolve("nothing"));
    Files.createDirectory(folder.resolve("bins"));
    Files.write(folder.resolve("bins/1.bin"), new byte[] {0});
    Files.write(folder.resolve("bins/2.bin"), new byte[] {1, 0});
    Files.write(folder.resolve("bins/3.txt"), "ä".getBytes(ISO_8859_1));

    assertRefused("inptu.txt").contains("no file or folder").contains("did you mean 'input.txt'?");
    assertRefused("no/such/file").contains("no file or folder").contains("there is no folder");
    assertRefused("nothing").contains("is empty");
    assertRefused("bins")
        .contains("holds no text")
        .contains("2 with NUL bytes (binary)")
        .contains("1 not valid UTF-8");
    assertRefused("bins/1.bin").contains("binary");
    assertRefused("bins/3.txt").contains("not valid UTF-8");
    assertThatThrownBy(() -> TextCorpus.load(""))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("text:<file or folder>");
    assertThatThrownBy(() -> TextCorpus.load("a\0b"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("not a path");
    assertThatThrownBy(() -> TextCorpus.load("/dev/null"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("not a regular file");
  }

  @Test
  void refusesMoreTextThanTheLimitButNotBinariesOfAnySize() throws IOException {
    write("a.txt", "0123456789");
    write("b.txt", "0123456789");
    Files.write(folder.resolve("c.bin"), new byte[1000]);

    assertThatThrownBy(() -> TextCorpus.loadUpTo(folder.toString(), folder.toString(), 21))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("more than 21 bytes")
        .hasMessageContaining("b.txt");
    assertThat(TextCorpus.loadUpTo(folder.toString(), folder.toString(), 22).length())
        .isEqualTo(21);
  }

  @Test
  void splitsTinyShakespeareAtNineTenths() {
    String data = System.getenv("ZOO_DATA");
    assumeThat(data).as("ZOO_DATA names the folder with shakespeare/input.txt").isNotNull();
    TextCorpus corpus = TextCorpus.load(Path.of(data, "shakespeare/input.txt").toString());

    assertThat(corpus.length()).isEqualTo(1_115_394);
    assertThat(corpus.trainingLength()).isEqualTo(1_003_854);
    assertThat(corpus.validationLength()).isEqualTo(111_540);
    assertThat(corpus.provenance().files()).isEqualTo(List.of("input.txt"));
  }

  private AbstractStringAssert<?> assertRefused(String name) {
    Throwable thrown = catchThrowable(() -> TextCorpus.load(folder.resolve(name).toString()));
    assertThat(thrown).isInstanceOf(UserException.class);
    return assertThat(thrown.getMessage()).doesNotContain("\n").contains(name);
  }

  private Path write(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, text);
  }

  private static String all(TextCorpus corpus) {
    return new String(corpus.training(), UTF_8) + new String(corpus.validation(), UTF_8);
  }

  @Test
  void aWordThatTheCutWouldSplitIsForTraining() {
    TextCorpus text = TextCorpus.of("text", ("word ".repeat(4) + " abcdefg e").getBytes(UTF_8));
    assertThat(new String(text.training(), UTF_8)).endsWith(" abcdef");
    TextCorpus cut = text.cutBehindWord();
    assertThat(new String(cut.training(), UTF_8)).endsWith(" abcdefg");
    assertThat(new String(cut.validation(), UTF_8)).isEqualTo(" e");
    assertThat(cut.cutBehindWord().trainingLength()).isEqualTo(cut.trainingLength());
  }
}
