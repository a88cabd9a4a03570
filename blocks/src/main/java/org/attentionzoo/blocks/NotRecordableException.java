package org.attentionzoo.blocks;

import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.engine.PtNDArray;

/**
 * A block refuses to be recorded as a graph, for example for ONNX, because what it does with one
 * input tells nothing of what it does with another; the message says why.
 */
public final class NotRecordableException extends UnsupportedOperationException {

  private static final long serialVersionUID = 1L;

  private NotRecordableException(String reason) {
    super(reason);
  }

  /**
   * Refuses an array that is recorded instead of computed.
   *
   * @param x any array of the pass
   * @param reason why the graph would be wrong for other inputs, for example {@code the number of
   *     segments follows the length}
   * @throws NotRecordableException if it is none of the engine's
   */
  public static void refuse(NDArray x, String reason) {
    if (!(x instanceof PtNDArray)) {
      throw new NotRecordableException(reason);
    }
  }
}
