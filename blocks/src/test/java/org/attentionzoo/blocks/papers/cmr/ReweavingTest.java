package org.attentionzoo.blocks.papers.cmr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.BackwardPass;
import org.attentionzoo.blocks.DecodeCache;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.Taps;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.AttentionConfig;
import org.attentionzoo.blocks.attention.MultiHeadAttention;
import org.attentionzoo.blocks.papers.cmr.CmrConfig.Reconstruction;
import org.attentionzoo.blocks.papers.cmr.CmrConfig.Scorer;
import org.attentionzoo.blocks.positions.Rotary;
import org.attentionzoo.blocks.shells.DecoderConfig;
import org.attentionzoo.blocks.shells.DecoderLanguageModel;
import org.attentionzoo.blocks.sparse.StateBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ReweavingTest {

  private static final int WIDTH = 8;
  private static final int SEGMENT = 4;
  private static final DecoderConfig SIZES = new DecoderConfig(11, WIDTH, 2, 12, false, 0);

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    JniUtils.setSeed(5);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private static CmrConfig memory(int slots, boolean detached) {
    return new CmrConfig(
        WIDTH, 2, slots, 3, 0, Scorer.HYBRID, Reconstruction.HIERARCHICAL, detached);
  }

  private static MultiHeadAttention attention() {
    return new MultiHeadAttention(
        AttentionConfig.causal(WIDTH, 2, new Rotary(Rotary.Layout.HALF, 10_000)));
  }

  private ReweavingDecoder decoder(int slots, boolean detached) {
    return ready(
        new ReweavingDecoder(
            SIZES, SEGMENT, List.of(0, 1), memory(slots, detached), i -> attention()));
  }

  private <B extends ZooBlock> B ready(B block) {
    JniUtils.setSeed(6);
    block.initialize(manager, DataType.FLOAT32);
    return block;
  }

  private Pass pass() {
    return Pass.inference(new ParameterStore(manager, false));
  }

  private NDArray tokens(int length) {
    return manager.randomInteger(0, 11, new Shape(2, length), DataType.INT64);
  }

  private NDArray logits(ZooBlock block, NDArray tokens) {
    return block.forward(pass(), new NDList(tokens)).head();
  }

  private static float apart(NDArray a, NDArray b) {
    return a.sub(b).abs().max().getFloat();
  }

  @Test
  void withoutSlotsItIsThePlainDecoderOnEachSegment() {
    ReweavingDecoder decoder = decoder(0, false);
    DecoderLanguageModel plain = ready(new DecoderLanguageModel(SIZES, i -> attention()));
    copy(plain, decoder);
    assertThat(StateDict.of(decoder).keySet()).isEqualTo(StateDict.of(plain).keySet());
    NDArray tokens = tokens(3 * SEGMENT);
    NDArray all = logits(decoder, tokens);
    for (int i = 0; i < 3; i++) {
      String range = ":, " + i * SEGMENT + ":" + (i + 1) * SEGMENT;
      assertThat(all.get(range).toFloatArray())
          .isEqualTo(logits(plain, tokens.get(range)).toFloatArray());
    }
  }

  @Test
  void withNothingRememberedAndWithAClosedGateItIsThePlainDecoder() {
    ReweavingDecoder decoder = decoder(3, false);
    ReweavingDecoder without = decoder(0, false);
    copy(decoder, without);
    NDArray first = tokens(SEGMENT);
    assertThat(logits(decoder, first).toFloatArray())
        .isEqualTo(logits(without, first).toFloatArray());
    NDArray longer = tokens(3 * SEGMENT);
    assertThat(apart(logits(decoder, longer), logits(without, longer))).isGreaterThan(1e-3f);
    StateDict.of(decoder)
        .forEach(
            (name, parameter) -> {
              if (name.endsWith("layer_weight")) {
                parameter.getArray().subi(1000);
              }
            });
    assertThat(logits(decoder, longer).toFloatArray())
        .isEqualTo(logits(without, longer).toFloatArray());
  }

  private static void copy(ZooBlock from, ZooBlock to) {
    Map<String, Parameter> source = StateDict.of(from);
    StateDict.of(to)
        .forEach((name, parameter) -> source.get(name).getArray().copyTo(parameter.getArray()));
  }

  @Test
  void whatWasSaidReachesLaterSegmentsByTheMemoryAlone() {
    ReweavingDecoder decoder = decoder(12, false);
    NDArray tokens = tokens(3 * SEGMENT);
    NDArray other = tokens(SEGMENT).concat(tokens.get(":, " + SEGMENT + ":"), 1);
    String last = ":, " + 2 * SEGMENT + ":";
    assertThat(apart(logits(decoder, tokens).get(last), logits(decoder, other).get(last)))
        .isGreaterThan(1e-4f);
    Taps silent = Taps.on(decoder).replace("reweavers.*." + Reweaver.ENTRIES, NDArray::zerosLike);
    NDArray one = decoder.forward(pass().with(silent), new NDList(tokens)).head();
    NDArray two = decoder.forward(pass().with(silent), new NDList(other)).head();
    // What is left of the memories is how relevant their states are, which zeros do not tell apart.
    assertThat(apart(one.get(last), two.get(last))).isCloseTo(0, within(1e-5f));
  }

  @Test
  void whatComesLaterChangesNoBit() {
    ReweavingDecoder decoder = decoder(5, false);
    NDArray tokens = tokens(3 * SEGMENT);
    int kept = 2 * SEGMENT + 1;
    NDArray other = tokens.get(":, :" + kept).concat(tokens(3 * SEGMENT - kept), 1);
    assertThat(logits(decoder, other).get(":, :" + kept).toFloatArray())
        .isEqualTo(logits(decoder, tokens).get(":, :" + kept).toFloatArray());
  }

  @Test
  void theOrderOfTheSlotsDoesNotMatter() {
    Reweaver reweaver = ready(new Reweaver(memory(4, false)));
    NDArray hidden = manager.randomNormal(new Shape(2, SEGMENT, WIDTH));
    StateBuffer memory =
        new StateBuffer(
            manager.randomNormal(new Shape(2, 4, WIDTH)),
            manager.create(new float[] {1, .5f, 0, .2f, .3f, 0, 0, 1}, new Shape(2, 4)),
            manager.zeros(new Shape(2, 4)));
    NDArray order = manager.create(new long[] {2, 0, 3, 1});
    StateBuffer other =
        new StateBuffer(
            memory.states().get(":, {}", order),
            memory.relevance().get(":, {}", order),
            memory.idle());
    assertThat(
            apart(
                reweaver.weave(pass(), hidden, null, memory).hidden(),
                reweaver.weave(pass(), hidden, null, other).hidden()))
        .isCloseTo(0, within(1e-5f));
  }

  @Test
  void gradientsReachEarlierSegmentsUnlessDetached() {
    NDArray first = manager.randomNormal(new Shape(2, SEGMENT, WIDTH));
    NDArray second = manager.randomNormal(new Shape(2, SEGMENT, WIDTH));
    assertThat(gradientOfFirst(first, second, false)).isGreaterThan(1e-4f);
    assertThat(gradientOfFirst(first, second, true)).isZero();
  }

  private float gradientOfFirst(NDArray first, NDArray second, boolean detached) {
    Reweaver reweaver = ready(new Reweaver(memory(4, detached)));
    NDArray x = first.duplicate();
    x.setRequiresGradient(true);
    try (GradientMode ignored = GradientMode.on()) {
      NDArray y =
          reweaver
              .forward(Pass.training(new ParameterStore(manager, false)), new NDList(x, second))
              .head();
      NDArray loss = y.square().sum();
      BackwardPass.from(loss);
    }
    return x.getGradient().abs().max().getFloat();
  }

  @Test
  void theStateDoesNotGrow() {
    ReweavingDecoder decoder = decoder(3, false);
    long bytes = 0;
    try (DecodeCache cache = new DecodeCache(manager)) {
      for (int length : new int[] {1, 2, SEGMENT, 3 * SEGMENT, 50}) {
        decoder.forward(pass().with(cache), new NDList(tokens(length)));
        bytes = bytes == 0 ? cache.bytes() : bytes;
        assertThat(cache.bytes()).isEqualTo(bytes).isPositive();
      }
    }
  }

  @Test
  void sizesThatCannotBeAreRefused() {
    assertThatThrownBy(() -> new Reweaver(memory(0, false))).hasMessageContaining("slots");
    assertThatThrownBy(
            () ->
                new ReweavingDecoder(
                    SIZES, SEGMENT, List.of(2), memory(1, false), i -> attention()))
        .hasMessageContaining("layer 2");
  }
}
