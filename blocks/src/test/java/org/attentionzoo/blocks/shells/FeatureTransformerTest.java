package org.attentionzoo.blocks.shells;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import org.attentionzoo.blocks.attention.AttentionConfig;
import org.attentionzoo.blocks.attention.MultiHeadAttention;
import org.junit.jupiter.api.Test;

class FeatureTransformerTest {

  @Test
  void theOrderOfColumnsMattersOnlyByTheVectorsOfEach() {
    try (NDManager manager = NDManager.newBaseManager()) {
      manager.getEngine().setRandomSeed(5);
      FeatureTransformer model =
          new FeatureTransformer(
              new FeatureConfig(3, 2, 8, 2, 16, 0),
              layer -> new MultiHeadAttention(AttentionConfig.bidirectional(8, 2)));
      model.initialize(manager, DataType.FLOAT32, new Shape(4, 3));
      NDArray rows = manager.randomNormal(new Shape(4, 3));
      NDArray order = manager.create(new int[] {2, 0, 1});
      NDArray before = run(model, manager, rows);
      NDArray shuffled = run(model, manager, rows.get(":, {}", order));
      for (String name : new String[] {"weight", "bias"}) {
        Parameter parameter = model.getDirectParameters().get(name);
        NDArray values = parameter.getArray();
        values.set(values.get(order).toFloatArray());
      }
      NDArray both = run(model, manager, rows.get(":, {}", order));
      assertThat(before.getShape()).isEqualTo(new Shape(4, 2));
      assertThat(both.sub(before).abs().max().getFloat()).isLessThan(1e-6f);
      assertThat(shuffled.sub(before).abs().max().getFloat()).isGreaterThan(1e-3f);
    }
  }

  private static NDArray run(FeatureTransformer model, NDManager manager, NDArray rows) {
    return model.forward(new ParameterStore(manager, false), new NDList(rows), false).head();
  }
}
