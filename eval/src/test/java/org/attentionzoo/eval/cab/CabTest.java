package org.attentionzoo.eval.cab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import org.attentionzoo.blocks.AttentionPattern;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.PatternMixer;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.attention.JointAttention;
import org.attentionzoo.blocks.papers.cab.PatternAttention;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CabTest {

  /** The measurements of plain attention and of ABC that CAB publishes, in its cost.xlsx. */
  @Test
  void publishedMeasurementsGiveThePublishedLengths() {
    double[] plainTime = {.472, .628, .721, .981, 3.67, 18.437};
    double[] time = {.648, .59, .602, .91, 1.006, 1.509};
    double[] plainMemory = {81, 265, 952, 3604, 14020, 55300};
    double[] memory = {42, 80, 156, 308, 612, 1220};
    double[] lengths = EfficiencyLength.lengths();
    assertThat(EfficiencyLength.of(lengths, plainTime, time, true)).isCloseTo(1877, within(1.0));
    assertThat(EfficiencyLength.of(lengths, plainMemory, memory, false)).isCloseTo(70, within(1.0));
  }

  @Test
  void fitsRecoverPolynomials() {
    double[] x = {1, 2, 5, 9};
    double[] y = {6, 11, 38, 102};
    assertThat(EfficiencyLength.fit(x, y, 2)[2]).isCloseTo(1, within(1e-9));
    assertThat(
            EfficiencyLength.of(x, new double[] {1, 4, 25, 81}, new double[] {8, 9, 12, 16}, false))
        .isCloseTo((1 + Math.sqrt(29)) / 2, within(1e-9));
  }

  @Test
  void theMeanModelHasIndexZeroAndABetterOneMore() {
    CompositionalIndex index = CompositionalIndex.causalSelf();
    double[] mean = {4.08325, 2.20085, 32.9575, 6.0925, 30.2575, 22.26};
    assertThat(index.of(mean)).isZero();
    double[] better = {-1, -1, 1, 1, 1, -1};
    for (int i = 0; i < mean.length; i++) {
      double[] changed = mean.clone();
      changed[i] += better[i];
      assertThat(index.of(changed)).isPositive();
    }
    assertThat(CompositionalIndex.causalCross().of(5.5037, 2.6278, 31.35, 5.26, 28.8)).isZero();
    assertThatThrownBy(() -> index.of(1, 2)).isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 4})
  void allFourPatternsMeanWhatTheySay(int slots) {
    try (NDManager manager = NDManager.newBaseManager()) {
      PatternAttention attention =
          new PatternAttention(8, 2, slots, AttentionPattern.NONCAUSAL_SELF);
      attention.initialize(manager, DataType.FLOAT32);
      assertThat(attention.patterns()).hasSize(4);
      for (AttentionPattern pattern : attention.patterns()) {
        PatternCheck.Finding finding = PatternCheck.check(attention, manager, pattern, 8);
        assertThat(finding.holds()).as("%s", finding).isTrue();
      }
      PatternCheck.Finding both =
          PatternCheck.check(attention, manager, AttentionPattern.NONCAUSAL_SELF, 8);
      assertThat(both.leaks()).isPositive();
    }
  }

  @Test
  void anyMixerHasTheSelfPatternThatItIsAndRefusesOthers() {
    try (NDManager manager = NDManager.newBaseManager()) {
      PatternMixer mixer = PatternMixer.of(new JointAttention(8, 2, true));
      mixer.initialize(manager, DataType.FLOAT32);
      assertThat(mixer.patterns()).containsExactly(AttentionPattern.NONCAUSAL_SELF);
      assertThat(PatternCheck.check(mixer, manager, AttentionPattern.NONCAUSAL_SELF, 8).holds())
          .isTrue();
      Pass pass = Pass.inference(new ParameterStore(manager, false));
      NDArray x = manager.randomNormal(new Shape(1, 3, 8));
      assertThatThrownBy(() -> mixer.attend(pass, AttentionPattern.CAUSAL_CROSS, x, x))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("CAUSAL_CROSS");
    }
  }
}
