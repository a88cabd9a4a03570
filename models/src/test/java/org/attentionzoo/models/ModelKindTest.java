package org.attentionzoo.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Map;
import org.attentionzoo.blocks.UserException;
import org.junit.jupiter.api.Test;

class ModelKindTest {

  @Test
  void inputsHaveTheSizesOfTheConfigAndTheGivenOnes() {
    try (NDManager manager = NDManager.newBaseManager()) {
      Map<String, Object> config =
          Map.of("channels", 3, "encoder", Map.of("image", 8, "classes", 5), "name", "x");
      ModelKind kind = ModelKind.DIFFUSION;
      NDList inputs = kind.random(manager, config, kind.sizes(4, 7));
      assertThat(inputs.getShapes())
          .containsExactly(new Shape(4, 3, 8, 8), new Shape(4), new Shape(4));
      assertThat(inputs.get(1).max().getFloat()).isBetween(1f, 1000f);
      assertThat(kind.lengths()).isEmpty();
    }
  }

  @Test
  void idsAreThoseOfTheVocabulary() {
    try (NDManager manager = NDManager.newBaseManager()) {
      ModelKind kind = ModelKind.SEQUENCE_TO_SEQUENCE;
      Map<String, Integer> sizes = kind.sizes(20, 9);
      sizes.put("source_length", 30);
      NDList inputs = kind.random(manager, Map.of("vocabulary", 3), sizes);
      assertThat(inputs.getShapes()).containsExactly(new Shape(20, 30), new Shape(20, 9));
      for (NDArray ids : inputs) {
        assertThat(ids.getDataType()).isEqualTo(DataType.INT64);
        assertThat(ids.toLongArray()).containsOnly(0, 1, 2);
      }
    }
  }

  @Test
  void theLeastLimitOfTheLengthCounts() {
    assertThat(ModelKind.longest(Map.of("vocabulary", 3))).isEqualTo(Integer.MAX_VALUE);
    assertThat(ModelKind.longest(Map.of("maxlen", 50))).isEqualTo(50);
    assertThat(ModelKind.longest(Map.of("maxlen", 50, "body", Map.of("maximumPositions", 40))))
        .isEqualTo(40);
  }

  @Test
  void aSizeThatNoConfigHasIsNamed() {
    try (NDManager manager = NDManager.newBaseManager()) {
      ModelKind kind = ModelKind.FORECASTER;
      Map<String, Object> config = Map.of("window", 12);
      assertThatThrownBy(() -> kind.random(manager, config, kind.sizes(2, 3)))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("'channels'");
    }
  }
}
