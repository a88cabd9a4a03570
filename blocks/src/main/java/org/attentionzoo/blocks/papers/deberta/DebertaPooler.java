package org.attentionzoo.blocks.papers.deberta;

import ai.djl.ndarray.NDArray;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Linear;

/**
 * What stands for a sequence: gelu(dense(h of the first token)).
 *
 * <p>State dict: {@code dense}.
 */
public final class DebertaPooler extends UnaryBlock {

  private final Linear dense;

  /**
   * A pooler.
   *
   * @param config sizes and switches
   */
  public DebertaPooler(DebertaConfig config) {
    dense = child("dense", DebertaLayer.dense(config.width(), config.width(), config));
  }

  /**
   * Pools.
   *
   * @param pass what the pass carries
   * @param hidden (B, L, D)
   * @return (B, D)
   */
  @Override
  public NDArray forward(Pass pass, NDArray hidden) {
    return DebertaActivation.GELU.apply(dense.forward(pass, hidden.get(":, 0")));
  }
}
