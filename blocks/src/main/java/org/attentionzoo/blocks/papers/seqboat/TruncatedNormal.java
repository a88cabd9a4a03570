package org.attentionzoo.blocks.papers.seqboat;

import ai.djl.ndarray.NDArray;
import ai.djl.training.initializer.Initializer;
import org.attentionzoo.blocks.Arithmetic;

/** Normal values without those beyond two deviations, as PyTorch's {@code trunc_normal_}. */
final class TruncatedNormal {

  /** The probability of a value within two deviations. */
  private static final double WITHIN = 0.9544997361036416;

  private TruncatedNormal() {}

  static Initializer of(double deviation) {
    return (manager, shape, type) -> {
      NDArray uniform = manager.randomUniform((float) -WITHIN, (float) WITHIN, shape, type);
      return Arithmetic.times(uniform.erfinv(), deviation * Math.sqrt(2));
    };
  }
}
