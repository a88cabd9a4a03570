package org.attentionzoo.blocks.papers.moh;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.Set;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.layers.LayerNorm;
import org.attentionzoo.blocks.layers.Linear;

/**
 * Multi-head attention whose heads are weighed for each token (MoH, Jin et al. 2024, equation 4):
 * sum over heads of g_i H_i W_i, in both directions, as the official DiT form has it. All heads are
 * computed, and then weighed: as in the official code, switched-off heads save no time.
 *
 * <p>State dict: {@code qkv} (3 width, width), {@code q_norm} and {@code k_norm} (head width) with
 * query-key norm, {@code router}, {@code proj}.
 */
public final class MixtureOfHeadAttention extends MixerBlock {

  private final MohConfig config;
  private final int headWidth;
  private final Linear queryKeyValue;
  private final LayerNorm queryNorm;
  private final LayerNorm keyNorm;
  private final HeadRouter router;
  private final Linear output;

  /**
   * Attention.
   *
   * @param config its sizes and switches
   */
  public MixtureOfHeadAttention(MohConfig config) {
    this.config = config;
    int width = config.width();
    headWidth = width / config.heads();
    queryKeyValue = child("qkv", new Linear(width, 3L * width, config.queryKeyValueBias()));
    queryNorm = config.queryKeyNorm() ? child("q_norm", new LayerNorm(headWidth)) : null;
    keyNorm = config.queryKeyNorm() ? child("k_norm", new LayerNorm(headWidth)) : null;
    router = child("router", new HeadRouter(config));
    output = child("proj", new Linear(width, width));
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
    return Set.of(DotProductAttention.PATTERN, "gates");
  }

  /** {@inheritDoc} */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    Shape shape = hidden.getShape();
    long batch = shape.get(0);
    long length = shape.get(1);
    NDArray joint =
        queryKeyValue
            .forward(pass, hidden)
            .reshape(batch, length, 3, config.heads(), headWidth)
            .transpose(2, 0, 3, 1, 4);
    NDArray q = joint.get(0);
    NDArray k = joint.get(1);
    if (queryNorm != null) {
      q = queryNorm.forward(pass, q);
      k = keyNorm.forward(pass, k);
    }
    NDArray valid = sequences.valid();
    NDArray mask = valid == null ? null : valid.reshape(batch, 1, 1, length);
    double scale = 1 / Math.sqrt(headWidth);
    NDArray context =
        DotProductAttention.attend(pass, this, q, k, joint.get(2), mask, null, false, scale, 0);
    NDArray gates = pass.tap(this, "gates", router.route(pass, hidden));
    NDArray weighed = context.transpose(0, 2, 1, 3).mul(gates.expandDims(-1));
    return output.forward(pass, weighed.reshape(batch, length, config.width()));
  }
}
