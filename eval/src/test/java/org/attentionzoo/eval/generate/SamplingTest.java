package org.attentionzoo.eval.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.attentionzoo.blocks.UserException;
import org.junit.jupiter.api.Test;

class SamplingTest {

  private static final int DRAWS = 20_000;

  @Test
  void drawsFromTheSoftmaxOfTheLogitsOverTheTemperature() {
    float[] logits = {1, 0, 2, Float.NEGATIVE_INFINITY};
    double[] shares = shares(new Sampling(0.5, 0, 1, 1), logits);
    double total = Math.exp(2) + 1 + Math.exp(4);
    assertThat(shares[0]).isCloseTo(Math.exp(2) / total, within(0.01));
    assertThat(shares[1]).isCloseTo(1 / total, within(0.01));
    assertThat(shares[2]).isCloseTo(Math.exp(4) / total, within(0.01));
    assertThat(shares[3]).isZero();
  }

  @Test
  void topKKeepsTheLikeliest() {
    double[] shares = shares(new Sampling(1, 2, 1, 1), new float[] {1, 3, 0, 2});
    assertThat(shares[0]).isZero();
    assertThat(shares[2]).isZero();
    assertThat(shares[1]).isCloseTo(1 / (1 + Math.exp(-1)), within(0.01));
  }

  @Test
  void topPKeepsTheFewestThatReachTheShare() {
    float[] logits = {(float) Math.log(0.5), (float) Math.log(0.3), (float) Math.log(0.2)};
    assertThat(shares(new Sampling(1, 0, 0.49, 1), logits)).containsExactly(1, 0, 0);
    double[] two = shares(new Sampling(1, 0, 0.7, 1), logits);
    assertThat(two[2]).isZero();
    assertThat(two[0]).isCloseTo(0.625, within(0.015));
    assertThat(shares(new Sampling(1, 0, 0.9, 1), logits)[2]).isCloseTo(0.2, within(0.01));
  }

  @Test
  void topPCountsTheShareOfWhatTopKKeeps() {
    float[] logits = {(float) Math.log(0.4), (float) Math.log(0.35), (float) Math.log(0.25)};
    assertThat(shares(new Sampling(1, 2, 0.5, 1), logits)).containsExactly(1, 0, 0);
  }

  @Test
  void temperatureZeroTakesTheLikeliest() {
    assertThat(Sampling.GREEDY.draw(new float[] {0, 5, 4}, new SplittableRandom(1))).isEqualTo(1);
  }

  @Test
  void hugeLogitsDoNotOverflow() {
    assertThat(shares(Sampling.DEFAULT, new float[] {1e30f, -1e30f})).containsExactly(1, 0);
  }

  @Test
  void refusesWhatIsNoDistribution() {
    SplittableRandom random = new SplittableRandom(1);
    assertThatThrownBy(() -> Sampling.DEFAULT.draw(new float[] {0, Float.NaN}, random))
        .hasMessageContaining("NaN");
    assertThatThrownBy(() -> Sampling.DEFAULT.draw(new float[] {Float.NEGATIVE_INFINITY}, random))
        .hasMessageContaining("-Infinity");
    assertThatThrownBy(() -> new Sampling(-1, 0, 1, 1)).isInstanceOf(UserException.class);
    assertThatThrownBy(() -> new Sampling(Double.NaN, 0, 1, 1)).isInstanceOf(UserException.class);
    assertThatThrownBy(() -> new Sampling(1, -1, 1, 1)).isInstanceOf(UserException.class);
    assertThatThrownBy(() -> new Sampling(1, 0, 0, 1)).isInstanceOf(UserException.class);
    assertThatThrownBy(() -> new Sampling(1, 0, 1.1, 1)).isInstanceOf(UserException.class);
  }

  private static double[] shares(Sampling sampling, float[] logits) {
    SplittableRandom random = new SplittableRandom(7);
    double[] counts = new double[logits.length];
    for (int i = 0; i < DRAWS; i++) {
      counts[sampling.draw(logits, random)] += 1.0 / DRAWS;
    }
    for (int i = 0; i < counts.length; i++) {
      counts[i] = Math.round(counts[i] * DRAWS) / (double) DRAWS;
    }
    return counts;
  }
}
