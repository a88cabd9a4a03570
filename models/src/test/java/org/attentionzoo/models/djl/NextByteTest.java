package org.attentionzoo.models.djl;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class NextByteTest {

  @Test
  void runs() throws Exception {
    float[] probabilities = NextByte.probabilities("to be or not to ");
    double sum = 0;
    for (float probability : probabilities) {
      sum += probability;
    }
    assertThat(probabilities).hasSize(256);
    assertThat(sum).isBetween(0.999, 1.001);
  }

  @Test
  void standsInTheReadme() throws IOException {
    Path root = Path.of(System.getProperty("zoo.root"));
    String source =
        Files.readString(
            root.resolve("models/src/test/java/org/attentionzoo/models/djl/NextByte.java"));
    String example =
        source
            .substring(
                source.indexOf("// README begins") + "// README begins".length(),
                source.indexOf("// README ends"))
            .stripIndent()
            .strip();
    assertThat(example.lines().count()).isLessThanOrEqualTo(10);
    assertThat(Files.readString(root.resolve("README.md")))
        .contains("```java\n" + example + "\n```");
  }
}
