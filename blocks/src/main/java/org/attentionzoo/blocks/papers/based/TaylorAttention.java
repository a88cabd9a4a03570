package org.attentionzoo.blocks.papers.based;

import ai.djl.ndarray.NDArray;
import ai.djl.training.initializer.Initializer;
import java.util.Set;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.linear.FixedFeatures;
import org.attentionzoo.blocks.linear.LinearAttention;
import org.attentionzoo.blocks.linear.LinearAttentionConfig;

/**
 * The linear attention of BASED (Arora et al. 2024): narrow queries and keys, whose features are by
 * default the terms of exp's Taylor series to the second order.
 *
 * <p>State dict: {@code proj_q}, {@code proj_k}, {@code proj_v}, {@code out_proj}, without biases.
 * Tap: {@code pattern}.
 */
public final class TaylorAttention extends MixerBlock {

  private final int heads;
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final Linear output;
  private final FixedFeatures features;
  private final LinearAttention attention;

  /**
   * A mixer.
   *
   * @param width the size of the hidden states
   * @param heads the number of heads
   * @param narrow the size of a head's queries and keys
   * @param headWidth the size of a head's values
   * @param features the feature map of queries and keys
   * @param attention how the features attend
   * @param outputs how the output projection starts
   */
  public TaylorAttention(
      int width,
      int heads,
      int narrow,
      int headWidth,
      FixedFeatures.Kind features,
      LinearAttentionConfig attention,
      Initializer outputs) {
    Initializer inputs = Initializers.normal(0.02);
    this.heads = heads;
    query = child("proj_q", new Linear(width, (long) narrow * heads, inputs, null));
    key = child("proj_k", new Linear(width, (long) narrow * heads, inputs, null));
    value = child("proj_v", new Linear(width, (long) headWidth * heads, inputs, null));
    output = child("out_proj", new Linear((long) headWidth * heads, width, outputs, null));
    this.features = child("feature_map", new FixedFeatures(features));
    this.attention = new LinearAttention(attention);
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return Set.of(LinearAttention.PATTERN);
  }

  /** {@inheritDoc} */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    NDArray q = features.forward(pass, Tensors.splitHeads(query.forward(pass, hidden), heads));
    NDArray k = features.forward(pass, Tensors.splitHeads(key.forward(pass, hidden), heads));
    NDArray v = Tensors.splitHeads(value.forward(pass, hidden), heads);
    NDArray mixed = attention.attend(pass, this, q, k, v, sequences.valid());
    return output.forward(pass, Tensors.joinHeads(mixed));
  }

  /** {@inheritDoc} */
  @Override
  public boolean isCausal() {
    return attention.config().causal();
  }
}
