package org.attentionzoo.blocks.papers.cmr;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.layers.Linear;

/**
 * Multi-head attention from some states to others.
 *
 * <p>State dict: {@code q_proj}, {@code k_proj}, {@code v_proj}, {@code out_proj}.
 */
final class HeadAttention extends ZooBlock {

  private final int heads;
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final Linear output;

  HeadAttention(int width, int heads) {
    this.heads = heads;
    query = child("q_proj", new Linear(width, width));
    key = child("k_proj", new Linear(width, width));
    value = child("v_proj", new Linear(width, width));
    output = child("out_proj", new Linear(width, width));
  }

  /** Queries and keys, every key seen. */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    return new NDList(attend(pass, inputs.get(0), inputs.get(1), null));
  }

  /**
   * Attends.
   *
   * @param pass what the pass carries
   * @param from (B, n, H)
   * @param to (B, m, H)
   * @param mask boolean, broadcastable to (B, heads, n, m); null for all
   * @return (B, n, H)
   */
  NDArray attend(Pass pass, NDArray from, NDArray to, NDArray mask) {
    NDArray q = Tensors.splitHeads(query.forward(pass, from), heads);
    NDArray k = Tensors.splitHeads(key.forward(pass, to), heads);
    NDArray v = Tensors.splitHeads(value.forward(pass, to), heads);
    double scale = 1 / Math.sqrt(q.getShape().get(3));
    NDArray context = DotProductAttention.attend(pass, this, q, k, v, mask, null, false, scale, 0);
    return output.forward(pass, Tensors.joinHeads(context));
  }
}
