package org.attentionzoo.blocks.kernels;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.jni.KernelBridge;
import java.util.Arrays;

/**
 * Tensors in a native list, an argument of a kernel where it takes a {@code List[Tensor]}. A list
 * of many small tensors that goes to kernels again and again costs more to hand over than to
 * compute with: this hands it over once.
 *
 * <p>The list keeps the tensors' memory alive until it is closed, even where their arrays are
 * closed. Thread safety: as the tensors'; close it once, when no call runs.
 */
public final class KernelTensors implements KernelBridge.Prepared, AutoCloseable {

  private final NDList tensors;
  private long handle;

  private KernelTensors(NDList tensors, long handle) {
    this.tensors = tensors;
    this.handle = handle;
  }

  /**
   * Prepares tensors.
   *
   * @param tensors PyTorch arrays, at least one
   * @return the list
   */
  public static KernelTensors of(NDList tensors) {
    NDList copy = new NDList(tensors);
    return new KernelTensors(copy, KernelBridge.toList(copy));
  }

  /**
   * The native list.
   *
   * @return its handle
   * @throws IllegalStateException if it is closed
   */
  @Override
  public long handle() {
    if (handle == 0) {
      throw new IllegalStateException("this list of tensors is closed");
    }
    return handle;
  }

  /** Lets the tensors go. */
  @Override
  public void close() {
    if (handle != 0) {
      KernelBridge.delete(handle);
      handle = 0;
    }
  }

  NDManager manager() {
    return tensors.head().getManager();
  }

  /** The shapes, for messages. */
  @Override
  public String toString() {
    return Arrays.toString(tensors.getShapes());
  }
}
