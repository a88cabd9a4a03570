package org.attentionzoo.training.run;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import java.util.Optional;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Linear;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FiniteWatchTest {

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
  }

  @AfterEach
  void close() {
    manager.close();
  }

  /** Three linear layers with a division by zero of squares between the second and the third. */
  private static final class Chain extends ZooBlock {
    private final Linear first = child("first", new Linear(2, 2));
    private final Linear second = child("second", new Linear(2, 2));
    private final Linear third = child("third", new Linear(2, 2));
    private final boolean divides;

    Chain(boolean divides) {
      this.divides = divides;
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      NDArray x = second.forward(pass, first.forward(pass, inputs.head()));
      NDArray masked = x.zerosLike().sub(Float.POSITIVE_INFINITY).exp().add(x);
      NDArray y = divides ? masked.square().div(x.zerosLike()) : masked;
      return new NDList(third.forward(pass, y));
    }
  }

  @Test
  void findsNothingWhereOnlyAMaskIsInfinite() {
    assertThat(place(new Chain(false), 1, null)).isEmpty();
  }

  @Test
  void namesTheLayerAfterWhichItBreaks() {
    assertThat(place(new Chain(true), 1, null)).contains("the output of layer 'second'");
  }

  @Test
  void namesABrokenWeightAndABrokenInput() {
    assertThat(place(new Chain(false), 1, "third.bias")).contains("the weight 'third.bias'");
    assertThat(place(new Chain(true), Float.NaN, null)).contains("the input");
  }

  private Optional<String> place(Chain model, float input, String brokenWeight) {
    model.initialize(manager, DataType.FLOAT32);
    if (brokenWeight != null) {
      Parameter parameter = StateDict.of(model).get(brokenWeight);
      NDArray bias = parameter.getArray();
      bias.setRequiresGradient(false);
      bias.set(new float[] {Float.NaN, 0});
    }
    try (NDManager scope = manager.newSubManager();
        GradientMode ignored = GradientMode.off()) {
      FiniteWatch watch = new FiniteWatch(model, scope);
      NDArray x = scope.create(new float[] {input, 1}, new Shape(1, 2));
      model.forward(Pass.training(watch), new NDList(x));
      return watch.place();
    }
  }
}
