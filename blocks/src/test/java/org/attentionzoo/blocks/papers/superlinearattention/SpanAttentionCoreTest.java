package org.attentionzoo.blocks.papers.superlinearattention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.StateDict;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SpanAttentionCoreTest {

  private final NDManager manager = NDManager.newBaseManager();

  @BeforeEach
  void seed() {
    Engine.getInstance().setRandomSeed(3);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private Pass pass() {
    return Pass.inference(new ParameterStore(manager, false));
  }

  private static SpanConfig config(int windowIndex, int spans, double backward) {
    return new SpanConfig(2, 0, windowIndex, spans, backward, 0, 0.5);
  }

  /** Structural non-exclusion: no token is out of reach of every search. */
  @ParameterizedTest
  @CsvSource({"0, 2, true", "3, 2, true", "0, 1, false", "3, 1, false"})
  void windowAndAllSpansCoverThePast(int windowIndex, double backward, boolean covered) {
    SpanConfig config = config(windowIndex, 99, backward);
    boolean all = true;
    for (int q = 0; q < 400; q++) {
      boolean[] seen = new boolean[q + 1];
      for (int j = (int) Math.max(0, q - config.window() + 1); j <= q; j++) {
        seen[j] = true;
      }
      int stripes = config.stripes(q + 1L);
      long[] back =
          stripes == 0
              ? new long[0]
              : config.distances(manager, manager.getDevice(), stripes).toLongArray();
      for (long distance : back) {
        int anchor = (int) (q - distance);
        assertThat(anchor).isBetween(0, q);
        int from = (int) Math.max(0, anchor - Math.ceil(backward * Math.sqrt(q + 1)));
        for (int j = from; j <= anchor; j++) {
          seen[j] = true;
        }
      }
      for (boolean one : seen) {
        all &= one;
      }
      // the first anchor is the last token before the window
      if (stripes > 0) {
        assertThat(back[0]).isEqualTo(config.window());
      }
    }
    assertThat(all).isEqualTo(covered);
  }

  @ParameterizedTest
  @CsvSource({"2, 0", "3, 0", "6, 0", "0, 0.55", "0, 0.3"})
  void stripesAreThoseThatFit(int inversePower, double searchPower) {
    SpanConfig config = new SpanConfig(inversePower, searchPower, 1, 1, 1, 0, 0.5);
    for (int tokens = 0; tokens < 300; tokens++) {
      int stripes = config.stripes(tokens);
      long[] back = config.distances(manager, manager.getDevice(), stripes + 1).toLongArray();
      assertThat(back[stripes]).isGreaterThanOrEqualTo(tokens);
      if (stripes > 0) {
        assertThat(back[stripes - 1]).isLessThan(tokens);
      }
    }
  }

  @Test
  void aQueryLooksAtFarFewerKeysThanThereAre() {
    SpanConfig config = new SpanConfig(2, 0, 3, 2, 2, 0, 0.5);
    assertThat((double) config.cost(1024) / config.cost(256)).isLessThan(2.3);
    assertThat(config.cost(1_000_000)).isLessThan(1_000_000 / 100);
  }

  /** With everything in reach the same weights attend as plain attention does. */
  @ParameterizedTest
  @ValueSource(ints = {1, 7, 15})
  void withinItsWindowItIsDenseAttention(int length) {
    SpanConfig spans = config(3, 2, 2);
    SuperlinearAttention sparse = new SuperlinearAttention(8, 2, 1, spans, false);
    SuperlinearAttention dense = new SuperlinearAttention(8, 2, 1, spans, true);
    sparse.initialize(manager, DataType.FLOAT32);
    dense.initialize(manager, DataType.FLOAT32);
    StateDict.of(dense)
        .forEach((name, p) -> StateDict.of(sparse).get(name).getArray().copyTo(p.getArray()));
    NDArray hidden = manager.randomNormal(new Shape(2, length, 8));
    try (GradientMode ignored = GradientMode.off()) {
      NDArray expected = dense.mix(pass(), hidden, Sequences.FULL);
      NDArray actual = sparse.mix(pass(), hidden, Sequences.FULL);
      assertThat(actual.sub(expected).abs().max().getFloat()).isLessThan(1e-6f);
    }
  }

  @Test
  void theSearchStartsAsACopyOfTheQuery() {
    SuperlinearAttention attention = new SuperlinearAttention(8, 2, 2, config(1, 2, 2), false);
    attention.initialize(manager, DataType.FLOAT32);
    assertThat(StateDict.of(attention).get("search_proj.weight").getArray())
        .isEqualTo(StateDict.of(attention).get("q_proj.weight").getArray());
  }

  /** Neither the keys of later tokens nor what they select move one bit. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void laterTokensChangeNoBit(boolean plain) {
    SpanAttentionCore core = new SpanAttentionCore(config(1, 2, 1));
    int length = 40;
    NDList inputs = new NDList();
    for (int i = 0; i < 4; i++) {
      inputs.add(manager.randomNormal(new Shape(1, 2, length, 4)));
    }
    Pass pass = plain ? pass().onPlainPath() : pass();
    NDList before = core.forward(pass, inputs);
    for (int changed = 1; changed < length; changed += 4) {
      NDList others = new NDList();
      for (NDArray input : inputs) {
        NDArray noise = manager.randomNormal(new Shape(1, 2, length - changed, 4));
        others.add(input.get(":, :, :{}", changed).concat(noise, 2));
      }
      NDList after = core.forward(pass, others);
      for (int i = 0; i < 2; i++) {
        assertThat(after.get(i).get(":, :, :{}", changed))
            .isEqualTo(before.get(i).get(":, :, :{}", changed));
      }
    }
  }

  /** The control of claims draws as many anchors, from the same stripes, for reasons of its own. */
  @Test
  void randomAnchorsDoNotDependOnTheQuery() {
    SpanConfig best = config(1, 2, 1);
    SpanConfig random = new SpanConfig(2, 0, 1, 2, 1, 0, 0.5, SpanConfig.Choice.RANDOM);
    NDArray keys = manager.randomNormal(new Shape(1, 2, 60, 4));
    NDArray query = manager.randomNormal(new Shape(1, 2, 60, 4));
    NDArray drawn =
        new SpanAttentionCore(random).forward(pass(), new NDList(query, query, keys, keys)).get(1);
    NDArray again =
        new SpanAttentionCore(random)
            .forward(pass(), new NDList(query.neg(), query, keys, keys))
            .get(1);
    NDArray chosen =
        new SpanAttentionCore(best).forward(pass(), new NDList(query, query, keys, keys)).get(1);
    assertThat(again).isEqualTo(drawn);
    NDArray fewer = query.get(":, :, :20");
    NDArray fewerKeys = keys.get(":, :, :20");
    assertThat(
            new SpanAttentionCore(random)
                .forward(pass(), new NDList(fewer, fewer, fewerKeys, fewerKeys))
                .get(1))
        .as("anchors of a shorter text, which a longer one does not change")
        .isEqualTo(drawn.get(":, :, :20"));
    assertThat(chosen.neq(drawn).sum().getLong()).isGreaterThan(60);
    assertThat(drawn.gte(0).sum().getLong()).isEqualTo(chosen.gte(0).sum().getLong());
  }

  @Test
  void refusesWhatMakesNoSense() {
    assertThatThrownBy(() -> new SpanConfig(7, 0, 1, 1, 1, 0, 0.5))
        .hasMessageContaining("inversePower is 2 to 6");
    assertThatThrownBy(() -> new SpanConfig(0, 1, 1, 1, 1, 0, 0.5))
        .hasMessageContaining("searchPower");
    assertThatThrownBy(() -> new SpanConfig(2, 0, 0, 0, 1, 0, 0.5))
        .hasMessageContaining("nothing is seen");
    assertThatThrownBy(() -> new SpanConfig(2, 0, 1, 1, -1, 0, 0.5))
        .hasMessageContaining("may not be negative");
  }
}
