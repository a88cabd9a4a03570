package org.attentionzoo.blocks.papers.groupeddiffattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import java.util.Set;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.attention.CausalKeys;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.RmsNorm;
import org.attentionzoo.blocks.positions.Rotary;

/**
 * Differential attention (Ye et al. 2024), the baseline of grouped differential attention: pairs of
 * query and key heads, the second of which is subtracted. Key heads are repeated one by one before
 * they are paired, as in the official code, so that with two queries for a key both of a pair read
 * one key head. Rotary positions pair neighbours.
 *
 * <p>State dict: {@code q_proj}, {@code k_proj}, {@code v_proj}, {@code out_proj}, {@code
 * lambda_q1}, {@code lambda_k1}, {@code lambda_q2}, {@code lambda_k2}, {@code subln.weight}.
 */
public final class DifferentialAttention extends MixerBlock {

  private static final double BASE = 10000;
  private static final double NORM_EPSILON = 1e-5;

  private final int width;
  private final int heads;
  private final int keyValueHeads;
  private final int headWidth;
  private final double start;
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final Linear output;
  private final Parameter[] vectors;
  private final RmsNorm norm;

  /**
   * Attention of a layer, whose factor starts at 0.8 - 0.6 exp(-0.3 depth).
   *
   * @param width the size of the hidden states; a multiple of four times the heads
   * @param depth the number of the layer, from 0
   * @param heads the number of pairs of query heads
   * @param keyValueHeads the number of pairs of key heads; divides heads
   */
  public DifferentialAttention(int width, int depth, int heads, int keyValueHeads) {
    this(width, 0.8 - 0.6 * Math.exp(-0.3 * depth), heads, keyValueHeads);
  }

  /**
   * Attention.
   *
   * @param width the size of the hidden states; a multiple of four times the heads
   * @param start the factor of the second pattern at first
   * @param heads the number of pairs of query heads
   * @param keyValueHeads the number of pairs of key heads; divides heads
   */
  public DifferentialAttention(int width, double start, int heads, int keyValueHeads) {
    if (heads < 1 || width % (4 * heads) != 0 || keyValueHeads < 1 || heads % keyValueHeads != 0) {
      throw new IllegalArgumentException(
          "width must be a multiple of four times the heads, heads of keyValueHeads; got width "
              + width
              + ", "
              + heads
              + " heads, "
              + keyValueHeads
              + " key-value heads");
    }
    this.width = width;
    this.heads = heads;
    this.keyValueHeads = keyValueHeads;
    this.start = start;
    headWidth = width / heads / 2;
    long grouped = 2L * keyValueHeads * headWidth;
    query = child("q_proj", new Linear(width, width, false));
    key = child("k_proj", new Linear(width, grouped, false));
    value = child("v_proj", new Linear(width, grouped, false));
    output = child("out_proj", new Linear(width, width, false));
    vectors =
        new Parameter[] {
          vector("lambda_q1"), vector("lambda_k1"), vector("lambda_q2"), vector("lambda_k2")
        };
    norm = child("subln", new RmsNorm(2 * headWidth, NORM_EPSILON));
  }

  private Parameter vector(String name) {
    return parameter(name, Initializers.normal(0.1), headWidth);
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
  public Set<String> tapPoints() {
    return Set.of(DotProductAttention.PATTERN);
  }

  /** {@inheritDoc} */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    NDArray positions = sequences.positions(pass, this, hidden);
    NDArray frequencies = Rotary.frequencies(hidden, headWidth, BASE);
    NDArray angles = positions.toType(DataType.FLOAT32, false).expandDims(-1).mul(frequencies);
    NDArray spread = angles.getShape().dimension() == 3 ? angles.expandDims(1) : angles;
    return attend(pass, hidden, spread.cos(), spread.sin(), sequences, null);
  }

  /**
   * Attends with given rotations.
   *
   * @param pass what the pass carries
   * @param hidden (B, L, width)
   * @param cos broadcastable to (B, H, L, head width / 2), of each neighbouring pair's angle
   * @param sin the same
   * @param mask broadcastable to (B, 1, L, L), added to the scores, minus infinity where a key is
   *     hidden: it says alone what is seen; null for the keys up to the query
   * @return (B, L, width)
   */
  public NDArray attend(Pass pass, NDArray hidden, NDArray cos, NDArray sin, NDArray mask) {
    return attend(pass, hidden, cos, sin, Sequences.FULL, mask);
  }

  private NDArray attend(
      Pass pass, NDArray hidden, NDArray cos, NDArray sin, Sequences sequences, NDArray mask) {
    Shape shape = hidden.getShape();
    long batch = shape.get(0);
    long length = shape.get(1);
    NDArray q = rotate(Tensors.splitHeads(query.forward(pass, hidden), 2 * heads), cos, sin);
    NDArray k = rotate(Tensors.splitHeads(key.forward(pass, hidden), 2 * keyValueHeads), cos, sin);
    NDArray v = Tensors.splitHeads(value.forward(pass, hidden), keyValueHeads);
    CausalKeys seen =
        mask == null
            ? CausalKeys.of(pass, this, k, v, sequences)
            : new CausalKeys(k, v, null, false);
    int copies = heads / keyValueHeads;
    long count = seen.keys().getShape().get(2);
    NDArray queries = q.reshape(batch, heads, 2, length, headWidth);
    NDArray keys =
        DifferentialMaps.repeat(seen.keys(), copies).reshape(batch, heads, 2, count, headWidth);
    NDArray values = DifferentialMaps.repeat(seen.values(), copies);
    NDArray context =
        DifferentialMaps.attend(
            pass,
            this,
            queries.get(":, :, 0"),
            keys.get(":, :, 0"),
            values,
            queries.get(":, :, 1"),
            keys.get(":, :, 1"),
            values,
            seen,
            mask,
            1 / Math.sqrt(headWidth),
            DifferentialMaps.lambda(pass, hidden, vectors, start));
    NDArray normed = Arithmetic.times(norm.forward(pass, context), 1 - start);
    return output.forward(pass, Tensors.joinHeads(normed));
  }

  private static NDArray rotate(NDArray x, NDArray cos, NDArray sin) {
    Shape shape = x.getShape();
    NDArray pairs = x.reshape(shape.get(0), shape.get(1), shape.get(2), shape.get(3) / 2, 2);
    NDArray first = pairs.get("..., 0");
    NDArray second = pairs.get("..., 1");
    NDList turned =
        new NDList(first.mul(cos).sub(second.mul(sin)), second.mul(cos).add(first.mul(sin)));
    return NDArrays.stack(turned, -1).reshape(shape);
  }
}
