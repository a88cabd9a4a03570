package org.attentionzoo.eval.cab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Stream;
import org.attentionzoo.blocks.AttentionPattern;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.PatternMixer;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.attention.JointAttention;
import org.attentionzoo.blocks.papers.cab.FullAttention;
import org.attentionzoo.blocks.papers.cab.Heads;
import org.attentionzoo.blocks.papers.cab.LocalWindow;
import org.attentionzoo.blocks.papers.cab.NoMixing;
import org.attentionzoo.blocks.papers.cab.NystromAttention;
import org.attentionzoo.blocks.papers.cab.PatternAttention;
import org.attentionzoo.blocks.papers.cab.PatternCore;
import org.attentionzoo.blocks.papers.cab.ProbSparseAttention;
import org.attentionzoo.models.MixerEntry;
import org.attentionzoo.models.Papers;
import org.attentionzoo.models.PatternMixerEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

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
    assertThat(
            CompositionalIndex.noncausalSelf()
                .of(
                    3.4245, 1.97429, 4.06947, 2.19021, 34.88667, 6.79333, 31.96889, 23.208, .6758,
                    36.292))
        .isZero();
    assertThat(
            CompositionalIndex.noncausalCross()
                .of(7.7025, .24775, .7625, 1.18933, .80625, .47575, .511, .62025, .58075))
        .isZero();
    assertThat(CompositionalIndex.causalCross().of(5.5037, 2.6278, 31.35, 5.26, 28.8)).isZero();
    assertThatThrownBy(() -> index.of(1, 2)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aPoolOfItsOwnHasTheControlOutsideOfItsMean() {
    List<PatternTask> tasks = List.of(PatternTask.named("markov"), PatternTask.named("text"));
    Map<String, List<Double>> values = new LinkedHashMap<>();
    values.put("a", List.of(1.0, 0.5, 2.0, 0.3));
    values.put("b", List.of(2.0, 0.3, 3.0, 0.1));
    values.put(PatternSuite.CONTROL, List.of(1.5, 0.4, 2.5, 0.2));
    Map<String, OptionalDouble> index = PatternSuite.index(tasks, values);
    assertThat(index.get("a").orElseThrow()).isCloseTo(Math.sqrt(0.5), within(1e-9));
    assertThat(index.get("b").orElseThrow()).isCloseTo(-Math.sqrt(0.5), within(1e-9));
    assertThat(index.get(PatternSuite.CONTROL).orElseThrow()).isCloseTo(0, within(1e-9));
    values.put(PatternSuite.CONTROL, List.of(100.0, 0.0, 100.0, 0.0));
    Map<String, OptionalDouble> worse = PatternSuite.index(tasks, values);
    assertThat(worse.get("a")).isEqualTo(index.get("a"));
    assertThat(worse.get(PatternSuite.CONTROL).orElseThrow()).isLessThan(-10);
    values.remove("b");
    assertThat(PatternSuite.index(tasks, values).get("a")).isEmpty();
  }

  @Test
  void patternsThatRankAlikeCorrelate() {
    PatternSuite.Finding one = finding(AttentionPattern.CAUSAL_SELF, 1, 2, 4);
    assertThat(PatternSuite.correlation(one, finding(AttentionPattern.CAUSAL_CROSS, 2, 4, 8)))
        .hasValueCloseTo(1.0, within(1e-9));
    assertThat(PatternSuite.correlation(one, finding(AttentionPattern.CAUSAL_CROSS, -1, -2, -4)))
        .hasValueCloseTo(-1.0, within(1e-9));
    assertThat(PatternSuite.correlation(one, finding(AttentionPattern.CAUSAL_CROSS, 1, 2)))
        .isEmpty();
  }

  private static PatternSuite.Finding finding(AttentionPattern pattern, double... index) {
    Map<String, OptionalDouble> indices = new LinkedHashMap<>();
    for (int i = 0; i < index.length; i++) {
      indices.put("attention " + i, OptionalDouble.of(index[i]));
    }
    indices.put(PatternSuite.CONTROL, OptionalDouble.of(-50));
    return new PatternSuite.Finding(pattern, List.of(), Map.of(), indices);
  }

  private static final Set<AttentionPattern> ALL = EnumSet.allOf(AttentionPattern.class);
  private static final Set<AttentionPattern> SELF =
      EnumSet.of(AttentionPattern.NONCAUSAL_SELF, AttentionPattern.CAUSAL_SELF);
  private static final Set<AttentionPattern> ONE = EnumSet.of(AttentionPattern.NONCAUSAL_SELF);

  /** The table of support of CAB's library, where it has the attention. */
  static Stream<Arguments> attentions() {
    return Stream.of(
        Arguments.of("cab-attention", ALL),
        Arguments.of("cab-abc", ALL),
        Arguments.of("cab-performer", ALL),
        Arguments.of("cab-local", SELF),
        Arguments.of("cab-nystrom", ONE),
        Arguments.of("cab-probsparse", ONE));
  }

  @ParameterizedTest
  @MethodSource("attentions")
  void patternsMeanWhatTheySay(String name, Set<AttentionPattern> expected) {
    try (NDManager manager = NDManager.newBaseManager()) {
      PatternMixerEntry entry = Papers.load().patternMixer(name);
      for (AttentionPattern pattern : expected) {
        PatternMixer attention = entry.factory().make(new MixerEntry.Sizes(8, 2, 1), pattern);
        attention.initialize(manager, DataType.FLOAT32);
        assertThat(attention.patterns()).isEqualTo(expected);
        PatternCheck.Finding finding = PatternCheck.check(attention, manager, pattern, 8);
        assertThat(finding.holds()).as("%s", finding).isTrue();
        if (pattern == AttentionPattern.NONCAUSAL_SELF) {
          assertThat(finding.leaks()).isPositive();
        }
      }
    }
  }

  /** All of them, also where the padded length decides what is sampled. */
  @ParameterizedTest
  @EnumSource(AttentionPattern.class)
  void contentOfPaddingNeverMatters(AttentionPattern pattern) {
    try (NDManager manager = NDManager.newBaseManager()) {
      for (PatternMixerEntry entry : Papers.load().patternMixers()) {
        PatternMixer attention = entry.factory().make(new MixerEntry.Sizes(8, 2, 1), pattern);
        if (!entry.paper().equals("cab") || !attention.patterns().contains(pattern)) {
          continue;
        }
        attention.initialize(manager, DataType.FLOAT32);
        NDArray x = manager.randomNormal(new Shape(2, 12, 8));
        NDArray valid = manager.arange(0, 12).lt(7).reshape(1, 12).repeat(0, 2);
        NDArray kept = valid.toType(DataType.FLOAT32, false).expandDims(2);
        NDArray other = x.mul(kept).add(kept.sub(1).mul(50));
        NDArray target = pattern.isCross() ? manager.randomNormal(new Shape(2, 7, 8)) : null;
        Pass pass = Pass.inference(new ParameterStore(manager, false));
        List<NDArray> outputs =
            Stream.of(x, other)
                .map(
                    source ->
                        attention.attend(
                            pass,
                            pattern,
                            target == null ? source : target,
                            source,
                            Sequences.padded(valid)))
                .map(out -> out.get(":, :7"))
                .toList();
        assertThat(outputs.get(0).sub(outputs.get(1)).abs().max().getFloat())
            .as(entry.name())
            .isLessThan(1e-5f);
      }
    }
  }

  /** Of tokens in equal pairs, the means of the pairs are the tokens: nothing is lost. */
  @Test
  void landmarksThatAreTheTokensGivePlainAttention() {
    try (NDManager manager = NDManager.newBaseManager()) {
      // tokens that look at themselves most, so that six iterations find the inverse
      NDArray four = manager.eye(4).mul(3).broadcast(new Shape(2, 2, 4, 4));
      NDArray q = four.repeat(2, 2);
      NDArray k = four.add(manager.randomUniform(0, 0.3f, four.getShape())).repeat(2, 2);
      NDArray v = manager.randomNormal(four.getShape()).repeat(2, 2);
      NDArray plain = attend(new FullAttention(), manager, q, k, v);
      NDArray scaled = q.mul(2); // its products are scaled by 1 / d, of d = 4
      NDArray paired = attend(new NystromAttention(4), manager, scaled, k, v);
      assertThat(paired.sub(plain).abs().max().getFloat()).isLessThan(1e-4f);
      NDArray whole = attend(new NystromAttention(8), manager, scaled, k, v);
      assertThat(whole.sub(plain).abs().max().getFloat()).isLessThan(1e-5f);
      NDArray fewer = attend(new NystromAttention(2), manager, scaled, k, v);
      assertThat(fewer.sub(plain).abs().max().getFloat()).isGreaterThan(1e-1f);
    }
  }

  @Test
  void asManyQueriesAsTokensArePlainAttentionAndTheOthersGetTheMean() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray q = manager.randomNormal(new Shape(2, 2, 40, 4)).mul(2);
      NDArray k = manager.randomNormal(q.getShape());
      NDArray v = manager.randomNormal(q.getShape());
      assertThat(distance(new ProbSparseAttention(10), manager, q, k, v)).isLessThan(1e-5f);
      NDArray out = attend(new ProbSparseAttention(1), manager, q, k, v);
      NDArray plain = attend(new FullAttention(), manager, q, k, v);
      float[] fromPlain = out.sub(plain).abs().max(new int[] {3}).toFloatArray();
      float[] fromMean =
          out.sub(v.mean(new int[] {2}, true)).abs().max(new int[] {3}).toFloatArray();
      int attended = 0;
      for (int i = 0; i < fromPlain.length; i++) {
        assertThat(Math.min(fromPlain[i], fromMean[i])).isLessThan(1e-5f);
        attended += fromPlain[i] < 1e-5f ? 1 : 0;
      }
      assertThat(attended).as("4 of 40 queries, ceil(ln 40), in 4 heads").isEqualTo(16);
    }
  }

  @Test
  void aWindowAsWideAsTheSequenceIsPlainAttention() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray q = manager.randomNormal(new Shape(2, 2, 10, 4));
      NDArray k = manager.randomNormal(q.getShape());
      NDArray v = manager.randomNormal(q.getShape());
      assertThat(distance(new LocalWindow(10), manager, q, k, v)).isLessThan(1e-5f);
      NDArray mask =
          manager
              .create(new float[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
              .reshape(10, 1)
              .sub(manager.arange(0f, 10f, 1f).reshape(1, 10))
              .abs()
              .lt(3);
      NDArray logits =
          q.matMul(k.swapAxes(2, 3))
              .div(2)
              .add(mask.logicalNot().toType(DataType.FLOAT32, false).mul(-1e9));
      NDArray expected = logits.softmax(-1).matMul(v);
      NDArray near = attend(new LocalWindow(2), manager, q, k, v);
      assertThat(near.sub(expected).abs().max().getFloat()).isLessThan(1e-5f);
    }
  }

  private static float distance(
      PatternCore core, NDManager manager, NDArray q, NDArray k, NDArray v) {
    NDArray plain = attend(new FullAttention(), manager, q, k, v);
    return attend(core, manager, q, k, v).sub(plain).abs().max().getFloat();
  }

  private static NDArray attend(
      PatternCore core, NDManager manager, NDArray q, NDArray k, NDArray v) {
    PatternAttention owner = new PatternAttention(8, 2, core, AttentionPattern.NONCAUSAL_SELF);
    return core.attend(
        Pass.inference(new ParameterStore(manager, false)),
        owner,
        AttentionPattern.NONCAUSAL_SELF,
        new Heads(q, k, v, Sequences.FULL));
  }

  @Test
  void theControlReadsNothing() {
    try (NDManager manager = NDManager.newBaseManager()) {
      PatternCheck.Finding finding =
          PatternCheck.check(new NoMixing(), manager, AttentionPattern.CAUSAL_CROSS, 8);
      assertThat(finding.reads()).isZero();
      assertThat(finding.holds()).isFalse();
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
      assertThatThrownBy(
              () -> mixer.attend(pass, AttentionPattern.CAUSAL_CROSS, x, x, Sequences.FULL))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("CAUSAL_CROSS");
    }
  }
}
