package org.attentionzoo.blocks.papers.cab;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import java.util.EnumSet;
import java.util.Set;
import org.attentionzoo.blocks.AttentionPattern;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
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
  public NDArray attend(
      Pass pass,
      Block owner,
      AttentionPattern pattern,
      NDArray q,
      NDArray k,
      NDArray v,
      Sequences sequences) {
    double scale = 1 / Math.sqrt(q.getShape().get(3));
    if (pattern == AttentionPattern.CAUSAL_SELF) {
      CausalKeys seen = CausalKeys.of(pass, owner, k, v, sequences);
      return DotProductAttention.attend(
          pass, owner, q, seen.keys(), seen.values(), seen.mask(), null, seen.causal(), scale, 0);
    }
    return DotProductAttention.attend(pass, owner, q, k, v, keys(sequences), null, false, scale, 0);
  }

  /** (B, 1, 1, Ls): which keys are no padding; null for all. */
  static NDArray keys(Sequences sequences) {
    NDArray valid = sequences.valid();
    Shape shape = valid == null ? null : valid.getShape();
    return valid == null ? null : valid.reshape(new Shape(shape.get(0), 1, 1, shape.get(1)));
  }
}
