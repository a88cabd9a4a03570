package org.attentionzoo.models.hub;

/** A hub could not be reached, or what it sent is not what it announced; trying again may help. */
public final class HubException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param message what was asked for and what came
   */
  public HubException(String message) {
    super(message);
  }

  /**
   * Creates the exception.
   *
   * @param message what was asked for and what came
   * @param cause what revealed it
   */
  public HubException(String message, Throwable cause) {
    super(message, cause);
  }
}
