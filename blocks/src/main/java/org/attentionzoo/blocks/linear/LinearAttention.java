package org.attentionzoo.blocks.linear;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import org.attentionzoo.blocks.DecodeState;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.attention.Masks;
import org.attentionzoo.blocks.kernels.KernelLibrary;
import org.attentionzoo.blocks.linear.LinearAttentionConfig.Form;
import org.attentionzoo.blocks.linear.LinearAttentionConfig.Normaliser;

/**
 * Linear attention (Katharopoulos et al. 2020, equations 8 to 20) with decay per head: y_t = sum
 * over j up to t of exp(-rate (t - j)) (q_t . k_j) v_j, divided by the sum of the same weights if
 * the normaliser says so. Queries and keys are features: what a feature map gave.
 *
 * <p>All forms give the same. What a sequence leaves behind is one matrix of a size that does not
 * depend on its length: S_t = exp(-rate) S_(t-1) + k_t^T v_t per head. With a decode cache it is
 * kept as {@code memory} (B, H, features, value width), for normalised attention with a column of
 * the keys' sums. A padded token neither adds to it nor lets it decay.
 *
 * <p>Stateless and immutable.
 */
public final class LinearAttention {

  /** The tap of every block that calls this: (B, H, Lq, Lk), the weights of the values. */
  public static final String PATTERN = "pattern";

  private static final String MEMORY = "memory";

  private static final KernelLibrary KERNELS =
      KernelLibrary.of(LinearAttention.class, "linear.torchscript");

  private final LinearAttentionConfig config;

  /**
   * Attention of these parts.
   *
   * @param config the parts
   */
  public LinearAttention(LinearAttentionConfig config) {
    this.config = config;
  }

  /**
   * Outputs and what remains of the sequences.
   *
   * @param output (B, H, L, e)
   * @param memory (B, H, f, e), with a column of sums behind if normalised
   */
  public record Result(NDArray output, NDArray memory) {}

  /**
   * The parts.
   *
   * @return the config
   */
  public LinearAttentionConfig config() {
    return config;
  }

  /**
   * Attends; with a decode cache, continues its owner's sequences.
   *
   * @param pass what the pass carries
   * @param owner the block whose {@link #PATTERN} tap and state these are
   * @param q (B, H, Lq, f) features of the queries
   * @param k (B, H, Lk, f) features of the keys; Lk = Lq if causal
   * @param v (B, H, Lk, e)
   * @param valid (B, Lk) boolean, false where a key is padding; null for all
   * @return (B, H, Lq, e)
   */
  public NDArray attend(Pass pass, Block owner, NDArray q, NDArray k, NDArray v, NDArray valid) {
    if (!config.causal()) {
      return everywhere(pass, owner, q, k, v, valid);
    }
    DecodeState state = pass.cache() == null ? null : pass.cache().of(owner);
    NDArray memory = state == null ? null : state.borrow(MEMORY, q);
    Result result;
    if (pass.listens(owner, PATTERN)) {
      if (memory != null) {
        throw new IllegalArgumentException(
            "a pattern over pieces of sequences is not kept; listen to whole sequences");
      }
      NDArray pattern = pass.tap(owner, PATTERN, pattern(q, k, valid));
      result = new Result(pattern.matMul(v), state == null ? null : continued(q, k, v, valid));
    } else {
      result = pass.kernels(q) ? fast(q, k, v, valid, memory) : plain(q, k, v, valid, memory);
    }
    if (state != null) {
      state.put(MEMORY, result.memory());
    }
    return result.output();
  }

  private NDArray continued(NDArray q, NDArray k, NDArray v, NDArray valid) {
    return plain(q, k, v, valid, null).memory();
  }

  /**
   * Causal attention by kernels, in the form of the config.
   *
   * @param q (B, H, L, f)
   * @param k (B, H, L, f)
   * @param v (B, H, L, e)
   * @param valid (B, L) boolean; null for all
   * @param memory what was seen before, as in {@link Result}; null for nothing
   * @return outputs and memory
   */
  public Result fast(NDArray q, NDArray k, NDArray v, NDArray valid, NDArray memory) {
    NDArray live = live(valid, q);
    NDArray keys = live == null ? k : k.mul(live.expandDims(1).expandDims(-1));
    NDArray rates = rates(q);
    NDList both;
    // One token is one step in every form, and that kernel has the fewest operators for it.
    if (config.form() == Form.RECURRENT || q.getShape().get(2) == 1) {
      both = KERNELS.callAll("causal_steps", q, keys, values(v), rates, live, memory);
    } else {
      long chunk = config.form() == Form.PARALLEL ? q.getShape().get(2) : config.chunk();
      both = KERNELS.callAll("causal_chunks", q, keys, values(v), rates, live, memory, chunk);
    }
    return new Result(normalise(both.get(0)), both.get(1));
  }

  /**
   * Causal attention by NDArray operations, in the parallel form.
   *
   * @param q (B, H, L, f)
   * @param k (B, H, L, f)
   * @param v (B, H, L, e)
   * @param valid (B, L) boolean; null for all
   * @param memory what was seen before, as in {@link Result}; null for nothing
   * @return outputs and memory
   */
  public Result plain(NDArray q, NDArray k, NDArray v, NDArray valid, NDArray memory) {
    NDArray live = live(valid, q);
    NDArray keys = live == null ? k : k.mul(live.expandDims(1).expandDims(-1));
    NDArray values = values(v);
    NDArray sum = weights(q, keys, live).matMul(values);
    NDArray rates = rates(q);
    NDArray kept = keys;
    NDArray before = memory;
    NDArray asked = q;
    if (rates != null) {
      NDArray rate = rates.reshape(1, rates.size(), 1, 1);
      NDArray clock = clock(q, live).expandDims(1).expandDims(-1);
      NDArray end = clock.get(":, :, -1:");
      kept = keys.mul(end.sub(clock).mul(rate).neg().exp());
      if (memory != null) {
        asked = q.mul(clock.mul(rate).neg().exp());
        before = memory.mul(end.mul(rate).neg().exp());
      }
    }
    if (memory != null) {
      sum = sum.add(asked.matMul(memory));
    }
    NDArray added = kept.transpose(0, 1, 3, 2).matMul(values);
    return new Result(normalise(sum), before == null ? added : added.add(before));
  }

  /**
   * The weights of the values, all at once.
   *
   * @param q (B, H, Lq, f) features of the queries
   * @param k (B, H, Lk, f) features of the keys
   * @param valid (B, Lk) boolean; null for all
   * @return (B, H, Lq, Lk); if normalised, each row divided by its sum
   */
  public NDArray pattern(NDArray q, NDArray k, NDArray valid) {
    NDArray live = live(valid, q);
    NDArray keys = live == null ? k : k.mul(live.expandDims(1).expandDims(-1));
    NDArray weights = weights(q, keys, live);
    return config.normaliser() == Normaliser.NONE
        ? weights
        : weights.div(weights.sum(new int[] {-1}, true).add(config.epsilon()));
  }

  private NDArray weights(NDArray q, NDArray keys, NDArray live) {
    NDArray products = q.matMul(keys.transpose(0, 1, 3, 2));
    if (!config.causal()) {
      return products;
    }
    long length = q.getShape().get(2);
    NDArray seen = Masks.causal(q, length, length).toType(q.getDataType(), false);
    NDArray rates = rates(q);
    if (rates == null) {
      return products.mul(seen);
    }
    NDArray clock = clock(q, live);
    NDArray distance = clock.expandDims(2).sub(clock.expandDims(1)).expandDims(1).mul(seen);
    NDArray rate = rates.reshape(1, rates.size(), 1, 1);
    return products.mul(distance.mul(rate).neg().exp().mul(seen));
  }

  /** In both directions: a token sees all keys, at a cost linear in the length. */
  private NDArray everywhere(
      Pass pass, Block owner, NDArray q, NDArray k, NDArray v, NDArray valid) {
    if (config.form() == Form.PARALLEL || pass.listens(owner, PATTERN)) {
      return pass.tap(owner, PATTERN, pattern(q, k, valid)).matMul(v);
    }
    NDArray live = live(valid, q);
    NDArray keys = live == null ? k : k.mul(live.expandDims(1).expandDims(-1));
    return normalise(q.matMul(keys.transpose(0, 1, 3, 2).matMul(values(v))));
  }

  /** With a column of ones, whose sums are the sums of the weights. */
  private NDArray values(NDArray v) {
    if (config.normaliser() == Normaliser.NONE) {
      return v;
    }
    NDArray ones = v.get("..., :1").onesLike();
    return Tensors.concat(new NDList(v, ones), -1);
  }

  private NDArray normalise(NDArray sum) {
    if (config.normaliser() == Normaliser.NONE) {
      return sum;
    }
    return sum.get("..., :-1").div(sum.get("..., -1:").add(config.epsilon()));
  }

  private NDArray rates(NDArray like) {
    if (config.decay().isEmpty()) {
      return null;
    }
    double[] rates = config.decay().stream().mapToDouble(Double::doubleValue).toArray();
    return like.getManager()
        .create(rates)
        .toType(like.getDataType(), false)
        .toDevice(like.getDevice(), false);
  }

  private static NDArray live(NDArray valid, NDArray like) {
    return valid == null ? null : valid.toType(like.getDataType(), false);
  }

  /** (1 or B, L): how many valid tokens there are up to each. */
  private static NDArray clock(NDArray q, NDArray live) {
    if (live != null) {
      return live.cumSum(1);
    }
    int length = (int) q.getShape().get(2);
    return q.getManager()
        .arange(1f, length + 1f, 1f, q.getDataType(), q.getDevice())
        .reshape(new Shape(1, length));
  }
}
