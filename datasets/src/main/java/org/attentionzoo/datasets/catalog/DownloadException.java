package org.attentionzoo.datasets.catalog;

/** A download failed; trying again may help. */
public final class DownloadException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param message what was asked for and what came
   * @param cause what revealed it; may be null
   */
  public DownloadException(String message, Throwable cause) {
    super(message, cause);
  }
}
