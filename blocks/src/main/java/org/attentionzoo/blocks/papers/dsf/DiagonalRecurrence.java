package org.attentionzoo.blocks.papers.dsf;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import org.attentionzoo.blocks.DecodeState;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.kernels.KernelLibrary;

/**
 * Every state of a recurrence with diagonal transitions, h_i = decay_i h_(i-1) + added_i. With a
 * decode cache its owner's last state is kept as {@code state}, of a size that does not depend on
 * the length.
 */
final class DiagonalRecurrence {

  private static final String STATE = "state";

  private static final KernelLibrary KERNELS =
      KernelLibrary.of(DiagonalRecurrence.class, "dsf.torchscript");

  private DiagonalRecurrence() {}

  /**
   * Runs it.
   *
   * @param pass what the pass carries
   * @param owner whose state it is
   * @param added (B, L, n, d)
   * @param decay (B, L, n, d)
   * @return (B, L, n, d)
   */
  static NDArray run(Pass pass, ZooBlock owner, NDArray added, NDArray decay) {
    DecodeState state = pass.cache() == null ? null : pass.cache().of(owner);
    NDArray before = state == null ? null : state.borrow(STATE, added);
    NDArray all = pass.kernels(added) ? fast(added, decay, before) : plain(added, decay, before);
    if (state != null) {
      state.put(STATE, all.get(":, -1"));
    }
    return all;
  }

  static NDArray fast(NDArray added, NDArray decay, NDArray before) {
    return KERNELS.call("diagonal_recurrence", added, decay, before);
  }

  static NDArray plain(NDArray added, NDArray decay, NDArray before) {
    NDArray h = before;
    NDList states = new NDList();
    for (long i = 0; i < added.getShape().get(1); i++) {
      NDArray now = added.get(":, " + i);
      h = h == null ? now : h.mul(decay.get(":, " + i)).add(now);
      states.add(h);
    }
    return NDArrays.stack(states, 1);
  }
}
