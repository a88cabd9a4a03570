package org.attentionzoo.blocks;

import java.util.List;

/** Asked for a tap that the model does not have; the message lists those that it has. */
public final class NoSuchTapException extends IllegalArgumentException {

  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param pattern what was asked for
   * @param points what the model has
   */
  public NoSuchTapException(String pattern, List<String> points) {
    super(
        "no tap matches '"
            + pattern
            + "'; this model has "
            + (points.isEmpty() ? "none" : String.join(", ", points)));
  }
}
