package org.attentionzoo.models.onnx;

import org.attentionzoo.blocks.UserException;

/**
 * A model's computation cannot be written down as an ONNX graph; the message says where and why.
 */
public final class NotExpressibleException extends UserException {

  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param message what cannot be expressed, and where it is computed
   */
  public NotExpressibleException(String message) {
    super(message);
  }

  /**
   * Creates the exception.
   *
   * @param message what cannot be expressed, and where it is computed
   * @param cause what revealed it
   */
  public NotExpressibleException(String message, Throwable cause) {
    super(message, cause);
  }
}
