package org.attentionzoo.blocks.papers.fit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.papers.fit.FitConfig.Places;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FitEncoderTest {

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

  private Pass pass() {
    return Pass.inference(new ParameterStore(manager, false));
  }

  private FitEncoder encoder(String layers, boolean causal) {
    FitEncoder block = new FitEncoder(new FitConfig(layers, 12, 4, 2, 8, 8, 2, 2, 2, causal, 3, 0));
    block.initialize(manager, DataType.FLOAT64);
    StateDict.of(block)
        .values()
        .forEach(
            p ->
                p.getArray()
                    .addi(
                        manager
                            .randomNormal(0, 0.2f, p.getShape(), DataType.FLOAT32)
                            .toType(DataType.FLOAT64, true)));
    return block;
  }

  private NDArray normal(long... shape) {
    return manager.randomNormal(new Shape(shape)).toType(DataType.FLOAT64, true);
  }

  private static double distance(NDArray a, NDArray b) {
    return a.sub(b).abs().max().getDouble();
  }

  /** x with another group at an index. */
  private NDArray changed(NDArray x, int group) {
    NDArray parts = x.get(":, :" + group);
    NDArray other = normal(x.getShape().get(0), 1, 3, 3);
    NDArray whole = group == 0 ? other : parts.concat(other, 1);
    return group == 3 ? whole : whole.concat(x.get(":, " + (group + 1) + ":"), 1);
  }

  @Test
  void withoutGlobalLayersGroupsDoNotMeet() {
    FitEncoder block = encoder("(3)", false);
    NDArray x = normal(2, 4, 3, 3);
    NDArray before = block.encode(pass(), x, null).head();
    NDArray after = block.encode(pass(), changed(x, 1), null).head();
    assertThat(distance(before.get(":, 0"), after.get(":, 0"))).isZero();
    assertThat(distance(before.get(":, 2:"), after.get(":, 2:"))).isZero();
    assertThat(distance(before.get(":, 1"), after.get(":, 1"))).isGreaterThan(1e-3);
  }

  @Test
  void withGlobalLayersTheyDo() {
    FitEncoder block = encoder("(1)1(1)1", false);
    NDArray x = normal(2, 4, 3, 3);
    NDList before = block.encode(pass(), x, null);
    NDList after = block.encode(pass(), changed(x, 3), null);
    assertThat(distance(before.get(0).get(":, 0"), after.get(0).get(":, 0"))).isGreaterThan(1e-4);
    assertThat(distance(before.get(1).get(":, 0"), after.get(1).get(":, 0"))).isGreaterThan(1e-4);
  }

  @Test
  void theCausalMaskHidesLaterGroups() {
    FitEncoder block = encoder("(1)1(1)2(1)1", true);
    NDArray x = normal(2, 4, 3, 3);
    NDList before = block.encode(pass(), x, null);
    NDList after = block.encode(pass(), changed(x, 2), null);
    for (int output = 0; output < 2; output++) {
      NDArray one = before.get(output);
      NDArray other = after.get(output);
      assertThat(distance(one.get(":, :2"), other.get(":, :2"))).isLessThan(1e-13);
      assertThat(distance(one.get(":, 3"), other.get(":, 3"))).isGreaterThan(1e-4);
    }
  }

  @Test
  void groupsMayChangePlacesWithTheirLatents() {
    FitEncoder block = encoder("(1)1(1)1", false);
    NDArray x = normal(2, 4, 3, 3);
    NDArray before = block.encode(pass(), x, null).head();
    NDArray embedding = StateDict.of(block).get("latent_pos_emb").getArray();
    NDArray turned = embedding.reshape(4, 2, 8).flip(0).reshape(8, 8);
    turned.copyTo(embedding);
    NDArray after = block.encode(pass(), x.flip(1), null).head();
    assertThat(distance(after.flip(1), before)).isLessThan(1e-12);
  }

  @Test
  void fixedPlacesAreNoParameters() {
    FitEncoder block = new FitEncoder(fixed(12, 8, Places.SQUARE, Places.LINE));
    block.initialize(manager, DataType.FLOAT32);
    assertThat(StateDict.of(block).keySet()).doesNotContain("x_pos_emb", "latent_pos_emb");
    NDArray x = manager.randomNormal(new Shape(2, 3, 4, 3));
    assertThat(block.encode(pass(), x, null).head().getShape()).isEqualTo(new Shape(2, 3, 4, 8));
  }

  @Test
  void refusesPlacesThatCannotBeFixed() {
    assertThatThrownBy(() -> fixed(12, 8, Places.LEARNED, Places.SQUARE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("give LEARNED or LINE");
    assertThatThrownBy(() -> fixed(15, 8, Places.SQUARE, Places.LEARNED))
        .hasMessageContaining("got 5 tokens and width 8");
    assertThatThrownBy(() -> fixed(3, 8, Places.LINE, Places.LEARNED))
        .hasMessageContaining("give LEARNED");
    assertThatThrownBy(() -> fixed(12, 9, Places.LEARNED, Places.LINE))
        .hasMessageContaining("even latentWidth; got 9");
  }

  private static FitConfig fixed(int tokens, int latentWidth, Places places, Places latents) {
    return new FitConfig(
        "(1)1(1)", tokens, 3, 2, 8, latentWidth, 2, 2, 2, false, 3, 0, places, latents);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "2", "(2", "(1)(2)1", "(1)0(1)1", "()2", "2(1)"})
  void refusesWhatIsNoPattern(String layers) {
    assertThatThrownBy(() -> LayerPattern.parse(layers))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void readsPatterns() {
    LayerPattern pattern = LayerPattern.parse("(2)4(3)");
    assertThat(pattern.blocks())
        .containsExactly(new LayerPattern.Part(2, 4), new LayerPattern.Part(3, 0));
    assertThat(pattern.endsGlobal()).isFalse();
  }
}
