package org.attentionzoo.blocks.papers.combiner;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.sparse.TokenBlocks;

/**
 * Combiner-Fixed: the own segment token by token, other segments as one summary each. With segments
 * of sqrt(n) tokens a token has about 2 sqrt(n) logits.
 */
final class FixedSpans implements Factorization {

  private final CombinerConfig config;

  FixedSpans(CombinerConfig config) {
    this.config = config;
  }

  @Override
  public NDArray attend(Pass pass, Heads heads, NDArray averaged, NDArray hidden) {
    int m = config.segment();
    long length = heads.q().getShape().get(2);
    NDArray q = TokenBlocks.split(heads.q(), 2, m); // (B, H, S, m, d)
    NDArray k = TokenBlocks.split(heads.k(), 2, m);
    NDArray v = TokenBlocks.split(averaged, 2, m);
    long segments = q.getShape().get(2);
    NDArray exists = // (B, 1, S, m)
        config.causal() ? null : TokenBlocks.exists(q, length, m, heads.valid()).expandDims(1);
    NDArray live = exists == null ? null : exists.expandDims(4);
    NDArray spanQuery =
        live == null ? config.pooling().pool(q, 3) : config.pooling().pool(q, live, 3);
    NDArray spanKey =
        live == null ? config.pooling().pool(k, 3) : config.pooling().pool(k, live, 3);
    NDArray inner = Logits.products(spanQuery.expandDims(3), k); // (B, H, S, 1, m)
    NDArray direct = Logits.products(q, k); // (B, H, S, m, m)
    NDArray spans = Logits.products(q, spanKey.expandDims(2)); // (B, H, S, m, S)
    if (config.causal()) {
      direct = direct.add(Logits.earlier(q, m, false));
      spans = spans.add(Logits.earlier(q, segments, true).expandDims(1));
    } else {
      NDArray hide = Logits.hide(exists, q).expandDims(3); // (B, 1, S, 1, m)
      inner = inner.add(hide);
      direct = direct.add(hide);
      NDArray any = Logits.any(exists).expandDims(2).expandDims(2); // (B, 1, 1, 1, S)
      spans = spans.add(Logits.hide(any, q));
    }
    NDArray summary =
        Logits.weights(pass, inner, config.dropout()).matMul(v).squeeze(3); // (B, H, S, e)
    NDList weights =
        Logits.weights(pass, direct.concat(spans, 4), config.dropout()).split(new long[] {m}, 4);
    NDArray mixed = weights.get(0).matMul(v).add(weights.get(1).matMul(summary.expandDims(2)));
    return TokenBlocks.join(mixed, 2, length);
  }
}
