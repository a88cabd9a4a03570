package org.attentionzoo.blocks.papers.cab;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import java.util.EnumSet;
import java.util.Set;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.AttentionPattern;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.PatternMixer;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;

/**
 * Multi-head attention in all four patterns, plain or with bounded memory (ABC, Peng et al. 2022,
 * as CAB's library has it): r slots hold weighed means of keys, k' = softmax over places of (k Wk)
 * times k, and of values likewise, and queries attend to the slots:
 *
 * <pre>
 *   o = softmax(q k'^T / sqrt(d)) v'
 * </pre>
 *
 * <p>Causal self attention of bounded memory is the library's: the slots at place t hold exp(a_t -
 * log of the sum of exp(a_j) up to t) k_t, the newest term of the running mean and not the earlier
 * ones.
 *
 * <p>State dict, with the official names: {@code q_proj}, {@code k_proj}, {@code v_proj}, {@code
 * out_proj}, and {@code compress_k}, {@code compress_v} (headWidth, r) with bounded memory.
 */
public final class PatternAttention extends ZooBlock implements PatternMixer {

  private final int heads;
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final Linear output;
  private final Parameter compressKeys;
  private final Parameter compressValues;
  private final AttentionPattern usual;

  /**
   * Attention.
   *
   * @param width the size of the hidden states; a multiple of heads
   * @param heads the number of heads
   * @param slots r; 0 for plain attention
   * @param usual the pattern of a call that names none
   */
  public PatternAttention(int width, int heads, int slots, AttentionPattern usual) {
    if (heads < 1 || width % heads != 0 || slots < 0) {
      throw new IllegalArgumentException(
          "width must be a multiple of heads; got width " + width + " and heads " + heads);
    }
    this.heads = heads;
    this.usual = usual;
    query = child("q_proj", new Linear(width, width));
    key = child("k_proj", new Linear(width, width));
    value = child("v_proj", new Linear(width, width));
    output = child("out_proj", new Linear(width, width));
    int head = width / heads;
    double bound = Math.sqrt(0.5) * Math.sqrt(6.0 / (head + Math.max(1, slots)));
    compressKeys =
        slots == 0 ? null : parameter("compress_k", Initializers.uniform(bound), head, slots);
    compressValues =
        slots == 0 ? null : parameter("compress_v", Initializers.uniform(bound), head, slots);
  }

  /** {@inheritDoc} */
  @Override
  public Set<AttentionPattern> patterns() {
    return EnumSet.allOf(AttentionPattern.class);
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return compressKeys == null ? Set.of(DotProductAttention.PATTERN) : Set.of();
  }

  /** {@inheritDoc} */
  @Override
  public NDArray attend(Pass pass, AttentionPattern pattern, NDArray target, NDArray source) {
    require(pattern);
    NDArray q = split(query.forward(pass, target));
    NDArray k = split(key.forward(pass, source));
    NDArray v = split(value.forward(pass, source));
    double scale = 1 / Math.sqrt((double) target.getShape().get(2) / heads);
    boolean hides = pattern == AttentionPattern.CAUSAL_SELF;
    NDArray mixed;
    if (compressKeys == null) {
      mixed = DotProductAttention.attend(pass, this, q, k, v, null, null, hides, scale, 0);
    } else if (hides) {
      mixed = stepwise(pass, Arithmetic.times(q, scale), k, v);
    } else {
      NDArray weights = k.matMul(pass.value(compressKeys, k)).softmax(2).swapAxes(2, 3);
      NDArray keys = weights.matMul(k);
      NDArray chosen = v.matMul(pass.value(compressValues, v)).softmax(2).swapAxes(2, 3);
      NDArray slots = chosen.matMul(v);
      mixed = Arithmetic.times(q, scale).matMul(keys.swapAxes(2, 3)).softmax(-1).matMul(slots);
    }
    return output.forward(pass, mixed.transpose(0, 2, 1, 3).reshape(target.getShape()));
  }

  private NDArray stepwise(Pass pass, NDArray q, NDArray k, NDArray v) {
    NDArray keyShare = share(k.matMul(pass.value(compressKeys, k))); // (B, H, L, r)
    NDArray valueShare = share(v.matMul(pass.value(compressValues, v)));
    NDArray logits = q.mul(k).sum(new int[] {3}, true).mul(keyShare);
    return logits.softmax(-1).mul(valueShare).sum(new int[] {3}, true).mul(v);
  }

  /** exp(a_t) over its sum up to t; a common bound is subtracted, which changes nothing. */
  private static NDArray share(NDArray logits) {
    NDArray most = logits.stopGradient().max(new int[] {2}, true);
    NDArray weights = logits.sub(most).exp();
    return weights.div(Arithmetic.atLeast(weights.cumSum(2), 1e-30));
  }

  /** (B, L, width) to (B, heads, L, headWidth). */
  private NDArray split(NDArray x) {
    Shape shape = x.getShape();
    return x.reshape(shape.get(0), shape.get(1), heads, shape.get(2) / heads).transpose(0, 2, 1, 3);
  }

  /**
   * Attends in the usual pattern.
   *
   * @param pass what the pass carries
   * @param inputs (B, Lt, width), and (B, Ls, width) for cross patterns
   * @return (B, Lt, width)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray source = usual.isCross() ? inputs.get(1) : inputs.get(0);
    return new NDList(attend(pass, usual, inputs.get(0), source));
  }
}
