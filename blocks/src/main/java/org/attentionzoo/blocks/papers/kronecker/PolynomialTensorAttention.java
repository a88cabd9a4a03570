package org.attentionzoo.blocks.papers.kronecker;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.ZooBlock;

/**
 * The fast form of third-order attention for small entries (Alman and Song 2023, section 4): the
 * exponential becomes its Taylor polynomial of some degree g, which splits into monomials,
 *
 * <pre>
 *   exp(S_ijk) ~ sum over |a| at most g of c_a q_i^a k1_j^a k2_k^a,  c_a = scale^-|a| / a!
 *   O = U ((W1^T V1) * (W2^T V2)) / U ((W1^T 1) * (W2^T 1)),  U = monomials of Q times c, ...
 * </pre>
 *
 * <p>so that the cost is linear in the length: O(n R d) with R = binomial(d + g, g) monomials.
 * Entries of queries and keys are clipped to a bound B, with which |S| is at most B^3 d / scale;
 * beyond that the sum of weights may reach zero. No parameters, both directions.
 */
public final class PolynomialTensorAttention extends ZooBlock {

  private final int degree;
  private final double bound;
  private final TensorScale scale;

  /**
   * Attention.
   *
   * @param degree the degree g of the polynomial; not negative
   * @param bound what entries of queries and keys are clipped to; positive
   * @param scale what divides the logits
   */
  public PolynomialTensorAttention(int degree, double bound, TensorScale scale) {
    if (degree < 0 || !(bound > 0)) {
      throw new IllegalArgumentException(
          "degree is " + degree + " and bound " + bound + "; expected 0 or more, and above 0");
    }
    this.degree = degree;
    this.bound = bound;
    this.scale = scale;
  }

  /**
   * Attends.
   *
   * @param pass what the pass carries
   * @param inputs the query, two keys (B, heads, n, d) and two values (B, heads, n, e)
   * @return what is mixed (B, heads, n, e), and the sums of the weights (B, heads, n)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray query = clipped(inputs.get(0));
    NDArray scaled = Arithmetic.times(query, 1 / scale.of(query.getShape().get(3)));
    NDArray u = monomials(scaled, true);
    NDArray first = monomials(clipped(inputs.get(1)), false);
    NDArray second = monomials(clipped(inputs.get(2)), false);
    NDArray joint =
        first.swapAxes(2, 3).matMul(inputs.get(3)).mul(second.swapAxes(2, 3).matMul(inputs.get(4)));
    NDArray count =
        first
            .sum(new int[] {2}, true)
            .mul(second.sum(new int[] {2}, true))
            .swapAxes(2, 3); // (B, heads, R, 1)
    NDArray sum = u.matMul(count);
    return new NDList(u.matMul(joint).div(sum), sum.squeeze(3));
  }

  private NDArray clipped(NDArray x) {
    return Arithmetic.atMost(Arithmetic.atLeast(x, -bound), bound);
  }

  /**
   * All monomials up to the degree, (B, H, n, d) to (B, H, n, R), by degree, then by their smallest
   * variable, then by those of what is left: the monomials of one degree whose variables are c or
   * later stand together at the end, and each times variable c is the next degree's part for c.
   *
   * @param weighted whether x^a is divided by a!
   */
  private NDArray monomials(NDArray x, boolean weighted) {
    int width = (int) x.getShape().get(3);
    NDArray last = x.get("..., :1").stopGradient().onesLike();
    NDList all = new NDList(last);
    for (int power = 1; power <= degree; power++) {
      NDList parts = new NDList();
      long total = last.getShape().get(3);
      for (int c = 0; c < width; c++) {
        long size = monomialCount(width - c, power - 1);
        NDArray part = last.get("..., " + (total - size) + ":");
        NDArray product = part.mul(x.get("..., " + c + ":" + (c + 1)));
        parts.add(weighted ? divided(product, power, width - c - 1) : product);
      }
      last = Tensors.concat(parts, 3);
      all.add(last);
    }
    return Tensors.concat(all, 3);
  }

  /**
   * Divides each monomial by how often its smallest variable occurs: the most come first.
   *
   * @param later how many variables come after the smallest
   */
  private static NDArray divided(NDArray part, int power, int later) {
    NDList runs = new NDList();
    long from = 0;
    for (int times = power; times >= 1; times--) {
      long size = monomialCount(later, power - times);
      if (size > 0) {
        NDArray run = part.get("..., " + from + ":" + (from + size));
        runs.add(times == 1 ? run : Arithmetic.times(run, 1.0 / times));
        from += size;
      }
    }
    return Tensors.concat(runs, 3);
  }

  /** How many monomials of a degree there are: binomial(variables + degree - 1, degree). */
  static long monomialCount(int variables, int degree) {
    if (variables == 0) {
      return degree == 0 ? 1 : 0;
    }
    long count = 1;
    for (int i = 1; i <= degree; i++) {
      count = count * (variables + i - 1) / i;
    }
    return count;
  }
}
