package org.attentionzoo.models.papers.masformer;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.AttentionSpan;
import org.attentionzoo.models.Configs;
import org.attentionzoo.models.Papers;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MasformerTest {

  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void close() {
    manager.close();
  }

  @ParameterizedTest
  @CsvSource({"'[0,1,2]', 3", "'[]', 64", "'[1]', 40"})
  void equalsThePlainDecoderWhereEveryLayerSeesAll(String fullLayers, int block) {
    ZooBlock plain = model("decoder-tiny");
    ZooBlock mixed =
        model("masformer-tiny", "layers=3", "fullLayers=" + fullLayers, "block=" + block);
    plain.initialize(manager, DataType.FLOAT32);
    mixed.initialize(manager, DataType.FLOAT32);
    Map<String, Parameter> from = StateDict.of(plain);
    Map<String, Parameter> to = StateDict.of(mixed);
    assertThat(to.keySet()).isEqualTo(from.keySet());
    to.forEach((name, parameter) -> from.get(name).getArray().copyTo(parameter.getArray()));
    NDArray tokens = manager.randomInteger(0, 256, new Shape(2, 40), DataType.INT64);
    NDArray expected = run(plain, tokens);
    NDArray actual = run(mixed, tokens);
    assertThat(actual.sub(expected).abs().max().getFloat())
        .isLessThanOrEqualTo(1e-6f * expected.abs().max().getFloat());
  }

  /** Blocks of b tokens and the one before carry (L + 1) b - 1 tokens in L layers. */
  @ParameterizedTest
  @CsvSource({"block, 4, 3", "block-and-previous, 4, 15", "window, 4, 9"})
  void shortSpansCarryAsFarAsTheyReachAndNoFurther(String span, int block, int reach) {
    ZooBlock model =
        model("masformer-tiny", "layers=3", "fullLayers=[]", "block=" + block, "span=" + span);
    model.initialize(manager, DataType.FLOAT32);
    int length = 32;
    NDArray tokens = manager.randomInteger(0, 255, new Shape(1, length), DataType.INT64);
    NDArray before = run(model, tokens);
    int furthest = 0;
    for (int changed = 0; changed < length; changed++) {
      NDArray other = tokens.duplicate();
      other.set(new NDIndex("0, {}", changed), 255);
      float[] moved =
          run(model, other).sub(before).abs().max(new int[] {2}).squeeze(0).toFloatArray();
      for (int i = 0; i < length; i++) {
        if (moved[i] > 0) {
          furthest = Math.max(furthest, i - changed);
        }
      }
    }
    assertThat(furthest).isEqualTo(reach);
  }

  private static ZooBlock model(String preset, String... overrides) {
    return build(Papers.load().preset(preset), List.of(overrides));
  }

  private static <C extends Record> ZooBlock build(Papers.Preset<C> preset, List<String> changes) {
    return preset.model().factory().apply(Configs.override(preset.config(), changes));
  }

  private NDArray run(ZooBlock model, NDArray tokens) {
    Pass pass = Pass.inference(new ParameterStore(manager, false));
    return model.forward(pass, new NDList(tokens)).head();
  }

  /** The sizes of the recipe {@code masformer/near-and-far}. */
  @Test
  void twoFullLayersOfSixLookAtTwoFifthsOfThePairs() {
    double full = AttentionSpan.FULL.pairs(72);
    double near = new AttentionSpan(AttentionSpan.Kind.BLOCK_AND_PREVIOUS, 2).pairs(72);
    assertThat(full).isEqualTo(72 * 73 / 2.0);
    assertThat((4 * near + 2 * full) / (6 * full)).isBetween(0.39, 0.4);
    assertThat((5 * near + full) / (6 * full)).isBetween(0.24, 0.25);
  }
}
