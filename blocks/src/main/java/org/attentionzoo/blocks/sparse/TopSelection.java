package org.attentionzoo.blocks.sparse;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.kernels.KernelLibrary;

/**
 * The candidates (blocks, spans, keys) with the highest scores, best first. Of equal scores the one
 * with the lower index is chosen, on every device and path; a caller who wants the most recent of
 * equal ones orders its candidates from the most recent on.
 *
 * @param scores (..., K) the scores chosen, through which gradients flow; the choice itself has
 *     none. Minus infinity where fewer candidates than K were allowed
 * @param indices (..., K) int64, which candidates they are; 0 where there is none
 * @param found (..., K) boolean, false where fewer candidates than K were allowed
 */
public record TopSelection(NDArray scores, NDArray indices, NDArray found) {

  private static final KernelLibrary KERNELS =
      KernelLibrary.of(TopSelection.class, "selection.torchscript");

  /**
   * Chooses.
   *
   * @param pass what the pass carries
   * @param scores (..., N), N at least 1; no NaN
   * @param allowed boolean, of the same shape, false where a candidate may not be chosen; null for
   *     all
   * @param count how many are chosen, at least 1; with fewer candidates K = N
   * @return the choice, K = min(count, N)
   * @throws IllegalArgumentException if count is less than 1
   */
  public static TopSelection of(Pass pass, NDArray scores, NDArray allowed, int count) {
    if (count < 1) {
      throw new IllegalArgumentException("at least 1 candidate is chosen, got " + count);
    }
    Shape shape = scores.getShape();
    int chosen = (int) Math.min(count, shape.get(shape.dimension() - 1));
    NDArray masked = allowed == null ? scores : mask(scores, allowed);
    NDList top = pass.kernels(scores) ? fast(masked, chosen) : plain(masked, chosen);
    NDArray found = top.get(0).gt(Float.NEGATIVE_INFINITY);
    NDArray indices = top.get(1).mul(found.toType(DataType.INT64, false));
    return new TopSelection(top.get(0), indices, found);
  }

  private static NDArray mask(NDArray scores, NDArray allowed) {
    Shape shape = scores.getShape();
    NDArray never = scores.getManager().full(shape, Float.NEGATIVE_INFINITY, scores.getDataType());
    return NDArrays.where(allowed.broadcast(shape), scores, never);
  }

  static NDList fast(NDArray scores, int count) {
    return KERNELS.callAll("top", scores, count);
  }

  /** One round of the first maximum for each place. */
  static NDList plain(NDArray scores, int count) {
    NDManager manager = scores.getManager();
    Shape shape = scores.getShape();
    int last = shape.dimension() - 1;
    NDArray places =
        manager.arange(0, (int) shape.get(last), 1, DataType.INT64, scores.getDevice());
    NDArray never = manager.full(shape, Float.NEGATIVE_INFINITY, scores.getDataType());
    NDArray left = scores.stopGradient();
    NDList rounds = new NDList();
    NDList found = new NDList();
    for (int i = 0; i < count; i++) {
      NDArray best = left.argMax(last).expandDims(last);
      rounds.add(best);
      found.add(left.gather(best, last));
      left = NDArrays.where(places.eq(best), never, left);
    }
    NDArray indices = Tensors.concat(rounds, last);
    NDArray values = Tensors.concat(found, last);
    NDArray chosen = scores.gather(indices, last);
    return new NDList(NDArrays.where(values.gt(Float.NEGATIVE_INFINITY), chosen, values), indices);
  }
}
