package org.attentionzoo.blocks.papers.moh;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.Set;
import org.attentionzoo.blocks.Measured;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.attention.Masks;
import org.attentionzoo.blocks.layers.LayerNorm;
import org.attentionzoo.blocks.layers.Linear;

/**
 * Multi-head attention whose heads are weighed for each token (MoH, Jin et al. 2024, equation 4):
 * sum over heads of g_i H_i W_i, in both directions, as the official DiT form has it. All heads are
 * computed, and then weighed: as in the official code, switched-off heads save no time.
 *
 * <p>State dict, with the official names: {@code qkv} (3 heads headWidth, width), {@code q_norm}
 * and {@code k_norm} (headWidth) with query-key norm, {@code proj} (width, heads headWidth), and
 * the router's {@code wg}, {@code wg_0}, {@code wg_1}. Taps: {@code pattern} and {@code gates} (B,
 * L, heads).
 */
public final class MixtureOfHeadAttention extends MixerBlock implements Measured {

  private static final String GATES = "gates";

  private final MohConfig config;
  private final Linear queryKeyValue;
  private final LayerNorm queryNorm;
  private final LayerNorm keyNorm;
  private final HeadRouter router;
  private final Linear output;

  /**
   * Attention with a router.
   *
   * @param config its sizes and switches
   */
  public MixtureOfHeadAttention(MohConfig config) {
    this(config, new HeadRouter(config));
  }

  private MixtureOfHeadAttention(MohConfig config, HeadRouter router) {
    this.config = config;
    this.router = router;
    int inner = config.heads() * config.headWidth();
    queryKeyValue =
        child("qkv", new Linear(config.width(), 3L * inner, config.queryKeyValueBias()));
    queryNorm = config.queryKeyNorm() ? child("q_norm", new LayerNorm(config.headWidth())) : null;
    keyNorm = config.queryKeyNorm() ? child("k_norm", new LayerNorm(config.headWidth())) : null;
    output = child("proj", new Linear(inner, config.width()));
    if (router != null) {
      router.namedChildren().forEach(this::child);
    }
  }

  /**
   * The same attention without a router, each head with weight 1: plain multi-head attention, the
   * baseline of a mixture of heads.
   *
   * @param config its sizes and switches; those of the router do not matter
   * @return attention with the state dict of timm's {@code Attention}
   */
  public static MixtureOfHeadAttention withoutRouter(MohConfig config) {
    return new MixtureOfHeadAttention(config, null);
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
    return router == null
        ? Set.of(DotProductAttention.PATTERN)
        : Set.of(DotProductAttention.PATTERN, GATES);
  }

  /** {@inheritDoc} */
  @Override
  public List<Measurement> measurements() {
    return router == null ? List.of() : List.of(HeadLoad.at(GATES, config.sharedHeads()));
  }

  /** {@inheritDoc} */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    Shape shape = hidden.getShape();
    long batch = shape.get(0);
    long length = shape.get(1);
    NDList joint = Tensors.splitHeads(queryKeyValue.forward(pass, hidden), 3, config.heads());
    NDArray q = joint.get(0);
    NDArray k = joint.get(1);
    if (queryNorm != null) {
      q = queryNorm.forward(pass, q);
      k = keyNorm.forward(pass, k);
    }
    NDArray mask = Masks.keys(sequences.valid());
    double scale = 1 / Math.sqrt(config.headWidth());
    NDArray heads =
        DotProductAttention.attend(pass, this, q, k, joint.get(2), mask, null, false, scale, 0)
            .transpose(0, 2, 1, 3);
    if (router != null) {
      NDArray gates = pass.tap(this, GATES, router.route(pass, hidden, sequences.valid()));
      heads = heads.mul(gates.expandDims(-1));
    }
    long inner = (long) config.heads() * config.headWidth();
    return output.forward(pass, heads.reshape(batch, length, inner));
  }
}
