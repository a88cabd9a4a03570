package org.attentionzoo.blocks;

/**
 * A mistake of the user: the message says what was given, what was expected and what to do. The CLI
 * prints it as one line without a stack trace and exits with 2.
 */
public class UserException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param message what was given, what was expected, what to do
   */
  public UserException(String message) {
    super(message);
  }

  /**
   * Creates the exception.
   *
   * @param message what was given, what was expected, what to do
   * @param cause what revealed the mistake
   */
  public UserException(String message, Throwable cause) {
    super(message, cause);
  }
}
