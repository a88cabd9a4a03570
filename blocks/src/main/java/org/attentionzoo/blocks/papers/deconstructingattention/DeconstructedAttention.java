package org.attentionzoo.blocks.papers.deconstructingattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.core.Embedding;
import java.util.Set;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.CausalKeys;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.attention.Normalizer;
import org.attentionzoo.blocks.attention.PositiveWeights;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.positions.Rotary;

/**
 * Causal attention or one of what Lin et al. 2025 put in its place to find which of its principles
 * language models need.
 *
 * <p>State dict: {@code q_proj}, {@code k_proj}, {@code v_proj}, {@code o_proj}; of the network
 * {@code gate_proj}, {@code up_proj}, {@code down_proj}.
 */
public final class DeconstructedAttention extends ZooBlock {

  private static final Normalizer TAYLOR = new PositiveWeights(PositiveWeights.Function.TAYLOR);

  private final int width;
  private final int heads;
  private final Variant variant;
  private final Rotary rotary;
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final Linear output;
  private final Linear gate;
  private final Linear up;
  private final Linear down;

  /**
   * Attention, or what stands in its place.
   *
   * @param width the size of the hidden states; a multiple of heads
   * @param heads the number of heads
   * @param variant what stands there
   * @param hidden the inner size of the network; 4/3 of the width gives it as many parameters
   * @param rotary rotary positions where scores compare; null for none
   */
  public DeconstructedAttention(int width, int heads, Variant variant, int hidden, Rotary rotary) {
    if (heads < 1 || width % heads != 0) {
      throw new IllegalArgumentException(
          "width must be a multiple of heads; got width " + width + " and " + heads + " heads");
    }
    this.width = width;
    this.heads = heads;
    this.variant = variant;
    this.rotary = variant.compares() ? rotary : null;
    boolean network = variant == Variant.MLP;
    query = network ? null : child("q_proj", new Linear(width, width, false));
    key = network ? null : child("k_proj", new Linear(width, width, false));
    value = network ? null : child("v_proj", new Linear(width, width, false));
    output = network ? null : child("o_proj", new Linear(width, width, false));
    gate = network ? child("gate_proj", new Linear(width, hidden, false)) : null;
    up = network ? child("up_proj", new Linear(width, hidden, false)) : null;
    down = network ? child("down_proj", new Linear(hidden, width, false)) : null;
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return variant == Variant.MLP ? Set.of() : Set.of(DotProductAttention.PATTERN);
  }

  /**
   * Mixes whole sequences.
   *
   * @param pass what the pass carries
   * @param inputs hidden states (B, L, width), and what queries and keys are made of (1 or B, L,
   *     width) if it is not they
   * @return (B, L, width), and the pattern (B, H, L, L) unless it is the network
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray hidden = inputs.head();
    if (variant == Variant.MLP) {
      return new NDList(network(pass, hidden));
    }
    NDArray source = inputs.size() > 1 ? inputs.get(1) : hidden;
    NDArray positions = Sequences.FULL.positions(pass, this, hidden);
    Seen seen = seen(pass, hidden, source, positions, Sequences.FULL);
    NDArray pattern = pass.tap(this, DotProductAttention.PATTERN, weights(seen));
    return new NDList(finish(pass, pattern.matMul(seen.keys().values())), pattern);
  }

  /**
   * Mixes.
   *
   * @param pass what the pass carries; with a cache, the tokens continue its sequences
   * @param hidden (B, L, width)
   * @param source what queries and keys are made of: hidden itself, or the embeddings (B, L, width)
   * @param stream normalised states of the second stream (1, n, width) at all positions so far;
   *     null where there is none
   * @param sequences padding and positions
   * @return (B, L, width)
   */
  public NDArray mix(
      Pass pass, NDArray hidden, NDArray source, NDArray stream, Sequences sequences) {
    if (variant == Variant.MLP) {
      return network(pass, hidden);
    }
    NDArray positions = sequences.positions(pass, this, hidden);
    Seen seen =
        stream == null
            ? seen(pass, hidden, source, positions, sequences)
            : placed(pass, hidden, stream, positions, sequences);
    CausalKeys keys = seen.keys();
    NDArray context =
        DotProductAttention.attend(
            pass,
            this,
            seen.queries(),
            keys.keys(),
            keys.values(),
            keys.mask(),
            null,
            keys.causal(),
            scale(),
            0,
            normalizer());
    return finish(pass, context);
  }

  /** Queries, and the keys and values that they see. */
  private record Seen(NDArray queries, CausalKeys keys) {}

  private Seen seen(
      Pass pass, NDArray hidden, NDArray source, NDArray positions, Sequences sequences) {
    NDArray q = Tensors.splitHeads(query.forward(pass, source), heads);
    NDArray k = Tensors.splitHeads(key.forward(pass, source), heads);
    NDArray v = Tensors.splitHeads(value.forward(pass, hidden), heads);
    if (variant == Variant.SELFGATE) {
      // Every query asks for the same: a score is its key's alone.
      NDArray own = Arithmetic.silu(q).mul(k).sum(new int[] {-1}, true);
      return new Seen(own.onesLike(), CausalKeys.of(pass, this, own, v, sequences));
    }
    if (rotary != null) {
      q = rotary.rotate(pass, q, positions);
      k = rotary.rotate(pass, k, positions);
    }
    return new Seen(q, CausalKeys.of(pass, this, k, v, sequences));
  }

  /** Queries and keys of the stream, at the places where the tokens are. */
  private Seen placed(
      Pass pass, NDArray hidden, NDArray stream, NDArray positions, Sequences sequences) {
    NDArray q = Tensors.splitHeads(query.forward(pass, stream), heads);
    NDArray k = Tensors.splitHeads(key.forward(pass, stream), heads);
    if (rotary != null) {
      long count = stream.getShape().get(1);
      NDArray all =
          stream.getManager().arange(0, (int) count, 1, DataType.INT64, stream.getDevice());
      q = rotary.rotate(pass, q, all);
      k = rotary.rotate(pass, k, all);
    }
    long batch = hidden.getShape().get(0);
    NDArray v = Tensors.splitHeads(value.forward(pass, hidden), heads);
    return new Seen(
        at(q, positions, batch), CausalKeys.of(pass, this, at(k, positions, batch), v, sequences));
  }

  /** (1, H, n, d) at positions (L) or (B, L) to (B, H, L, d). */
  private NDArray at(NDArray x, NDArray positions, long batch) {
    long count = x.getShape().get(2);
    NDArray table = x.squeeze(0).transpose(1, 0, 2).reshape(count, width);
    NDArray rows = Embedding.embedding(positions, table, SparseFormat.DENSE).singletonOrThrow();
    NDArray all = rows.getShape().dimension() == 2 ? rows.expandDims(0) : rows;
    Shape shape = new Shape(batch, all.getShape().get(1), width);
    return Tensors.splitHeads(all.broadcast(shape), heads);
  }

  private NDArray weights(Seen seen) {
    NDArray scores =
        Arithmetic.times(seen.queries(), scale()).matMul(seen.keys().keys().swapAxes(2, 3));
    return normalizer().weights(scores, seen.keys().allowed());
  }

  private Normalizer normalizer() {
    return variant == Variant.TAYLOR2 ? TAYLOR : Normalizer.SOFTMAX;
  }

  private double scale() {
    return 1 / Math.sqrt((double) width / heads);
  }

  private NDArray network(Pass pass, NDArray x) {
    return down.forward(pass, Arithmetic.silu(gate.forward(pass, x)).mul(up.forward(pass, x)));
  }

  private NDArray finish(Pass pass, NDArray context) {
    return output.forward(pass, Tensors.joinHeads(context));
  }
}
