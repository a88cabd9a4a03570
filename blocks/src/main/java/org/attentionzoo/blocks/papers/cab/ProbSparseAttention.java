package org.attentionzoo.blocks.papers.cab;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import java.util.EnumSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.AttentionPattern;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.attention.Normalizer;

/**
 * Attention of the queries that need it (Informer, Zhou et al. 2021, equations 3 to 5), noncausal
 * self attention only: of u = factor ceil(ln L) sampled keys for each query, its largest product
 * less the sum of all over L says how far it is from even attention; the u queries that are
 * furthest attend to all keys, and the others get the mean of the values.
 *
 * <p>The official code samples anew in each pass; here the sample is a function of the length, so
 * that the same input gives the same output; what stands in padding never matters, but how much of
 * it there is does. Which queries are chosen has no gradient.
 */
public final class ProbSparseAttention implements PatternCore {

  private static final double LOWEST = -1e30;

  private final int factor;

  /**
   * Attention.
   *
   * @param factor at least 1; 5 in the official code
   */
  public ProbSparseAttention(int factor) {
    if (factor < 1) {
      throw new IllegalArgumentException("the factor is at least 1, got " + factor);
    }
    this.factor = factor;
  }

  @Override
  public Set<AttentionPattern> patterns() {
    return EnumSet.of(AttentionPattern.NONCAUSAL_SELF);
  }

  @Override
  public NDArray attend(Pass pass, Block owner, AttentionPattern pattern, Heads heads) {
    NDArray k = heads.k();
    NDArray v = heads.v();
    NDArray queries = heads.scaledQueries();
    NDManager manager = queries.getManager();
    NDArray valid = heads.valid();
    int length = (int) queries.getShape().get(2);
    int count = chosen(length);
    NDArray best =
        distance(queries.stopGradient(), k.stopGradient(), valid, count)
            .topK(count, 2, true, true)
            .get(1); // (B, H, u)
    NDArray places = manager.arange(0, length, 1, DataType.INT64, v.getDevice());
    NDArray choice = best.expandDims(-1).eq(places).toType(v.getDataType(), false); // (B, H, u, L)
    NDArray attended =
        Normalizer.SOFTMAX
            .weights(choice.matMul(queries).matMul(k.swapAxes(2, 3)), valid)
            .matMul(v);
    NDArray mean = mean(v, valid);
    return choice.swapAxes(2, 3).matMul(attended.sub(mean)).add(mean);
  }

  /** u, for queries and for sampled keys alike. */
  int chosen(int length) {
    return (int) Math.min(length, Math.max(1, factor * Math.ceil(Math.log(length))));
  }

  /** (B, H, L): how far the products of a query with the sampled keys are from being even. */
  private static NDArray distance(NDArray q, NDArray k, NDArray valid, int count) {
    int length = (int) q.getShape().get(2);
    Shape shape = q.getShape();
    SplittableRandom random = new SplittableRandom(length);
    long[] sample = random.longs((long) length * count, 0, length).toArray();
    NDArray index = q.getManager().create(sample).toDevice(q.getDevice(), false);
    NDArray keys =
        k.get(":, :, {}", index)
            .reshape(shape.get(0), shape.get(1), length, count, k.getShape().get(3));
    NDArray products = q.expandDims(3).mul(keys).sum(new int[] {4}); // (B, H, L, u)
    if (valid == null) {
      return products
          .max(new int[] {3})
          .sub(Arithmetic.times(products.sum(new int[] {3}), 1.0 / length));
    }
    NDArray live = valid.toType(q.getDataType(), false);
    NDArray seen =
        live.swapAxes(2, 3)
            .get(":, :, {}", index)
            .reshape(valid.getShape().get(0), 1, length, count);
    NDArray hidden = Arithmetic.times(seen.sub(1), -LOWEST);
    NDArray most = products.mul(seen).add(hidden).max(new int[] {3});
    NDArray all = live.sum(new int[] {3});
    NDArray far = most.sub(products.mul(seen).sum(new int[] {3}).div(Arithmetic.atLeast(all, 1)));
    return far.add(
        Arithmetic.times(live.squeeze(2).sub(1), -LOWEST)); // a padded query is chosen last
  }

  private static NDArray mean(NDArray v, NDArray valid) {
    if (valid == null) {
      return v.mean(new int[] {2}, true);
    }
    NDArray live = valid.toType(v.getDataType(), false).swapAxes(2, 3);
    NDArray count = Arithmetic.atLeast(live.sum(new int[] {2}, true), 1);
    return v.mul(live).sum(new int[] {2}, true).div(count);
  }
}
