package org.attentionzoo.blocks.papers.cab;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import java.util.EnumSet;
import java.util.Set;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.AttentionPattern;
import org.attentionzoo.blocks.NotRecordableException;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.attention.Normalizer;

/**
 * Attention by Nystrom's method (Nystromformer, Xiong et al. 2021, equations 13 to 15), noncausal
 * self attention only: landmarks are the means of m segments of the queries and of the keys, and
 *
 * <pre>
 *   softmax(q k'^T) pinv(softmax(q' k'^T)) softmax(q' k^T) v
 * </pre>
 *
 * <p>with the pseudo-inverse by six iterations of Z = Z (13 I - A Z (15 I - A Z (7 I - A Z))) / 4
 * from A^T / (largest column sum of A). As CAB's library has it, all products are scaled by 1 / d,
 * the segments with a token less come first, and up to m tokens attend to all without landmarks.
 *
 * <p>Unlike there, the largest column sum is that of each matrix and not of the whole batch, and
 * segments divide the tokens that are no padding.
 */
public final class NystromAttention implements PatternCore {

  private static final int ITERATIONS = 6;

  private final int landmarks;

  /**
   * Attention by landmarks.
   *
   * @param landmarks m, at least 1
   */
  public NystromAttention(int landmarks) {
    if (landmarks < 1) {
      throw new IllegalArgumentException("there is at least 1 landmark, got " + landmarks);
    }
    this.landmarks = landmarks;
  }

  @Override
  public Set<AttentionPattern> patterns() {
    return EnumSet.of(AttentionPattern.NONCAUSAL_SELF);
  }

  @Override
  public NDArray attend(Pass pass, Block owner, AttentionPattern pattern, Heads heads) {
    NDArray q = heads.q();
    NDArray k = heads.k();
    NDArray v = heads.v();
    NotRecordableException.refuse(q, "whether there are landmarks follows the length");
    NDArray queries = Arithmetic.times(q, 1.0 / heads.width());
    if (q.getShape().get(2) <= landmarks) {
      NDArray scores = queries.matMul(k.swapAxes(2, 3));
      return Normalizer.SOFTMAX.weights(scores, heads.valid()).matMul(v);
    }
    NDArray members = segments(q, heads.sequences().valid()); // (1 or B, 1, m, L)
    NDArray sizes = members.sum(new int[] {-1}, true); // (1 or B, 1, m, 1)
    NDArray means = members.div(Arithmetic.atLeast(sizes, 1));
    NDArray queryMarks = means.matMul(queries);
    NDArray keyMarks = means.matMul(k);
    NDArray occupied = sizes.gt(0);
    NDArray columns = occupied.swapAxes(2, 3);
    NDArray left = Normalizer.SOFTMAX.weights(queries.matMul(keyMarks.swapAxes(2, 3)), columns);
    NDArray middle =
        Normalizer.SOFTMAX.weights(queryMarks.matMul(keyMarks.swapAxes(2, 3)), columns);
    NDArray right = Normalizer.SOFTMAX.weights(queryMarks.matMul(k.swapAxes(2, 3)), heads.valid());
    NDArray used = occupied.toType(q.getDataType(), false);
    NDArray eye = q.getManager().eye((int) used.getShape().get(2)).toDevice(q.getDevice(), false);
    // Empty segments are a block of their own, the identity, which leaves the others' inverse
    // alone.
    NDArray whole = middle.mul(used).add(eye.mul(Tensors.oneMinus(used)));
    return left.matMul(inverse(whole, eye)).matMul(right.matMul(v));
  }

  /**
   * (1 or B, 1, m, L), 1 where a token is in a segment: of n tokens, the first segments have
   * floor(n / m), the others one more.
   */
  private NDArray segments(NDArray q, NDArray valid) {
    NDManager manager = q.getManager();
    long length = q.getShape().get(2);
    NDArray live =
        valid == null
            ? manager.ones(new Shape(1, length), DataType.FLOAT32).toDevice(q.getDevice(), false)
            : valid.toType(DataType.FLOAT32, false);
    NDArray rank = live.cumSum(1).sub(1);
    NDArray all = live.sum(new int[] {1}, true);
    // the half keeps a multiple of m from falling below itself by rounding
    NDArray size = Arithmetic.times(all.add(0.5), 1.0 / landmarks).floor();
    NDArray shorter = Arithmetic.times(size.add(1), landmarks).sub(all); // how many segments are
    NDArray border = shorter.mul(size);
    NDArray early = rank.div(Arithmetic.atLeast(size, 1)).floor();
    NDArray late = shorter.add(rank.sub(border).div(size.add(1)).floor());
    NDArray isEarly = rank.lt(border).toType(DataType.FLOAT32, false);
    NDArray segment = Tensors.choose(isEarly, early, late);
    NDArray numbers = manager.arange(0f, landmarks, 1f, DataType.FLOAT32, q.getDevice());
    NDArray member =
        segment.expandDims(1).eq(numbers.expandDims(1)).toType(DataType.FLOAT32, false);
    return member.mul(live.expandDims(1)).expandDims(1).toType(q.getDataType(), false);
  }

  private static NDArray inverse(NDArray a, NDArray eye) {
    NDArray most = a.sum(new int[] {-2}, true).max(new int[] {-1}, true);
    NDArray z = a.swapAxes(2, 3).div(most);
    for (int i = 0; i < ITERATIONS; i++) {
      NDArray product = a.matMul(z);
      NDArray inner = Arithmetic.times(eye, 7).sub(product);
      inner = Arithmetic.times(eye, 15).sub(product.matMul(inner));
      inner = Arithmetic.times(eye, 13).sub(product.matMul(inner));
      z = Arithmetic.times(z.matMul(inner), 0.25);
    }
    return z;
  }
}
