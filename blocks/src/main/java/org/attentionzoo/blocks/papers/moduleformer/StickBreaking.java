package org.attentionzoo.blocks.papers.moduleformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import java.util.Set;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.Masks;
import org.attentionzoo.blocks.kernels.KernelLibrary;

/**
 * Stick-breaking attention (Shen et al. 2023, equations 8 to 10): with beta_ij = sigmoid(q_i k_j /
 * sqrt(d)), key j gets beta_ij times the product of 1 - beta_im over all m between j and i. The
 * nearest key breaks its share off first, so that order needs no positions; a row sums to at most
 * 1.
 *
 * <p>No parameters. The product is a reversed cumulative sum of logarithms: linear in the number of
 * keys for each query, where the official code multiplies by a triangular matrix.
 */
public final class StickBreaking extends ZooBlock {

  /** The tap of the weights (B, C, H, Lq, Lk). */
  public static final String PATTERN = "pattern";

  private static final KernelLibrary KERNELS =
      KernelLibrary.of(StickBreaking.class, "stick_breaking.torchscript");

  /** What is attended, and how. */
  record Attended(NDArray output, NDArray weights) {}

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return Set.of(PATTERN);
  }

  /**
   * Attends, each query to the keys up to its own; the last query stands at the last key.
   *
   * @param pass what the pass carries
   * @param q (B, L, C, H, d): C queries for each token and head
   * @param k (B, M, H, d)
   * @param v (B, M, H, e)
   * @param valid (B, M) boolean, false where a key is padding; null for none
   * @return (B, L, C, H, e)
   */
  public NDArray attend(Pass pass, NDArray q, NDArray k, NDArray v, NDArray valid) {
    NDArray queries = q.transpose(0, 2, 3, 1, 4);
    NDArray keys = k.transpose(0, 2, 1, 3);
    NDArray values = v.transpose(0, 2, 1, 3);
    NDArray bias = valid == null ? null : bias(valid, q);
    double scale = 1 / Math.sqrt(q.getShape().get(4));
    boolean fast = pass.kernels(q) && !pass.listens(this, PATTERN);
    Attended attended =
        fast ? fast(queries, keys, values, bias, scale) : plain(queries, keys, values, bias, scale);
    if (!fast) {
      NDArray weights = pass.tap(this, PATTERN, attended.weights());
      return weights.matMul(values.expandDims(1)).transpose(0, 3, 1, 2, 4);
    }
    return attended.output().transpose(0, 3, 1, 2, 4);
  }

  /**
   * Attends within whole sequences.
   *
   * @param pass what the pass carries
   * @param inputs q (B, L, C, H, d), k (B, L, H, d), v (B, L, H, e)
   * @return the output (B, L, C, H, e) and the weights (B, C, H, L, L)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray q = inputs.get(0).transpose(0, 2, 3, 1, 4);
    NDArray k = inputs.get(1).transpose(0, 2, 1, 3);
    NDArray v = inputs.get(2).transpose(0, 2, 1, 3);
    double scale = 1 / Math.sqrt(q.getShape().get(4));
    Attended attended = pass.kernels(q) ? fast(q, k, v, null, scale) : plain(q, k, v, null, scale);
    return new NDList(attended.output().transpose(0, 3, 1, 2, 4), attended.weights());
  }

  /** (B, 1, 1, 1, M): the type's lowest number where a key is padding, as the official code has. */
  private static NDArray bias(NDArray valid, NDArray like) {
    NDArray padded = valid.logicalNot().toType(like.getDataType(), false);
    Shape shape = valid.getShape();
    return Arithmetic.times(padded, -Float.MAX_VALUE).reshape(shape.get(0), 1, 1, 1, shape.get(1));
  }

  /** Weights and output; q (B, C, H, L, d), k and v (B, H, M, d). */
  static Attended fast(NDArray q, NDArray k, NDArray v, NDArray bias, double scale) {
    NDList result = KERNELS.callAll("stick_breaking", q, k, v, bias, scale);
    return new Attended(result.get(0), result.get(1));
  }

  static Attended plain(NDArray q, NDArray k, NDArray v, NDArray bias, double scale) {
    NDArray logits = Arithmetic.times(q, scale).matMul(k.expandDims(1).transpose(0, 1, 2, 4, 3));
    if (bias != null) {
      logits = logits.add(bias);
    }
    NDArray seen = seen(logits);
    NDArray beta = Activation.sigmoid(logits).mul(seen);
    // log(1 - beta) = -softplus(l) = min(-l, 0) - log(1 + exp(-|l|))
    NDArray rest =
        Arithmetic.atMost(logits.neg(), 0).sub(logits.abs().neg().exp().add(1).log()).mul(seen);
    NDArray tail = rest.flip(-1).cumSum(-1).flip(-1);
    Shape column = tail.get("..., :1").getShape();
    NDArray end = tail.getManager().zeros(column, tail.getDataType());
    NDArray nearer = Tensors.concat(new NDList(tail.get("..., 1:"), end), -1);
    NDArray weights = beta.mul(nearer.exp());
    return new Attended(weights.matMul(v.expandDims(1)), weights);
  }

  /** (L, M): 1 where a key is not later than the query. */
  private static NDArray seen(NDArray logits) {
    Shape shape = logits.getShape();
    return Masks.causal(logits, shape.get(3), shape.get(4)).toType(logits.getDataType(), false);
  }
}
