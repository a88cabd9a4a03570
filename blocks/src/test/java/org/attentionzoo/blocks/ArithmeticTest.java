package org.attentionzoo.blocks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class ArithmeticTest {

  private static final double[] POINTS = {-3, -0.5, 0.25, 1, 4};

  static Stream<Arguments> functions() {
    return Stream.of(
        function("times", x -> Arithmetic.times(x, 2.7), x -> 2.7 * x, x -> 2.7),
        function("power", x -> Arithmetic.power(x, 3), x -> x * x * x, x -> 3 * x * x),
        function(
            "atLeast",
            x -> Arithmetic.atLeast(x, 0.3),
            x -> Math.max(x, 0.3),
            x -> x > 0.3 ? 1 : 0),
        function(
            "atMost", x -> Arithmetic.atMost(x, 0.3), x -> Math.min(x, 0.3), x -> x < 0.3 ? 1 : 0),
        function(
            "silu",
            Arithmetic::silu,
            x -> x * sigmoid(x),
            x -> sigmoid(x) * (1 + x * (1 - sigmoid(x)))));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("functions")
  void valuesAndGradientsSurviveAGarbageCollection(
      String name,
      UnaryOperator<NDArray> function,
      DoubleUnaryOperator value,
      DoubleUnaryOperator slope) {
    for (DataType type : new DataType[] {DataType.FLOAT32, DataType.FLOAT64}) {
      double exactness = type == DataType.FLOAT64 ? 1e-13 : 1e-5;
      try (NDManager manager = NDManager.newBaseManager()) {
        NDArray x = manager.create(POINTS).toType(type, true);
        x.setRequiresGradient(true);
        NDArray y;
        try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
          y = function.apply(x);
          NDArray sum = y.sum();
          overwriteFreedBuffers();
          collector.backward(sum);
        }
        assertThat(y.getDataType()).isEqualTo(type);
        double[] values = y.toType(DataType.FLOAT64, true).toDoubleArray();
        double[] gradients = x.getGradient().toType(DataType.FLOAT64, true).toDoubleArray();
        for (int i = 0; i < POINTS.length; i++) {
          double expected = value.applyAsDouble(POINTS[i]);
          assertThat(values[i]).isCloseTo(expected, within(exactness * (1 + Math.abs(expected))));
          double steep = slope.applyAsDouble(POINTS[i]);
          assertThat(gradients[i]).isCloseTo(steep, within(exactness * (1 + Math.abs(steep))));
        }
      }
    }
  }

  @Test
  void wholeNumbersStayWhole() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray x = manager.create(new long[] {-2, 5}, new Shape(2));
      assertThat(Arithmetic.times(x, -1).toLongArray()).containsExactly(2, -5);
      assertThat(Arithmetic.atLeast(x, 0).toLongArray()).containsExactly(0, 5);
      assertThat(Arithmetic.atMost(x, 3).toLongArray()).containsExactly(-2, 3);
    }
  }

  @Test
  void scalarsStayScalars() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray two = Arithmetic.times(manager.create(1f), 2);
      assertThat(two.getShape()).isEqualTo(new Shape());
      assertThat(two.getFloat()).isEqualTo(2f);
    }
  }

  private static void overwriteFreedBuffers() {
    try {
      System.gc();
      Thread.sleep(20);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    List<ByteBuffer> buffers = new ArrayList<>();
    for (int i = 0; i < 2000; i++) {
      ByteBuffer buffer = ByteBuffer.allocateDirect(4 + 4 * (i % 2)).order(ByteOrder.nativeOrder());
      buffers.add(buffer.putFloat(0, 1e20f));
    }
    assertThat(buffers).hasSize(2000);
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  private static Arguments function(
      String name, UnaryOperator<NDArray> f, DoubleUnaryOperator value, DoubleUnaryOperator slope) {
    return Arguments.of(name, f, value, slope);
  }
}
