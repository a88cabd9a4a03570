package org.attentionzoo.blocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Block;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.Measured.Measurement;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Router;

/**
 * A router over the heads of {@link MultiHeadAttention}: each head's output is multiplied by its
 * weight before the output projection. Its children become children of the attention, under their
 * own names.
 */
public interface HeadWeights extends Router {

  /**
   * Weighs the heads.
   *
   * @param pass what the pass carries; a training pass collects the router's auxiliary loss
   * @param hidden (B, L, width) what the attention was given
   * @param queries (B, L, heads, head width) the queries before positions are applied
   * @param valid (B, L) boolean, false where padded; null if nothing is
   * @return (B, L, heads) weights; 0 where a head is switched off for a token. Those of a token
   *     depend on no other token
   */
  NDArray weigh(Pass pass, NDArray hidden, NDArray queries, NDArray valid);

  /**
   * The blocks that hold the router's parameters.
   *
   * @return by name in the state dict of the attention
   */
  Map<String, Block> namedChildren();

  /**
   * What evaluations report of the weights.
   *
   * @param point the attention's tap of the weights
   * @return measurements, possibly none
   */
  List<Measurement> measurements(String point);
}
