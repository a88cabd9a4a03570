package org.attentionzoo.blocks.papers.landmarkattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.kernels.KernelLibrary;

/**
 * The grouped softmax of Landmark Attention (Mohtashami and Jaggi 2023, arXiv 2305.16300): a token
 * weighs as much as it does within its block, times what its block's landmark weighs beside all
 * other landmarks and the tokens of the query's own block.
 *
 * <p>A block is closed by its landmark. A query sees the landmarks of earlier blocks only, not that
 * of its own; landmarks themselves pass on no value. Rows sum to 1 if all earlier blocks are
 * closed; a query that may see nothing has weights 0.
 */
public final class LandmarkSoftmax {

  private static final KernelLibrary KERNELS =
      KernelLibrary.of(LandmarkSoftmax.class, "landmark.torchscript");

  private LandmarkSoftmax() {}

  /**
   * Weighs.
   *
   * @param pass what the pass carries; group dropout acts if it is a training pass
   * @param logits (B, H, Lq, Lk), scaled
   * @param landmarks (1 or B, Lk) boolean, true where a key is a landmark
   * @param allowed boolean, broadcastable to (B, 1, Lq, Lk), false for later keys and padding; null
   *     for all
   * @param groups at least the number of landmarks in a row and 2 more
   * @param groupDropout the rate at which whole earlier blocks are dropped
   * @return (B, H, Lq, Lk)
   */
  public static NDArray weights(
      Pass pass,
      NDArray logits,
      NDArray landmarks,
      NDArray allowed,
      int groups,
      double groupDropout) {
    double rate = pass.isTraining() ? groupDropout : 0;
    return pass.kernels(logits)
        ? fast(logits, landmarks, allowed, groups, rate)
        : plain(logits, landmarks, allowed, groups, rate);
  }

  static NDArray fast(
      NDArray logits, NDArray landmarks, NDArray allowed, int groups, double groupDropout) {
    return KERNELS.call(
        "grouped_softmax",
        logits,
        landmarks.expandDims(1).expandDims(1),
        allowed,
        groups,
        groupDropout);
  }

  /** One softmax for each group. */
  static NDArray plain(
      NDArray logits, NDArray landmarks, NDArray allowed, int groups, double groupDropout) {
    NDManager manager = logits.getManager();
    Shape shape = logits.getShape();
    DataType type = logits.getDataType();
    NDArray landmark = landmarks.expandDims(1).expandDims(1);
    NDArray mask =
        allowed == null
            ? manager.ones(new Shape(1, 1, shape.get(2), shape.get(3)), DataType.BOOLEAN)
            : allowed;
    NDArray whole = landmark.toType(DataType.INT64, false);
    NDArray counted = whole.cumSum(3);
    NDArray section = counted.sub(whole).mul(mask.toType(DataType.INT64, false));
    NDArray ownSection = section.eq(section.max(new int[] {3}, true));
    NDArray hidden = mask.logicalNot().logicalOr(landmark.logicalAnd(ownSection));
    NDArray own = ownSection.logicalAnd(hidden.logicalNot());
    NDArray root = own.logicalOr(hidden).logicalOr(landmark);
    NDArray number = counted.broadcast(root.getShape());
    NDArray group =
        NDArrays.where(root, number.zerosLike().add(groups - 1L), number).broadcast(shape);
    NDArray visible = hidden.logicalNot().broadcast(shape);
    NDArray p = manager.zeros(shape, type);
    for (int g = 0; g < groups; g++) {
      NDArray members = group.eq(g).logicalAnd(visible);
      NDArray counts = members.toType(type, false);
      NDArray exponent = logits.sub(most(logits, members)).mul(counts);
      NDArray e = exponent.exp().mul(counts);
      p = p.add(e.div(Arithmetic.atLeast(e.sum(new int[] {3}, true), 0.5)));
    }
    NDArray share =
        groupDropout == 0
            ? p
            : ai.djl.nn.norm.Dropout.dropout(p, (float) groupDropout, true).singletonOrThrow();
    NDArray ofBlock = share.gather(closing(landmark).broadcast(shape), 3);
    NDArray earlier = Tensors.oneMinus(root.toType(type, false));
    return p.mul(own.toType(type, false)).add(p.mul(ofBlock).mul(earlier));
  }

  /** Each row's highest logit among the members; it only guards against overflow. */
  private static NDArray most(NDArray logits, NDArray members) {
    NDArray low = logits.stopGradient().min(new int[] {3}, true).broadcast(logits.getShape());
    return NDArrays.where(members, logits.stopGradient(), low).max(new int[] {3}, true);
  }

  /**
   * The landmark that closes the block of each key: the next one; the last key if there is none.
   */
  private static NDArray closing(NDArray landmark) {
    int keys = (int) landmark.getShape().get(3);
    NDManager manager = landmark.getManager();
    NDArray place = manager.arange(0, keys, 1, DataType.INT64, landmark.getDevice());
    NDArray from = place.reshape(1, 1, keys, 1);
    NDArray open = place.reshape(1, 1, 1, keys).lt(from).logicalOr(landmark.logicalNot());
    NDArray candidates =
        NDArrays.where(
            open,
            place.zerosLike().add(keys - 1L).reshape(1, 1, 1, keys).broadcast(open.getShape()),
            place.reshape(1, 1, 1, keys).broadcast(open.getShape()));
    return candidates.min(new int[] {3}).expandDims(2);
  }
}
