package org.attentionzoo.blocks.papers.cab;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Block;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.attentionzoo.blocks.AttentionPattern;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.linear.LinearAttention;
import org.attentionzoo.blocks.linear.LinearAttentionConfig;
import org.attentionzoo.blocks.linear.RandomFeatures;

/**
 * Linear attention with positive orthogonal random features (Performer, Choromanski et al. 2021),
 * in all four patterns. State dict: {@code projection_matrix}. Tap: {@code pattern}.
 */
public final class RandomFeatureAttention implements PatternCore {

  private static final LinearAttention CAUSAL =
      new LinearAttention(LinearAttentionConfig.mean(true));
  private static final LinearAttention EVERYWHERE =
      new LinearAttention(LinearAttentionConfig.mean(false));

  private final RandomFeatures features;

  /**
   * Attention by random features.
   *
   * @param headWidth the size of a query or key
   * @param features the number of directions
   */
  public RandomFeatureAttention(int headWidth, int features) {
    this.features = new RandomFeatures(headWidth, features);
  }

  @Override
  public Set<AttentionPattern> patterns() {
    return EnumSet.allOf(AttentionPattern.class);
  }

  @Override
  public Optional<ZooBlock> weights() {
    return Optional.of(features);
  }

  @Override
  public Set<String> tapPoints() {
    return Set.of(LinearAttention.PATTERN);
  }

  @Override
  public NDArray attend(Pass pass, Block owner, AttentionPattern pattern, Heads heads) {
    LinearAttention attention = pattern == AttentionPattern.CAUSAL_SELF ? CAUSAL : EVERYWHERE;
    return attention.attend(
        pass,
        owner,
        features.forward(pass, heads.q()),
        features.forward(pass, heads.k()),
        heads.v(),
        heads.sequences().valid());
  }
}
