package org.attentionzoo.blocks.papers.cab;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.AttentionPattern;
import org.attentionzoo.blocks.DecodeState;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.Normalizer;
import org.attentionzoo.blocks.kernels.KernelLibrary;
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
 * exp(a_j) up to t) k_t, the newest term of the running mean and not the earlier ones. What a
 * sequence leaves behind is that log.
 *
 * <p>State dict: {@code compress_k}, {@code compress_v} (headWidth, r).
 */
public final class BoundedMemory extends ZooBlock implements PatternCore {

  /** The logit of a place that does not exist. */
  private static final double LOWEST = -1e30;

  /** What makes later places count for nothing even beside places that do not exist. */
  private static final double BELOW_LOWEST = -1e38;

  private static final KernelLibrary KERNELS =
      KernelLibrary.of(BoundedMemory.class, "prefixes.torchscript");

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
      NDArray keyShare = share(pass, keyLogits, live, state, "key");
      NDArray valueShare = share(pass, valueLogits, live, state, "value");
      NDArray logits = scaled.mul(k).sum(new int[] {3}, true).mul(keyShare);
      return logits.softmax(-1).mul(valueShare).sum(new int[] {3}, true).mul(v);
    }
    NDArray keys = Normalizer.SOFTMAX.weights(keyLogits.swapAxes(2, 3), valid).matMul(k);
    NDArray values = Normalizer.SOFTMAX.weights(valueLogits.swapAxes(2, 3), valid).matMul(v);
    return scaled.matMul(keys.swapAxes(2, 3)).softmax(-1).matMul(values);
  }

  /**
   * exp(a_t) over its sum up to t. The logarithm of that sum, not a sum of terms below a common
   * bound: a bound taken from later places could press all earlier terms to zero.
   */
  private static NDArray share(
      Pass pass, NDArray logits, NDArray live, DecodeState state, String name) {
    NDArray given =
        live == null
            ? logits
            : Tensors.choose(live, logits, Arithmetic.times(logits.onesLike(), LOWEST));
    NDArray before = state == null ? null : state.borrow(name, logits);
    NDArray sums =
        before == null
            ? prefixLogSums(pass, given)
            : prefixLogSums(pass, before.concat(given, 2)).get(":, :, 1:");
    if (state != null) {
      state.put(name, sums.get(":, :, -1:"));
    }
    NDArray weights = given.sub(sums).exp();
    return live == null ? weights : weights.mul(live);
  }

  private static NDArray prefixLogSums(Pass pass, NDArray x) {
    return pass.kernels(x) ? fastPrefixLogSums(x) : plainPrefixLogSums(x);
  }

  /** The log of the sum of exp(x) up to each place of axis 2. */
  static NDArray fastPrefixLogSums(NDArray x) {
    return KERNELS.call("prefix_log_sums", x);
  }

  /** Forms all pairs of places. */
  static NDArray plainPrefixLogSums(NDArray x) {
    long length = x.getShape().get(2);
    NDArray place = x.getManager().arange(0, (int) length, 1, DataType.INT64, x.getDevice());
    NDArray later =
        place.reshape(1, length).gt(place.reshape(length, 1)).toType(x.getDataType(), false);
    NDArray pairs =
        x.expandDims(2).add(Arithmetic.times(later, BELOW_LOWEST).reshape(length, length, 1));
    NDArray most = pairs.stopGradient().max(new int[] {3}, true); // (B, H, L, 1, r)
    return pairs.sub(most).exp().sum(new int[] {3}).log().add(most.squeeze(3));
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
