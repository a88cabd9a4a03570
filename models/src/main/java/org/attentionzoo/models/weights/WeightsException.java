package org.attentionzoo.models.weights;

import org.attentionzoo.blocks.UserException;

/** A weight file cannot be read, or does not fit the model; the message names file and keys. */
public final class WeightsException extends UserException {

  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param message what was given, what was expected
   */
  public WeightsException(String message) {
    super(message);
  }

  /**
   * Creates the exception.
   *
   * @param message what was given, what was expected
   * @param cause what revealed it
   */
  public WeightsException(String message, Throwable cause) {
    super(message, cause);
  }
}
