package org.attentionzoo.blocks.papers.masformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import java.util.Set;
import org.attentionzoo.blocks.DecodeState;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.AttentionSpan;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.attention.LocalAttention;
import org.attentionzoo.blocks.attention.Masks;
import org.attentionzoo.blocks.attention.SeenKeys;

/**
 * Causal scaled dot-product attention to the keys that a span lets a query see, with logits q k /
 * sqrt(d); no parameters.
 *
 * <p>A short span costs as much for each token however long the sequence is, and its decode cache
 * holds what later tokens may still see. With padding or in decoding, and on the plain path, all
 * pairs are formed and masked.
 */
public final class SpanCore extends ZooBlock {

  private final AttentionSpan span;
  private final double dropout;

  /**
   * A core.
   *
   * @param span which earlier tokens a token sees
   * @param dropout the rate on the attention pattern
   */
  public SpanCore(AttentionSpan span, double dropout) {
    this.span = span;
    this.dropout = dropout;
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return Set.of(DotProductAttention.PATTERN);
  }

  /**
   * Attends within whole sequences.
   *
   * @param pass what the pass carries
   * @param inputs queries, keys (B, H, L, d) and values (B, H, L, e)
   * @return (B, H, L, e)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray q = inputs.get(0);
    NDArray positions =
        q.getManager().arange(0, (int) q.getShape().get(2), 1, DataType.INT64, q.getDevice());
    return new NDList(attend(pass, q, inputs.get(1), inputs.get(2), positions, Sequences.FULL));
  }

  /**
   * Attends.
   *
   * @param pass what the pass carries; with a cache, the tokens continue its sequences
   * @param q (B, H, L, d)
   * @param k (B, H, L, d)
   * @param v (B, H, L, e)
   * @param positions (L) or (B, L) int64
   * @param sequences padding
   * @return (B, H, L, e)
   */
  public NDArray attend(
      Pass pass, NDArray q, NDArray k, NDArray v, NDArray positions, Sequences sequences) {
    boolean local =
        span.kind() != AttentionSpan.Kind.FULL
            && q.getShape().get(2) > span.size()
            && pass.cache() == null
            && sequences.valid() == null
            && sequences.positions() == null
            && pass.kernels(q)
            && !pass.listens(this, DotProductAttention.PATTERN);
    double scale = 1 / Math.sqrt(q.getShape().get(3));
    return local
        ? LocalAttention.attend(pass, this, q, k, v, null, null, null, span, false, scale, dropout)
        : masked(pass, q, k, v, positions, sequences.valid(), scale);
  }

  private NDArray masked(
      Pass pass, NDArray q, NDArray k, NDArray v, NDArray positions, NDArray valid, double scale) {
    SeenKeys seen = new SeenKeys(k, v, valid, positions);
    if (pass.cache() != null) {
      DecodeState state = pass.cache().of(this);
      seen = SeenKeys.behind(state, 2, k, v, valid, positions);
      state.setCount("seen", state.count("seen") + k.getShape().get(2));
      remember(state, seen);
    }
    NDArray allowed = seen.valid();
    boolean plainCausal =
        span.kind() == AttentionSpan.Kind.FULL && allowed == null && pass.cache() == null;
    NDArray mask = plainCausal ? null : mask(positions, seen.positions(), allowed);
    return DotProductAttention.attend(
        pass, this, q, seen.keys(), seen.values(), mask, null, plainCausal, scale, dropout);
  }

  /** Without padding, what no later token sees is forgotten. */
  private void remember(DecodeState state, SeenKeys seen) {
    long count = seen.keys().getShape().get(2);
    long next = state.count("seen");
    long from = seen.valid() == null ? Math.max(0, count - (next - span.earliest(next))) : 0;
    seen.rememberFrom(state, from);
  }

  private NDArray mask(NDArray queries, NDArray keys, NDArray allowed) {
    NDArray sees = span.sees(queries.expandDims(-1), keys.expandDims(-2));
    return Masks.both(Masks.ofAllHeads(sees), Masks.keys(allowed));
  }
}
