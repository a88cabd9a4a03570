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
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.attention.Normalizer;

/**
 * Attention by Nystrom's method (Nystromformer, Xiong et al. 2021, equations 13 to 15), noncausal
 * self attention only: landmarks are the means of m segments of the queries and of the keys, and
 *
 * <pre>
 *   softmax(q k'^T) pinv(softmax(q' k'^T)) softmax(q' k^T) v        each scaled by 1 / sqrt(d)
 * </pre>
 *
 * <p>with the pseudo-inverse by six iterations of Z = Z (13 I - A Z (15 I - A Z (7 I - A Z))) / 4
 * from A^T / (largest column sum times largest row sum). Segments divide the tokens that are no
 * padding; up to m tokens, each is its own landmark.
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
  public NDArray attend(
      Pass pass,
      Block owner,
      AttentionPattern pattern,
      NDArray q,
      NDArray k,
      NDArray v,
      Sequences sequences) {
    NDArray queries = Arithmetic.times(q, 1 / Math.sqrt(q.getShape().get(3)));
    NDArray members = segments(q, sequences.valid()); // (1 or B, 1, m, L)
    NDArray sizes = members.sum(new int[] {-1}, true); // (1 or B, 1, m, 1)
    NDArray means = members.div(Arithmetic.atLeast(sizes, 1));
    NDArray queryMarks = means.matMul(queries);
    NDArray keyMarks = means.matMul(k);
    NDArray occupied = sizes.gt(0);
    NDArray columns = occupied.swapAxes(2, 3);
    NDArray left = Normalizer.SOFTMAX.weights(queries.matMul(keyMarks.swapAxes(2, 3)), columns);
    NDArray middle =
        Normalizer.SOFTMAX.weights(queryMarks.matMul(keyMarks.swapAxes(2, 3)), columns);
    NDArray right =
        Normalizer.SOFTMAX.weights(
            queryMarks.matMul(k.swapAxes(2, 3)), FullAttention.keys(sequences));
    NDArray used = occupied.toType(q.getDataType(), false);
    NDArray eye = q.getManager().eye((int) used.getShape().get(2)).toDevice(q.getDevice(), false);
    // Empty segments are a block of their own, the identity, which leaves the others' inverse
    // alone.
    NDArray whole = middle.mul(used).add(eye.mul(Tensors.oneMinus(used)));
    return left.matMul(inverse(whole, eye)).matMul(right.matMul(v));
  }

  /** 1 where a token is in a segment: token r of n is in segment floor(r m / n). */
  private NDArray segments(NDArray q, NDArray valid) {
    NDManager manager = q.getManager();
    long length = q.getShape().get(2);
    int count = (int) Math.min(landmarks, length);
    NDArray live =
        valid == null
            ? manager.ones(new Shape(1, length), DataType.FLOAT32).toDevice(q.getDevice(), false)
            : valid.toType(DataType.FLOAT32, false);
    NDArray rank = live.cumSum(1).sub(1);
    NDArray all = Arithmetic.atLeast(live.sum(new int[] {1}, true), 1);
    NDArray segment = rank.mul(count).div(all).floor();
    NDArray numbers = manager.arange(0f, count, 1f, DataType.FLOAT32, q.getDevice());
    NDArray member =
        segment.expandDims(1).eq(numbers.expandDims(1)).toType(DataType.FLOAT32, false);
    return member.mul(live.expandDims(1)).expandDims(1).toType(q.getDataType(), false);
  }

  private static NDArray inverse(NDArray a, NDArray eye) {
    NDArray rows = a.sum(new int[] {-1}, true).max(new int[] {-2}, true);
    NDArray columns = a.sum(new int[] {-2}, true).max(new int[] {-1}, true);
    NDArray z = a.swapAxes(2, 3).div(rows.mul(columns));
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
