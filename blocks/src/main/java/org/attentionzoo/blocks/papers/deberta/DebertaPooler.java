package org.attentionzoo.blocks.papers.deberta;

import ai.djl.ndarray.NDArray;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Dropout;
import org.attentionzoo.blocks.layers.Linear;

/**
 * What stands for a sequence: activation(dense(dropout(h of the first token))).
 *
 * <p>State dict: {@code dense}.
 */
public final class DebertaPooler extends UnaryBlock {

  private final Linear dense;
  private final double dropout;
  private final DebertaActivation activation;

  /**
   * A pooler without dropout whose activation is gelu.
   *
   * @param config sizes and switches
   */
  public DebertaPooler(DebertaConfig config) {
    this(config, 0, DebertaActivation.GELU);
  }

  /**
   * A pooler.
   *
   * @param config sizes and switches
   * @param dropout the rate on the first token's state (pooler_dropout)
   * @param activation what follows the projection (pooler_hidden_act)
   */
  public DebertaPooler(DebertaConfig config, double dropout, DebertaActivation activation) {
    this.dropout = dropout;
    this.activation = activation;
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
    NDArray first = Dropout.apply(pass, hidden.get(":, 0"), dropout);
    return activation.apply(dense.forward(pass, first));
  }
}
