package org.attentionzoo.blocks.papers.cab;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Block;
import java.util.EnumSet;
import java.util.Set;
import org.attentionzoo.blocks.AttentionPattern;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.attention.CausalKeys;
import org.attentionzoo.blocks.attention.DotProductAttention;

/** Scaled dot-product attention to all keys, in all four patterns. Tap: {@code pattern}. */
public final class FullAttention implements PatternCore {

  @Override
  public Set<AttentionPattern> patterns() {
    return EnumSet.allOf(AttentionPattern.class);
  }

  @Override
  public Set<String> tapPoints() {
    return Set.of(DotProductAttention.PATTERN);
  }

  @Override
  public NDArray attend(Pass pass, Block owner, AttentionPattern pattern, Heads heads) {
    CausalKeys seen =
        pattern == AttentionPattern.CAUSAL_SELF
            ? CausalKeys.of(pass, owner, heads.k(), heads.v(), heads.sequences())
            : new CausalKeys(heads.k(), heads.v(), heads.valid(), false);
    return DotProductAttention.attend(
        pass,
        owner,
        heads.q(),
        seen.keys(),
        seen.values(),
        seen.mask(),
        null,
        seen.causal(),
        heads.scale(),
        0);
  }
}
