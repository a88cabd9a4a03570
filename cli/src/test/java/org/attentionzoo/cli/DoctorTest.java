package org.attentionzoo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.attentionzoo.cli.Examination.Finding;
import org.attentionzoo.cli.Examination.Status;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DoctorTest {

  @Test
  void looksAtEverything() throws IOException {
    Run run = Run.zoo("doctor", "--json");
    assertThat(run.exit()).isZero();
    assertThat(run.err()).isEmpty();
    JsonNode findings = new ObjectMapper().readTree(run.out());
    assertThat(findings.findValuesAsText("topic"))
        .contains("java", "maven", "memory", "native cache", "engine", "threads", "cpu", "process")
        .contains("data", "libraries");
    assertThat(findings.findValuesAsText("status")).doesNotContain("BROKEN");
    assertThat(Run.zoo("doctor").out()).contains("PyTorch 2.", "calculates rightly", "picocli 4.");
  }

  @Test
  void saysWhatIsInTheDataFolder(@TempDir Path folder) throws IOException {
    Files.createDirectories(folder.resolve("shakespeare"));
    assertThat(data(folder.toString()).found()).contains(folder.toString(), "shakespeare");
    assertThat(data("").status()).isEqualTo(Status.GOOD);
    Finding missing = data(folder.resolve("missing").toString());
    assertThat(missing.status()).isEqualTo(Status.NOTE);
    assertThat(missing.found()).contains("is no folder");
    assertThat(missing.remedy()).isNotEmpty();
  }

  @Test
  void saysWhatAProgramThatEmbedsTheZooMustSet() {
    Finding bare = process(Map.of());
    assertThat(bare.status()).isEqualTo(Status.NOTE);
    assertThat(bare.remedy()).contains("export MALLOC_MMAP_MAX_=0", "export GOMP_SPINCOUNT=1000");
    // These tests run with a bound on direct memory.
    Map<String, String> set =
        Map.of(
            "MALLOC_ARENA_MAX", "1",
            "MALLOC_MMAP_MAX_", "0",
            "MALLOC_TRIM_THRESHOLD_", "17179869184",
            "MALLOC_TOP_PAD_", "67108864",
            "OMP_WAIT_POLICY", "ACTIVE");
    assertThat(process(set).status()).isEqualTo(Status.GOOD);
  }

  private static Finding process(Map<String, String> environment) {
    List<Finding> findings = new Examination(environment).run();
    return findings.stream().filter(f -> f.topic().equals("process")).findFirst().orElseThrow();
  }

  private static Finding data(String value) {
    List<Finding> findings = new Examination(Map.of("ZOO_DATA", value)).run();
    return findings.stream().filter(f -> f.topic().equals("data")).findFirst().orElseThrow();
  }
}
