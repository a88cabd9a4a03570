package org.attentionzoo.training.run;

/** A run was stopped because its loss, gradients or weights are NaN or infinite. */
public final class NotFiniteException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final long step;

  /**
   * Creates the exception.
   *
   * @param message what is not finite, at which step, on which examples, what is left to go on from
   * @param step how many steps were done before
   */
  NotFiniteException(String message, long step) {
    super(message);
    this.step = step;
  }

  /**
   * When it happened.
   *
   * @return how many steps were done before
   */
  public long step() {
    return step;
  }
}
