package org.attentionzoo.blocks.papers.superlinearattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.DecodeState;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Padding;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.attention.CausalKeys;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.attention.SeenKeys;
import org.attentionzoo.blocks.layers.Linear;

/**
 * Causal attention whose tokens search for spans to attend to (Superlinear Multi-Step Attention,
 * arXiv 2601.18401), around a {@link SpanAttentionCore}. It has no positions of its own: in the
 * paper's release they come from recurrent layers below it, which also make an anchor's key speak
 * for its neighbourhood.
 *
 * <p>The search query's projection starts as a copy of the query's. State dict: {@code q_proj},
 * {@code search_proj}, {@code k_proj}, {@code v_proj}, {@code o_proj}; those of {@link
 * org.attentionzoo.blocks.attention.MultiHeadAttention} beside the second. With {@code dense} the
 * same weights attend to everything.
 */
public final class SuperlinearAttention extends MixerBlock {

  private final int heads;
  private final int groups;
  private final int headWidth;
  private final boolean dense;
  private final Linear query;
  private final Linear search;
  private final Linear key;
  private final Linear value;
  private final Linear output;
  private final SpanAttentionCore core;

  /**
   * Attention.
   *
   * @param width the size of the hidden states
   * @param heads the number of query heads; divides width
   * @param groups the number of key heads; divides heads
   * @param spans where it searches
   * @param dense whether it attends to all earlier tokens and does not search
   */
  public SuperlinearAttention(int width, int heads, int groups, SpanConfig spans, boolean dense) {
    if (heads < 1 || groups < 1 || width % heads != 0 || heads % groups != 0) {
      throw new IllegalArgumentException(
          "heads divide width and groups divide heads; got width "
              + width
              + ", "
              + heads
              + " heads and "
              + groups
              + " groups");
    }
    this.heads = heads;
    this.groups = groups;
    this.dense = dense;
    headWidth = width / heads;
    query = child("q_proj", new Linear(width, width, false));
    search =
        child(
            "search_proj",
            new Linear(
                width,
                width,
                (manager, shape, type) -> {
                  NDArray copy = query.weight().getArray().duplicate();
                  copy.attach(manager);
                  return copy;
                },
                null));
    key = child("k_proj", new Linear(width, (long) groups * headWidth, false));
    value = child("v_proj", new Linear(width, (long) groups * headWidth, false));
    output = child("o_proj", new Linear(width, width, false));
    core = child("core", new SpanAttentionCore(spans));
  }

  /** {@inheritDoc} */
  @Override
  public String role() {
    return "attention";
  }

  /** {@inheritDoc} */
  @Override
  public boolean isCausal() {
    return true;
  }

  /** {@inheritDoc} */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    NDArray q = Tensors.splitHeads(query.forward(pass, hidden), heads);
    NDArray k = Tensors.splitHeads(key.forward(pass, hidden), groups);
    NDArray v = Tensors.splitHeads(value.forward(pass, hidden), groups);
    NDArray context =
        dense
            ? everything(pass, q, CausalKeys.of(pass, this, k, v, sequences))
            : sparse(
                pass,
                Tensors.splitHeads(search.forward(pass, hidden), heads),
                q,
                seen(pass, k, v, sequences));
    return output.forward(pass, Tensors.joinHeads(context));
  }

  private NDArray everything(Pass pass, NDArray q, CausalKeys seen) {
    return DotProductAttention.attend(
        pass,
        this,
        q,
        repeat(seen.keys()),
        repeat(seen.values()),
        seen.mask(),
        null,
        seen.causal(),
        1 / Math.sqrt(headWidth),
        0);
  }

  /** As {@link CausalKeys}, without the mask of all pairs. */
  private SeenKeys seen(Pass pass, NDArray k, NDArray v, Sequences sequences) {
    if (pass.cache() == null) {
      return new SeenKeys(k, v, sequences.valid(), null);
    }
    DecodeState state = pass.cache().of(this);
    SeenKeys all = SeenKeys.behind(state, 2, k, v, sequences.valid(), null);
    all.remember(state);
    return all;
  }

  private NDArray sparse(Pass pass, NDArray searching, NDArray q, SeenKeys seen) {
    long length = q.getShape().get(2);
    long count = seen.keys().getShape().get(2);
    if (seen.valid() == null) {
      NDArray positions =
          q.getManager()
              .arange((int) (count - length), (int) count, 1, DataType.INT64, q.getDevice())
              .expandDims(0);
      return core.attend(pass, searching, q, seen.keys(), seen.values(), positions, null).output();
    }
    // distances count valid tokens, wherever the padding stands
    Padding padding = new Padding(seen.valid());
    NDArray places = seen.valid().toType(DataType.INT64, false).cumSum(1).sub(1L);
    NDArray positions =
        Arithmetic.atLeast(places.get(":, {}:", count - length), 0).toType(DataType.INT64, false);
    return core.attend(
            pass,
            searching,
            q,
            compact(padding, seen.keys()),
            compact(padding, seen.values()),
            positions,
            null)
        .output();
  }

  private static NDArray compact(Padding padding, NDArray x) {
    return Tensors.splitHeads(padding.compact(Tensors.joinHeads(x)), x.getShape().get(1));
  }

  private NDArray repeat(NDArray x) {
    return heads == groups ? x : x.repeat(1, heads / groups);
  }
}
