package org.attentionzoo.blocks.kernels;

/** A kernel's text was rejected by libtorch, or a call of it failed. */
public final class KernelException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception.
   *
   * @param message names the kernel, the line and libtorch's reason
   * @param cause what libtorch threw
   */
  public KernelException(String message, Throwable cause) {
    super(message, cause);
  }
}
