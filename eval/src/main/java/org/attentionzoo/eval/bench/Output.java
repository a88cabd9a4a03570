package org.attentionzoo.eval.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

/** What a pass gave first, kept beyond its memory. */
final class Output {

  private final Shape shape;
  private final float[] numbers;

  private Output(Shape shape, float[] numbers) {
    this.shape = shape;
    this.numbers = numbers;
  }

  static Output of(NDArray array) {
    return new Output(array.getShape(), array.toType(DataType.FLOAT32, false).toFloatArray());
  }

  Shape shape() {
    return shape;
  }

  int size() {
    return numbers.length;
  }

  float get(int index) {
    return numbers[index];
  }
}
