package org.attentionzoo.blocks.systems;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;

/**
 * The common form of the dynamical systems framework (Sieber et al. 2024, equation 4) with diagonal
 * transitions: for each channel c a state of n numbers,
 *
 * <pre>
 *   h_i = T_i h_(i-1) + B_i u_i,   y_i = C_i . h_i + D u_i,   h_0 = 0
 *   y = Phi u,   Phi_ij = C_i . (T_i ... T_(j+1) B_j) for j up to i, D added where i = j
 * </pre>
 *
 * @param transition T, (B, L, n, d), or broadcastable to it
 * @param input B, likewise
 * @param output C, likewise
 * @param skip D, (d); null for 0
 * @param signal u, (B, L, d)
 */
public record TimeVaryingSystem(
    NDArray transition, NDArray input, NDArray output, NDArray skip, NDArray signal) {

  /**
   * What the recurrence gives, step by step.
   *
   * @return y, (B, L, d)
   */
  public NDArray recur() {
    long length = signal.getShape().get(1);
    NDArray state = null;
    NDList outputs = new NDList();
    for (long i = 0; i < length; i++) {
      NDArray u = signal.get(":, " + i); // (B, d)
      NDArray added = input.get(":, " + i).mul(u.expandDims(1));
      state = state == null ? added : state.mul(transition.get(":, " + i)).add(added);
      NDArray y = state.mul(output.get(":, " + i)).sum(new int[] {1});
      outputs.add(skip == null ? y : y.add(u.mul(skip)));
    }
    return NDArrays.stack(outputs, 1);
  }

  /**
   * The dense kernel of each channel.
   *
   * @return Phi, (B, d, L, L), zero above the diagonal
   */
  public NDArray kernel() {
    Shape shape = signal.getShape();
    long length = shape.get(1);
    NDArray zero = signal.get(":, 0").zerosLike();
    NDList columns = new NDList();
    for (long j = 0; j < length; j++) {
      NDArray carried = null;
      NDList column = new NDList();
      for (long i = 0; i < length; i++) {
        if (i < j) {
          column.add(zero);
          continue;
        }
        carried = i == j ? input.get(":, " + j) : carried.mul(transition.get(":, " + i));
        NDArray weight = carried.mul(output.get(":, " + i)).sum(new int[] {1});
        column.add(i == j && skip != null ? weight.add(skip) : weight.add(zero));
      }
      columns.add(NDArrays.stack(column, 2)); // (B, d, L)
    }
    return NDArrays.stack(columns, 3);
  }

  /**
   * What the kernel gives, all at once.
   *
   * @return Phi u, (B, L, d)
   */
  public NDArray applyKernel() {
    return kernel().matMul(signal.transpose(0, 2, 1).expandDims(3)).squeeze(3).transpose(0, 2, 1);
  }

  /**
   * How many numbers the state has for each channel.
   *
   * @return n
   */
  public long expansion() {
    return Math.max(input.getShape().get(2), output.getShape().get(2));
  }
}
