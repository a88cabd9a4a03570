package org.attentionzoo.eval;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Path;
import java.util.SplittableRandom;
import org.attentionzoo.datasets.text.TextCorpus;
import org.attentionzoo.eval.CompressionBaselines.Baseline;
import org.junit.jupiter.api.Test;

final class CompressionBaselinesTest {

  @Test
  void orderZeroIsTheOneComputedByHand() {
    byte[] training = "aaab".getBytes(US_ASCII);
    byte[] validation = "aabb".getBytes(US_ASCII);

    assertThat(bits("order-0 entropy", training, validation)).isCloseTo(1, within(1e-12));
    // Counts 3.5 and 1.5 of 4 + 256 / 2.
    double expected = -(Math.log(3.5 / 132) + Math.log(1.5 / 132)) / 2 / Math.log(2);
    assertThat(bits("order-0 code", training, validation)).isCloseTo(expected, within(1e-12));
  }

  @Test
  void oneRepeatedByteHasNoEntropy() {
    assertThat(bits("order-0 entropy", new byte[1], new byte[50])).isZero();
  }

  @Test
  void noiseCostsEightBitsAndACopyOfTheTrainingPartAlmostNothing() {
    byte[] noise = new byte[20_000];
    new SplittableRandom(1).nextBytes(noise);

    assertThat(bits("order-0 entropy", noise, noise)).isCloseTo(8, within(0.02));
    for (String compressor : new String[] {"gzip", "xz"}) {
      assertThat(bits(compressor + " alone", noise, noise)).isCloseTo(8, within(0.05));
      // Not nothing: a match of the greatest length, 258 or 273 bytes, costs some 25 bits.
      assertThat(bits(compressor + " given training", noise, noise)).isBetween(0.0, 0.2);
    }
  }

  @Test
  void tooMuchTextIsNotCompressedAndSaysSo() {
    for (Baseline baseline : CompressionBaselines.of(new byte[16 << 20], new byte[1])) {
      boolean order0 = baseline.name().startsWith("order-0");
      assertThat(baseline.bitsPerByte().isPresent()).isEqualTo(order0);
      assertThat(baseline.explanation().contains("not measured: 16,777,217 bytes"))
          .isEqualTo(!order0);
    }
  }

  @Test
  void refusesAnEmptyValidationPart() {
    assertThatThrownBy(() -> CompressionBaselines.of(new byte[1], new byte[0]))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /** The expected figures are those of {@code gzip -9} and {@code xz -9e} on the same bytes. */
  @Test
  void tinyShakespeareCostsWhatTheCommandLineToolsSay() {
    String data = System.getenv("ZOO_DATA");
    assumeThat(data).as("ZOO_DATA names the folder with shakespeare/input.txt").isNotNull();
    TextCorpus corpus = TextCorpus.load(Path.of(data, "shakespeare/input.txt").toString());
    byte[] training = corpus.training();
    byte[] validation = corpus.validation();

    assertThat(bits("gzip alone", training, validation)).isCloseTo(3.189, within(0.01));
    assertThat(bits("gzip given training", training, validation)).isCloseTo(3.097, within(0.01));
    assertThat(bits("xz alone", training, validation)).isCloseTo(2.947, within(0.01));
    assertThat(bits("xz given training", training, validation)).isCloseTo(2.518, within(0.01));
  }

  private static double bits(String name, byte[] training, byte[] validation) {
    return CompressionBaselines.of(training, validation).stream()
        .filter(b -> b.name().equals(name))
        .findFirst()
        .orElseThrow()
        .bitsPerByte()
        .orElseThrow();
  }
}
