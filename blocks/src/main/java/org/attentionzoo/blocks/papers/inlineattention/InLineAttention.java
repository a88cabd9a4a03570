package org.attentionzoo.blocks.papers.inlineattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import java.util.Set;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.attention.JointAttention;
import org.attentionzoo.blocks.layers.Linear;

/**
 * Injective linear attention (InLine, Han et al. 2024, equations 4 to 6): rows are brought to the
 * sum 1 by subtraction, so that no two queries have the same row, and a 3 x 3 convolution of the
 * values, whose kernel the mean token predicts, restores what is local:
 *
 * <pre>
 *   w_ij = s / N phi(q_i) . (phi(k_j) - mean of phi(k)) + 1 / N,  s = 1 / sqrt(d)
 *   O    = s / N phi(Q) (phi(K)^T V) + (1 - s phi(Q) mean of phi(K)) mean of V + DWC(V)
 * </pre>
 *
 * <p>N counts all tokens, the class token among them; it has no part in the convolution. The cost
 * is linear in N. Weights may be negative. Without {@code injective} it is linear attention: w_ij =
 * phi(q_i) . phi(k_j), divided by the sum over j.
 *
 * <p>State dict, with the official names: {@code qkv}, {@code proj}, {@code residual.0}, {@code
 * residual.2}. Tap: {@code pattern} (B, heads, L, L), which is formed only for a listener.
 */
public final class InLineAttention extends MixerBlock {

  private static final double SMALLEST_SUM = 1e-6;

  private final InLineConfig config;
  private final Linear queryKeyValue;
  private final Linear output;
  private final DynamicKernel residual;

  /**
   * Attention.
   *
   * @param config its sizes and switches
   */
  public InLineAttention(InLineConfig config) {
    this.config = config;
    int width = config.width();
    queryKeyValue =
        child("qkv", JointAttention.projection(width, 3L * width, config.queryKeyValueBias()));
    output = child("proj", JointAttention.projection(width, width, true));
    residual =
        config.localResidual() ? child("residual", new DynamicKernel(width, config.heads())) : null;
  }

  /** {@inheritDoc} */
  @Override
  public String role() {
    return "attention";
  }

  /** {@inheritDoc} */
  @Override
  public boolean isCausal() {
    return false;
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return Set.of(DotProductAttention.PATTERN);
  }

  /**
   * Mixes tokens.
   *
   * @param pass what the pass carries
   * @param hidden (B, L, width); with a local residual a grid given row by row, after the class
   *     token if there is one
   * @param sequences with a local residual, without padding
   * @return the same shape
   * @throws IllegalArgumentException if there is a local residual and the tokens are no such grid
   */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    long batch = hidden.getShape().get(0);
    long length = hidden.getShape().get(1);
    int width = config.width();
    NDArray valid = sequences.valid();
    check(length, valid);
    NDList all = queryKeyValue.forward(pass, hidden).split(3, 2);
    NDArray q = Tensors.splitHeads(config.kernel().apply(all.get(0)), config.heads());
    NDArray k = Tensors.splitHeads(config.kernel().apply(all.get(1)), config.heads());
    NDArray values = all.get(2);
    NDArray v = Tensors.splitHeads(values, config.heads());

    NDArray live = null;
    if (valid != null) {
      live = valid.toType(hidden.getDataType(), false).reshape(batch, 1, length, 1);
      k = k.mul(live);
      v = v.mul(live);
    }
    NDArray mixed =
        pass.listens(this, DotProductAttention.PATTERN)
            ? pass.tap(this, DotProductAttention.PATTERN, pattern(q, k, live)).matMul(v)
            : linear(q, k, v, live);
    mixed = Tensors.joinHeads(mixed);
    if (residual != null) {
      int first = config.classToken() ? 1 : 0;
      NDArray kernel = residual.forward(pass, hidden.mean(new int[] {1}));
      NDArray local = convolve(values.get(":, " + first + ":"), kernel);
      NDArray sum = mixed.get(":, " + first + ":").add(local);
      mixed = first == 0 ? sum : mixed.get(":, :1").concat(sum, 1);
    }
    return output.forward(pass, mixed);
  }

  private void check(long length, NDArray valid) {
    long expected = (long) config.side() * config.side() + (config.classToken() ? 1 : 0);
    if (residual != null && (length != expected || valid != null)) {
      throw new IllegalArgumentException(
          length + " tokens; expected " + expected + " without padding");
    }
  }

  /** In linear time. Keys and values are zero where padded. */
  private NDArray linear(NDArray q, NDArray k, NDArray v, NDArray live) {
    NDArray joint = k.swapAxes(2, 3).matMul(v); // (B, heads, d, d)
    NDArray keySum = k.sum(new int[] {2}, true).swapAxes(2, 3); // (B, heads, d, 1)
    if (!config.injective()) {
      return q.matMul(joint).div(Arithmetic.atLeast(q.matMul(keySum), SMALLEST_SUM));
    }
    NDArray perToken = perToken(k, live);
    NDArray scaled = Arithmetic.times(q, 1 / Math.sqrt(config.headWidth()));
    NDArray mean = v.sum(new int[] {2}, true).mul(perToken);
    NDArray rest = Tensors.oneMinus(scaled.matMul(keySum.mul(perToken)));
    return scaled.matMul(joint.mul(perToken)).add(rest.mul(mean));
  }

  /** The weights themselves, (B, heads, L, L). */
  private NDArray pattern(NDArray q, NDArray k, NDArray live) {
    NDArray products = q.matMul(k.swapAxes(2, 3));
    if (!config.injective()) {
      return products.div(Arithmetic.atLeast(products.sum(new int[] {3}, true), SMALLEST_SUM));
    }
    NDArray perToken = perToken(k, live);
    NDArray scaled = Arithmetic.times(products, 1 / Math.sqrt(config.headWidth()));
    NDArray mean = scaled.sum(new int[] {3}, true).mul(perToken);
    NDArray weights = Tensors.oneMinus(mean).add(scaled).mul(perToken);
    return live == null ? weights : weights.mul(live.swapAxes(2, 3));
  }

  /** 1 / N, (1, 1, 1, 1), or (B, 1, 1, 1) with padding. */
  private static NDArray perToken(NDArray k, NDArray live) {
    NDArray counted = live == null ? k.get(":1, :1, :, :1").stopGradient().onesLike() : live;
    NDArray count = Arithmetic.atLeast(counted.sum(new int[] {2}, true), 1);
    return count.onesLike().div(count);
  }

  /** (B, L, width) to (B, heads, L, headWidth). */
  /** Values (B, side side, width) with zeros around the grid, kernels (B, width, 9). */
  private NDArray convolve(NDArray values, NDArray kernels) {
    long batch = values.getShape().get(0);
    int side = config.side();
    int width = config.width();
    NDArray row = values.getManager().zeros(new Shape(batch, 1, side, width), values.getDataType());
    NDArray column =
        values.getManager().zeros(new Shape(batch, side + 2, 1, width), values.getDataType());
    NDArray map = row.concat(values.reshape(batch, side, side, width), 1).concat(row, 1);
    NDArray padded = column.concat(map, 2).concat(column, 2);
    NDArray sum = null;
    for (int down = 0; down < 3; down++) {
      for (int right = 0; right < 3; right++) {
        NDArray shifted =
            padded.get(":, " + down + ":" + (down + side) + ", " + right + ":" + (right + side));
        NDArray tap = kernels.get("..., " + (3 * down + right)).reshape(batch, 1, 1, width);
        NDArray term = shifted.mul(tap);
        sum = sum == null ? term : sum.add(term);
      }
    }
    return sum.reshape(batch, (long) side * side, width);
  }
}
