package org.attentionzoo.blocks.papers.moduleformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import org.attentionzoo.blocks.DecodeState;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.attention.SeenKeys;
import org.attentionzoo.blocks.experts.Assignment;
import org.attentionzoo.blocks.experts.ExpertMixture;
import org.attentionzoo.blocks.experts.ParallelExperts.NonLinearity;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;

/**
 * Stick-breaking attention whose queries and output projections are experts (Shen et al. 2023,
 * section 3.2): keys and values are shared, each of a token's chosen experts asks its own question.
 *
 * <p>State dict: {@code q_proj} ({@code experts}, {@code output_experts}, {@code gate}), {@code
 * k_proj}, {@code v_proj}; the last two are missing if there is one head as wide as the hidden
 * states. The official buffers {@code mask} and {@code cum_weight} are not part of it.
 */
public final class MixtureOfAttentionHeads extends MixerBlock {

  private final ModuleFormerConfig config;
  private final ExpertMixture query;
  private final Linear key;
  private final Linear value;
  private final StickBreaking core;

  /**
   * Attention.
   *
   * @param config its sizes and switches
   * @param layer the layer that it is of, from 0
   */
  public MixtureOfAttentionHeads(ModuleFormerConfig config, int layer) {
    this.config = config;
    int inner = config.attentionWidth();
    query =
        child(
            "q_proj",
            new ExpertMixture(
                config.attentionGate(layer),
                inner,
                false,
                NonLinearity.GELU,
                config.learningExperts()));
    boolean shared = inner == config.width() && config.heads() == 1;
    key = shared ? null : child("k_proj", projection(config.width(), inner));
    value = shared ? null : child("v_proj", projection(config.width(), inner));
    core = child("core", new StickBreaking());
  }

  private static Linear projection(int in, int out) {
    return new Linear(in, out, Initializers.normal(0.02), Initializers.constant(0));
  }

  /** {@inheritDoc} */
  @Override
  public String role() {
    return "attn";
  }

  /** {@inheritDoc} */
  @Override
  public boolean isCausal() {
    return true;
  }

  /** {@inheritDoc} */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    Shape shape = hidden.getShape();
    long batch = shape.get(0);
    long length = shape.get(1);
    NDArray tokens = hidden.reshape(batch * length, shape.get(2));
    Assignment assignment = query.assign(pass, tokens);
    int chosen = config.attentionChosen();
    int heads = config.heads();
    int headWidth = config.attentionWidth() / heads;
    NDArray q =
        query.map(pass, tokens, assignment).reshape(batch, length, chosen, heads, headWidth);
    NDArray k = heads(key == null ? hidden : key.forward(pass, hidden));
    NDArray v = heads(value == null ? hidden : value.forward(pass, hidden));
    NDArray valid = sequences.valid();
    if (pass.cache() != null) {
      DecodeState state = pass.cache().of(this);
      SeenKeys seen = SeenKeys.behind(state, 1, k, v, valid, null);
      seen.remember(state);
      k = seen.keys();
      v = seen.values();
      valid = seen.valid();
    }
    NDArray attended = core.attend(pass, q, k, v, valid);
    NDArray answers = attended.reshape(batch * length, chosen, config.attentionWidth());
    return query.reduce(pass, answers, assignment).reshape(shape);
  }

  private NDArray heads(NDArray x) {
    Shape shape = x.getShape();
    int heads = config.heads();
    return x.reshape(shape.get(0), shape.get(1), heads, config.attentionWidth() / heads);
  }
}
