package org.attentionzoo.blocks.papers.kronecker;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.Set;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.attention.Masks;

/**
 * Attention of each token to all tuples of tokens (Alman and Song 2023, definition 1.2, here for
 * triples):
 *
 * <pre>
 *   S_ijk = sum over c of Q_ic K1_jc K2_kc / scale
 *   O_i   = sum over j, k of softmax(S_i)_jk (V1_j * V2_k),  the softmax over all pairs at once
 * </pre>
 *
 * <p>That is plain attention to the rows of the column-wise Kronecker products of K1 and K2 and of
 * V1 and V2, n^2 of them (n^(p-1) at order p): exact, with cost and memory to match. Causal
 * attention sees tuples none of whose tokens is later. No parameters. Tap: {@code pattern} (B,
 * heads, n, n^(p-1)), the index of the first key growing slowest.
 */
public final class TensorProductAttention extends ZooBlock {

  private final TensorScale scale;
  private final boolean causal;

  /**
   * Attention.
   *
   * @param scale what divides the logits
   * @param causal whether tuples with later tokens are hidden
   */
  public TensorProductAttention(TensorScale scale, boolean causal) {
    this.scale = scale;
    this.causal = causal;
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return Set.of(DotProductAttention.PATTERN);
  }

  /**
   * Attends.
   *
   * @param pass what the pass carries
   * @param query (B, heads, n, d)
   * @param keys each (B, heads, n, d); one less than the order
   * @param values as many, each (B, heads, n, e)
   * @param valid (B, n) boolean, false where padded; null if nothing is
   * @return (B, heads, n, e)
   */
  public NDArray attend(
      Pass pass, NDArray query, List<NDArray> keys, List<NDArray> values, NDArray valid) {
    if (keys.isEmpty() || keys.size() != values.size()) {
      throw new IllegalArgumentException(
          keys.size() + " keys and " + values.size() + " values; expected as many, at least one");
    }
    NDArray key = keys.get(0);
    NDArray value = values.get(0);
    for (int i = 1; i < keys.size(); i++) {
      key = pairs(key, keys.get(i));
      value = pairs(value, values.get(i));
    }
    double factor = 1 / scale.of(query.getShape().get(3));
    NDArray mask = mask(query, keys.size(), valid);
    return DotProductAttention.attend(pass, this, query, key, value, mask, null, false, factor, 0);
  }

  /** (B, H, m, d) and (B, H, n, d) to (B, H, m n, d): all products of rows. */
  private static NDArray pairs(NDArray a, NDArray b) {
    Shape shape = a.getShape();
    return a.expandDims(3)
        .mul(b.expandDims(2))
        .reshape(shape.get(0), shape.get(1), shape.get(2) * b.getShape().get(2), shape.get(3));
  }

  /** Broadcastable to (B, H, n, n^count); null if all tuples are allowed. */
  private NDArray mask(NDArray query, int count, NDArray valid) {
    long length = query.getShape().get(2);
    NDArray earlier = causal ? Masks.causal(query, length, length) : null;
    NDArray one = Masks.both(earlier, Masks.keys(valid));
    NDArray all = one;
    for (int i = 1; one != null && i < count; i++) {
      Shape shape = all.getShape();
      all =
          all.expandDims(4)
              .logicalAnd(one.expandDims(3))
              .reshape(shape.get(0), 1, shape.get(2), shape.get(3) * length);
    }
    return all;
  }

  /**
   * Attends.
   *
   * @param pass what the pass carries
   * @param inputs the query, the keys and as many values
   * @return what is mixed
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    int count = (inputs.size() - 1) / 2;
    return new NDList(
        attend(
            pass,
            inputs.head(),
            inputs.subList(1, 1 + count),
            inputs.subList(1 + count, inputs.size()),
            null));
  }
}
