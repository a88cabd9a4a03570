package org.attentionzoo.blocks.papers.landmarkattention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import java.util.ArrayList;
import java.util.List;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.Taps;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.papers.landmarkattention.LandmarkConfig.Selection;
import org.attentionzoo.blocks.papers.landmarkattention.LandmarkConfig.Softmax;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class LandmarkGptTest {

  private static final int VOCABULARY = 23;
  private static final int BLOCK = 4;
  private static final int CHUNK = 6;
  private static final int LENGTH = 50;

  private final NDManager manager = NDManager.newBaseManager();

  @BeforeEach
  void seed() {
    Engine.getInstance().setRandomSeed(11);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private static LandmarkConfig config(int block, int chunk, int retrieved, Selection selection) {
    return new LandmarkConfig(
        VOCABULARY,
        -1,
        16,
        2,
        2,
        false,
        0,
        0,
        4,
        block,
        0,
        Softmax.GROUPED,
        chunk,
        retrieved,
        99,
        selection);
  }

  private LandmarkGpt build(LandmarkConfig config) {
    LandmarkGpt model = new LandmarkGpt(config);
    model.initialize(manager, DataType.FLOAT32);
    return model;
  }

  /** Another model with the same weights. */
  private LandmarkGpt like(LandmarkGpt model, LandmarkConfig config) {
    LandmarkGpt other = build(config);
    StateDict.of(other)
        .forEach((name, p) -> StateDict.of(model).get(name).getArray().copyTo(p.getArray()));
    return other;
  }

  private NDArray run(LandmarkGpt model, NDArray tokens, Taps taps) {
    Pass pass = Pass.inference(new ParameterStore(manager, false));
    try (GradientMode ignored = GradientMode.off()) {
      return model.forward(taps == null ? pass : pass.with(taps), new NDList(tokens)).head();
    }
  }

  private NDArray tokens(int length) {
    return manager.randomInteger(0, VOCABULARY - 1, new Shape(1, length), DataType.INT64);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4, 5, 49, 50})
  void oneChunkIsTheWholeSequence(int length) {
    LandmarkGpt whole = build(config(BLOCK, 0, 2, Selection.PER_TOKEN_AND_HEAD));
    LandmarkGpt chunked = like(whole, config(BLOCK, LENGTH, 2, Selection.PER_TOKEN_AND_HEAD));
    NDArray tokens = tokens(length);
    NDArray expected = run(whole, tokens, null);
    assertThat(run(chunked, tokens, null).sub(expected).abs().max().getFloat())
        .isLessThanOrEqualTo(1e-6f * expected.abs().max().getFloat());
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void weightsOfClosedBlocksSumToOneAndLandmarksHaveNone(boolean chunked) {
    LandmarkGpt model = build(config(BLOCK, chunked ? CHUNK : 0, 2, Selection.PER_TOKEN_AND_HEAD));
    List<NDArray> patterns = new ArrayList<>();
    Taps taps = Taps.on(model).read("*.attn.pattern", p -> patterns.add(p.duplicate()));
    run(model, tokens(LENGTH), taps);
    assertThat(patterns).hasSize(chunked ? 2 * ((LENGTH + CHUNK - 1) / CHUNK) : 2);
    for (NDArray pattern : patterns) {
      for (float sum : pattern.sum(new int[] {3}).toFloatArray()) {
        assertThat(sum).isCloseTo(1, within(1e-5f));
      }
    }
    if (!chunked) {
      NDArray pattern = patterns.get(0);
      NDArray columns = pattern.reshape(-1, pattern.getShape().get(3)).max(new int[] {0});
      for (int j = 0; j < columns.size(); j++) {
        assertThat(columns.getFloat(j) > 0).isEqualTo(j % (BLOCK + 1) != BLOCK);
      }
    }
  }

  /** What a token selects depends on earlier tokens only: not one bit of its logits moves. */
  @ParameterizedTest
  @EnumSource(
      value = Selection.class,
      names = {"PER_TOKEN_AND_HEAD", "MAX_OVER_HEADS", "RECENT", "RANDOM"})
  void laterTokensChangeNoBit(Selection selection) {
    LandmarkGpt model = build(config(BLOCK, CHUNK, 2, selection));
    NDArray tokens = tokens(LENGTH);
    NDArray before = run(model, tokens, null);
    for (int changed = 1; changed < LENGTH; changed += 3) {
      NDArray other = tokens.duplicate();
      other.set(new NDIndex("0, {}:", changed), VOCABULARY - 1);
      NDArray after = run(model, other, null);
      assertThat(after.get(":, :{}", changed).toFloatArray())
          .isEqualTo(before.get(":, :{}", changed).toFloatArray());
      assertThat(
              after
                  .get(":, {}:", changed)
                  .sub(before.get(":, {}:", changed))
                  .abs()
                  .max()
                  .getFloat())
          .isPositive();
    }
  }

  /** One block of four is retrieved, in one layer: most of the past cannot matter, some must. */
  @Test
  void onlyRetrievedBlocksMatter() {
    LandmarkConfig config =
        new LandmarkConfig(
            VOCABULARY,
            -1,
            16,
            1,
            1,
            false,
            0,
            0,
            4,
            BLOCK,
            0,
            Softmax.GROUPED,
            CHUNK,
            1,
            99,
            Selection.PER_TOKEN_AND_HEAD);
    LandmarkGpt model = build(config);
    NDArray tokens = tokens(6 * CHUNK);
    NDArray before = run(model, tokens, null);
    int last = 5 * CHUNK;
    int mattered = 0;
    for (int block = 0; block < last / BLOCK; block++) {
      NDArray other = tokens.duplicate();
      other.set(new NDIndex("0, {}", block * BLOCK), VOCABULARY - 1);
      NDArray moved =
          run(model, other, null).sub(before).get(":, {}:{}", last, last + 1).abs().max();
      mattered += moved.getFloat() > 0 ? 1 : 0;
    }
    // the block retrieved and the one that is not closed when the chunk begins
    assertThat(mattered).isBetween(1, 2);
  }

  @Test
  void retrievalRefusesPadding() {
    LandmarkGpt model = build(config(BLOCK, CHUNK, 1, Selection.PER_TOKEN_AND_HEAD));
    NDArray valid = manager.ones(new Shape(1, 5), DataType.BOOLEAN);
    Pass pass = Pass.inference(new ParameterStore(manager, false));
    assertThatThrownBy(() -> model.forward(pass, new NDList(tokens(5), valid)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("chunk=0");
  }
}
