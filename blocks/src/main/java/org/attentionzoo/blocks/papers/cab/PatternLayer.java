package org.attentionzoo.blocks.papers.cab;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import org.attentionzoo.blocks.AttentionPattern;
import org.attentionzoo.blocks.Mixer;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.PatternMixer;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.AttentionConfig;
import org.attentionzoo.blocks.attention.MultiHeadAttention;
import org.attentionzoo.blocks.layers.FeedForward;
import org.attentionzoo.blocks.layers.LayerNorm;

/**
 * A pre-norm layer around an attention in one pattern: for cross patterns plain self attention
 * first, as decoders have it, then the attention, then a feed-forward network.
 *
 * <p>State dict: for cross patterns {@code self_attention_norm}, {@code self_attention}; {@code
 * attention_norm}, {@code attention}, {@code feed_forward_norm}, {@code feed_forward}.
 */
final class PatternLayer extends ZooBlock {

  private final AttentionPattern pattern;
  private final LayerNorm selfNorm;
  private final Mixer self;
  private final LayerNorm norm;
  private final PatternMixer attention;
  private final LayerNorm feedForwardNorm;
  private final FeedForward feedForward;

  PatternLayer(PatternSizes sizes, AttentionPattern pattern, PatternMixer attention) {
    attention.require(pattern);
    int width = sizes.width();
    this.pattern = pattern;
    selfNorm = pattern.isCross() ? child("self_attention_norm", new LayerNorm(width)) : null;
    self =
        pattern.isCross()
            ? child(
                "self_attention",
                new MultiHeadAttention(
                    pattern.isCausal()
                        ? AttentionConfig.causal(width, sizes.heads(), null)
                        : AttentionConfig.bidirectional(width, sizes.heads())))
            : null;
    norm = child("attention_norm", new LayerNorm(width));
    this.attention = child("attention", attention);
    feedForwardNorm = child("feed_forward_norm", new LayerNorm(width));
    feedForward = child("feed_forward", new FeedForward(width, sizes.hidden(), 0));
  }

  /**
   * Runs the layer.
   *
   * @param pass what the pass carries
   * @param x (B, Lt, width)
   * @param source (B, Ls, width) for cross patterns; not used for self patterns
   * @param sequences padding and positions of what is attended to
   * @return (B, Lt, width)
   */
  NDArray forward(Pass pass, NDArray x, NDArray source, Sequences sequences) {
    NDArray hidden = x;
    if (self != null) {
      hidden = hidden.add(self.mix(pass, selfNorm.forward(pass, hidden), Sequences.FULL));
    }
    NDArray normed = norm.forward(pass, hidden);
    NDArray read = pattern.isCross() ? source : normed;
    hidden = hidden.add(attention.attend(pass, pattern, normed, read, sequences));
    return hidden.add(feedForward.forward(pass, feedForwardNorm.forward(pass, hidden)));
  }

  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray source = pattern.isCross() ? inputs.get(1) : null;
    return new NDList(forward(pass, inputs.get(0), source, Sequences.FULL));
  }
}
