package org.attentionzoo.training.optimize;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.kernels.KernelLibrary;

/** Native calls over many tensors at once. Thread safety: as the tensors'. */
public final class TensorLists {

  private static final KernelLibrary KERNELS =
      KernelLibrary.of(TensorLists.class, "optimizers.torchscript");

  private TensorLists() {}

  /**
   * Copies values into tensors that exist, keeping their device, type and place in memory.
   *
   * @param targets what is overwritten
   * @param values as many, of the same shapes
   */
  public static void assign(NDList targets, NDList values) {
    if (targets.isEmpty()) {
      return;
    }
    try (GradientMode ignored = GradientMode.off()) {
      KERNELS.call("assign", targets, values).close();
    }
  }

  /**
   * Whether all values are finite.
   *
   * @param tensors floating-point tensors of one type, at least one; some may be empty
   * @return false if there is a NaN or an infinity
   */
  public static boolean isFinite(NDList tensors) {
    NDList filled = new NDList();
    for (NDArray tensor : tensors) {
      // An empty tensor has no largest value.
      if (tensor.size() > 0) {
        filled.add(tensor);
      }
    }
    if (filled.isEmpty()) {
      return true;
    }
    try (GradientMode ignored = GradientMode.off();
        NDArray finite = KERNELS.call("all_finite", filled)) {
      return finite.getBoolean();
    }
  }
}
