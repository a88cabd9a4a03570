package org.attentionzoo.blocks.layers;

import ai.djl.ndarray.types.DataType;
import ai.djl.training.initializer.Initializer;

/** Initialisers with PyTorch's meaning; DJL's defaults differ. All draw from the engine's seed. */
public final class Initializers {

  private Initializers() {}

  /**
   * PyTorch's default of Linear and Conv weights and biases: uniform on (-1/sqrt(fanIn),
   * 1/sqrt(fanIn)).
   *
   * @param fanIn the number of inputs of one output
   * @return the initialiser
   */
  public static Initializer fanIn(long fanIn) {
    return uniform(1 / Math.sqrt(fanIn));
  }

  /**
   * Uniform on (-bound, bound).
   *
   * @param bound the bound
   * @return the initialiser
   */
  public static Initializer uniform(double bound) {
    return (manager, shape, type) ->
        manager.randomUniform((float) -bound, (float) bound, shape, type);
  }

  /**
   * Normal with mean 0.
   *
   * @param deviation the standard deviation
   * @return the initialiser
   */
  public static Initializer normal(double deviation) {
    return (manager, shape, type) -> manager.randomNormal(0f, (float) deviation, shape, type);
  }

  /**
   * Glorot's uniform initialiser, PyTorch's {@code xavier_uniform_}.
   *
   * @param fanIn the number of inputs of one output
   * @param fanOut the number of outputs that one input reaches
   * @return the initialiser
   */
  public static Initializer xavierUniform(long fanIn, long fanOut) {
    return uniform(Math.sqrt(6.0 / (fanIn + fanOut)));
  }

  /**
   * One value everywhere.
   *
   * @param value the value
   * @return the initialiser
   */
  public static Initializer constant(double value) {
    return (manager, shape, type) -> manager.full(shape, (float) value, type);
  }

  /**
   * Zeros of a data type of their own, for integer buffers.
   *
   * @param own the data type, whatever the block is initialised with
   * @return the initialiser
   */
  public static Initializer zeros(DataType own) {
    return (manager, shape, type) -> manager.zeros(shape, own);
  }
}
