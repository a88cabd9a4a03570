package org.attentionzoo.models.papers.routingtransformer;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import java.util.Map;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;
import org.junit.jupiter.api.Test;

class RoutingGoldenTest {

  @Test
  void refusesAMaskOfKeysByName() {
    GoldenTarget target =
        new RoutingTransformerProvider()
            .goldenTargets().stream()
                .filter(t -> t.name().endsWith("/kmeans-attention"))
                .findFirst()
                .orElseThrow();
    Map<String, Object> sizes =
        Map.of("num_clusters", 2, "window_size", 2, "num_heads", 1, "head_dim", 2);
    GoldenTarget.Case built = target.build().apply(new GoldenConfig(sizes));
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      NDArray x = manager.ones(new Shape(1, 1, 3, 2));
      NDArray mask = manager.ones(new Shape(1, 3), DataType.BOOLEAN);
      assertThatThrownBy(
              () ->
                  built
                      .adapter()
                      .run(
                          Pass.inference(new ParameterStore(manager, false)),
                          Map.of("q", x, "k", x, "v", x, "key_mask", mask)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("key_mask")
          .hasMessageContaining("query_mask");
    }
  }
}
