package org.attentionzoo.models.onnx;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

/** What a recorded operation reads. */
sealed interface Operand {

  /** An optional input that is left out. */
  record Absent() implements Operand {}

  /** The only value of {@link Absent}. */
  Operand ABSENT = new Absent();

  /**
   * A tensor that is known when the graph runs: an input, a parameter or another operation's
   * result.
   *
   * @param id the same in every recording of one computation
   * @param shape its shape in this recording; null for one that nobody in Java saw
   * @param type its data type
   */
  record Value(int id, Shape shape, DataType type) implements Operand {}

  /**
   * Whole numbers that Java code gave, some of which may follow the sizes of the inputs; an int64
   * tensor of one axis.
   *
   * @param numbers as given in this recording
   */
  record Sizes(long... numbers) implements Operand {}

  /**
   * A number that Java code gave, which may follow the sizes of the inputs; a tensor without axes.
   *
   * @param number as given in this recording
   * @param type its data type in the graph
   */
  record Scalar(double number, DataType type) implements Operand {}

  /**
   * An array that Java code made from its own numbers; the same in every recording.
   *
   * @param shape its shape
   * @param type its data type
   * @param bytes its content, little-endian
   */
  record Content(Shape shape, DataType type, byte[] bytes) implements Operand {}
}
