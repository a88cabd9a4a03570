package org.attentionzoo.blocks.papers.cab;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.AttentionPattern;
import org.attentionzoo.blocks.DecodeState;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.Normalizer;
import org.attentionzoo.blocks.layers.Initializers;

/**
 * Attention to a bounded memory (ABC, Peng et al. 2022, as CAB's library has it), in all four
 * patterns: r slots hold weighed means of keys, k' = softmax over places of (k Wk) times k, and of
 * values likewise, and queries attend to the slots:
 *
 * <pre>
 *   o = softmax(q k'^T / sqrt(d)) v'
 * </pre>
 *
 * <p>Causal self attention is the library's: the slots at place t hold exp(a_t - log of the sum of
 * exp(a_j) up to t) k_t, the newest term of the running mean and not the earlier ones. There each
 * a_t counts as at most 60, and at least -60. What a sequence leaves behind are the sums.
 *
 * <p>State dict: {@code compress_k}, {@code compress_v} (headWidth, r).
 */
public final class BoundedMemory extends ZooBlock implements PatternCore {

  /**
   * The largest logit of either sign; e to it, its sums and what they are divided by are far within
   * float32.
   */
  private static final double LARGEST = 60;

  /** Less than e to the least logit; stands where there is padding alone. */
  private static final double LEAST = 1e-27;

  private final Parameter compressKeys;
  private final Parameter compressValues;

  /**
   * A memory.
   *
   * @param headWidth the size of a key
   * @param slots r
   */
  public BoundedMemory(int headWidth, int slots) {
    if (slots < 1) {
      throw new IllegalArgumentException("a memory has at least 1 slot, got " + slots);
    }
    double bound = Math.sqrt(0.5) * Math.sqrt(6.0 / (headWidth + slots));
    compressKeys = parameter("compress_k", Initializers.uniform(bound), headWidth, slots);
    compressValues = parameter("compress_v", Initializers.uniform(bound), headWidth, slots);
  }

  @Override
  public Set<AttentionPattern> patterns() {
    return EnumSet.allOf(AttentionPattern.class);
  }

  @Override
  public Optional<ZooBlock> weights() {
    return Optional.of(this);
  }

  @Override
  public NDArray attend(Pass pass, Block owner, AttentionPattern pattern, Heads heads) {
    NDArray k = heads.k();
    NDArray v = heads.v();
    NDArray scaled = heads.scaledQueries();
    NDArray keyLogits = k.matMul(pass.value(compressKeys, k)); // (B, H, Ls, r)
    NDArray valueLogits = v.matMul(pass.value(compressValues, v));
    NDArray valid = heads.valid();
    if (pattern == AttentionPattern.CAUSAL_SELF) {
      DecodeState state = pass.cache() == null ? null : pass.cache().of(owner);
      NDArray live = valid == null ? null : valid.toType(k.getDataType(), false).swapAxes(2, 3);
      NDArray keyShare = share(keyLogits, live, state, "key");
      NDArray valueShare = share(valueLogits, live, state, "value");
      NDArray logits = scaled.mul(k).sum(new int[] {3}, true).mul(keyShare);
      return logits.softmax(-1).mul(valueShare).sum(new int[] {3}, true).mul(v);
    }
    NDArray keys = Normalizer.SOFTMAX.weights(keyLogits.swapAxes(2, 3), valid).matMul(k);
    NDArray values = Normalizer.SOFTMAX.weights(valueLogits.swapAxes(2, 3), valid).matMul(v);
    return scaled.matMul(keys.swapAxes(2, 3)).softmax(-1).matMul(values);
  }

  /**
   * exp(a_t) over its sum up to t. What is bounded is each logit by itself: less a maximum over the
   * sequence, a loud later token would press all earlier terms to zero.
   */
  private static NDArray share(NDArray logits, NDArray live, DecodeState state, String name) {
    NDArray bounded = Arithmetic.atMost(Arithmetic.atLeast(logits, -LARGEST), LARGEST);
    NDArray weights = live == null ? bounded.exp() : bounded.exp().mul(live);
    NDArray sums = weights.cumSum(2);
    if (state != null) {
      NDArray before = state.borrow(name, logits);
      sums = before == null ? sums : sums.add(before);
      state.put(name, sums.get(":, :, -1:"));
    }
    return weights.div(Arithmetic.atLeast(sums, LEAST));
  }

  /**
   * The slots alone, as a block of their own.
   *
   * @param pass what the pass carries
   * @param inputs keys (B, H, L, headWidth)
   * @return (B, H, r, headWidth)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray k = inputs.head();
    NDArray logits = k.matMul(pass.value(compressKeys, k)).swapAxes(2, 3);
    return new NDList(logits.softmax(-1).matMul(k));
  }
}
