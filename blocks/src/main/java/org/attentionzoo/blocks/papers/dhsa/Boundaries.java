package org.attentionzoo.blocks.papers.dhsa;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.kernels.KernelLibrary;

/**
 * Chooses where chunks end: the tokens of the highest scores, none near another, and always the
 * token where the instruction begins.
 *
 * @param threshold only scores above it are chosen
 * @param chunks how many are chosen, that of the instruction included; one more if it is alone
 * @param apart a token at most so far from a chosen one is not chosen; 0 to allow neighbours
 * @param instruction how many tokens at the end are the instruction; -1 for none
 */
public record Boundaries(double threshold, int chunks, int apart, int instruction) {

  private static final KernelLibrary KERNELS =
      KernelLibrary.of(Boundaries.class, "boundaries.torchscript");

  /**
   * Chooses.
   *
   * @param pass what the pass carries
   * @param scores (B, L)
   * @return (B, C + 1) int64: 0, the places behind the chosen tokens in order, and the length,
   *     again and again in rows with fewer chunks than others
   */
  public NDArray choose(Pass pass, NDArray scores) {
    return pass.kernels(scores) ? fast(scores) : plain(scores);
  }

  /**
   * Takes off the last places that are the length in all rows but once. Copies them to Java.
   *
   * @param borders (B, C + 1) int64 as from {@link #choose}
   * @return (B, c + 1)
   */
  public static NDArray trimmed(NDArray borders) {
    long rows = borders.getShape().get(0);
    int columns = (int) borders.getShape().get(1);
    long[] values = borders.toLongArray();
    long end = values[columns - 1];
    int keep = 1;
    for (int row = 0; row < rows; row++) {
      int used = 0;
      while (used < columns && values[row * columns + used] != end) {
        used++;
      }
      keep = Math.max(keep, used + 1);
    }
    return borders.get(":, :{}", keep);
  }

  /** How many rounds there are: the official loop looks at one token before it counts. */
  private int rounds() {
    return Math.max(1, chunks - (instruction < 0 ? 0 : 1));
  }

  /** Whether the one token that is looked at may be rejected for being near the instruction. */
  private boolean single() {
    return instruction >= 0 && chunks <= 1;
  }

  NDArray fast(NDArray scores) {
    return KERNELS.call("choose", scores, threshold, rounds(), apart, instruction, single());
  }

  NDArray plain(NDArray scores) {
    NDManager manager = scores.getManager();
    long batch = scores.getShape().get(0);
    int length = (int) scores.getShape().get(1);
    NDArray token = manager.arange(0, length, 1, DataType.INT64, scores.getDevice()).expandDims(0);
    NDArray open = scores.gt(threshold); // (B, L)
    NDList chosen = new NDList();
    NDArray start = token.get(":, :1").zerosLike().add(length - (long) instruction); // (1, 1)
    NDArray nearStart = token.sub(start).abs().lte(apart);
    if (instruction >= 0) {
      open = open.logicalAnd(token.lte(start));
      if (apart > 0 && !single()) {
        open = open.logicalAnd(nearStart.logicalNot());
      }
      chosen.add(start.broadcast(new Shape(batch, 1)));
    }
    NDArray end = token.get(":, :1").zerosLike().add(length - 1L).broadcast(new Shape(batch, 1));
    for (int round = 0; round < rounds(); round++) {
      NDArray left = NDArrays.where(open, scores, scores.zerosLike().sub(Float.MAX_VALUE));
      NDArray best = left.argMax(1).expandDims(1); // (B, 1)
      NDArray found = open.gather(best, 1);
      if (single() && apart > 0) {
        found = found.logicalAnd(best.sub(start).abs().gt(apart));
      }
      chosen.add(NDArrays.where(found, best, end));
      NDArray gone = apart > 0 ? token.sub(best).abs().lte(apart) : token.eq(best);
      open = open.logicalAnd(gone.logicalNot());
    }
    NDArray places = Tensors.concat(chosen, 1).add(1).toType(DataType.INT64, false).sort(1);
    NDArray zero = end.zerosLike();
    NDArray last = end.add(1);
    return zero.concat(Arithmetic.atMost(places, length).toType(DataType.INT64, false), 1)
        .concat(last, 1);
  }
}
