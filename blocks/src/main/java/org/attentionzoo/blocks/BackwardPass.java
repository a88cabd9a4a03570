package org.attentionzoo.blocks;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;

/**
 * Backward passes, which add to the gradients of the arrays that take them. Thread safety:
 * stateless; a pass runs on the thread that asks for it.
 */
public final class BackwardPass {

  private BackwardPass() {}

  /**
   * Runs one from a number.
   *
   * @param loss (), or any array whose sum is meant
   * @throws EngineException if nothing that it depends on takes a gradient
   */
  public static void from(NDArray loss) {
    try (NDArray ones = loss.onesLike()) {
      from(loss, ones);
    }
  }

  /**
   * Runs one with a given gradient.
   *
   * @param output an array of any shape
   * @param gradient of the shape of {@code output}
   * @throws EngineException if nothing that {@code output} depends on takes a gradient
   */
  public static void from(NDArray output, NDArray gradient) {
    JniUtils.backward((PtNDArray) output, (PtNDArray) gradient, false, false);
  }

  /**
   * Runs one from what may depend on nothing that takes a gradient.
   *
   * @param loss (), or any array whose sum is meant
   * @return false if it does not, in which case no gradient changed
   */
  public static boolean tryFrom(NDArray loss) {
    try (NDArray ones = loss.onesLike()) {
      return tryFrom(loss, ones);
    }
  }

  /**
   * Runs one with a given gradient, from what may depend on nothing that takes a gradient.
   *
   * @param output an array of any shape
   * @param gradient of the shape of {@code output}
   * @return false if it does not, in which case no gradient changed
   */
  public static boolean tryFrom(NDArray output, NDArray gradient) {
    try {
      from(output, gradient);
      return true;
    } catch (EngineException e) {
      // There is no asking beforehand: DJL tells of leaves only whether they take gradients.
      if (String.valueOf(e.getMessage()).contains("does not require grad")) {
        return false;
      }
      throw e;
    }
  }
}
