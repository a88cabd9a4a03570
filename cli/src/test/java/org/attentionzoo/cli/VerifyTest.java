package org.attentionzoo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VerifyTest {

  private static final Path CASE =
      Path.of(
          System.getProperty("zoo.root"), "eval/src/test/resources/golden/eca-net/layer_c64_k3");

  @TempDir Path folder;

  @Test
  void passesACaseThatAgrees() {
    Run run = Run.zoo("verify", CASE.toString());
    assertThat(run.exit()).as(run.out() + run.err()).isZero();
    assertThat(run.out()).contains("output.output", "grad_input.x", "kernel", "plain", "passed");
    assertThat(run.err()).isEmpty();
  }

  @Test
  void failsACaseThatDoesNot() throws IOException {
    Path good = copy("good");
    Path bad = copy("bad");
    Path data = bad.resolve("case.safetensors");
    byte[] bytes = Files.readAllBytes(data);
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putFloat(bytes.length - 4, 1000);
    Files.write(data, bytes);
    Run run = Run.zoo("verify", good.toString(), bad.toString());
    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.out()).contains("2 cases, 1 passed, 1 failed");
    assertThat(Run.zoo("verify", folder.toString()).out()).contains("2 cases");
  }

  private Path copy(String name) throws IOException {
    Path copy = Files.createDirectory(folder.resolve(name));
    for (String file : List.of("config.json", "weights.safetensors", "case.safetensors")) {
      Files.copy(CASE.resolve(file), copy.resolve(file));
    }
    return copy;
  }
}
