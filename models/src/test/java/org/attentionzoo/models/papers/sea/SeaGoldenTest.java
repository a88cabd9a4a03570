package org.attentionzoo.models.papers.sea;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import java.util.Map;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;
import org.junit.jupiter.api.Test;

class SeaGoldenTest {

  @Test
  void refusesWhatTheOfficialCodeLeavesUnscaled() {
    Map<String, Object> sizes =
        Map.of(
            "hidden_size", 8,
            "num_attention_heads", 2,
            "perlin_config", Map.of("attention_predictor_length", 16, "k_flatten_dim", "batch"));
    GoldenTarget.Case built = SeaGolden.targets().get(0).build().apply(new GoldenConfig(sizes));
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      NDArray x = manager.ones(new Shape(1, 2, 3, 4));
      NDArray mask = manager.zeros(new Shape(1, 1, 1, 3));
      Pass pass = Pass.inference(new ParameterStore(manager, false));
      assertThatThrownBy(
              () ->
                  built.adapter().run(pass, Map.of("q", x, "k", x, "v", x, "attention_mask", mask)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("attention_scores_truth");
    }
  }
}
