package org.attentionzoo.blocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Block;
import java.util.Map;
import org.attentionzoo.blocks.Pass;

/**
 * A factor for each token's scores, and possibly for its value: an inverse temperature. Its
 * children become children of the attention, under their own names.
 */
public interface TokenScaling {

  /**
   * The factor of a query's scores.
   *
   * @param pass what the pass carries
   * @param hidden (B, L, width) what the attention was given
   * @param queries (B, H, L, d) before positions are applied
   * @param counts how many keys each query sees, at least 1; broadcastable to (B, H, L, 1)
   * @return broadcastable to (B, H, L, 1); null for 1
   */
  NDArray ofQueries(Pass pass, NDArray hidden, NDArray queries, NDArray counts);

  /**
   * The factor of a token's value.
   *
   * @param pass what the pass carries
   * @param hidden (B, L, width) what the attention was given
   * @param values (B, H, L, d)
   * @return broadcastable to (B, H, L, 1); null for 1
   */
  default NDArray ofValues(Pass pass, NDArray hidden, NDArray values) {
    return null;
  }

  /**
   * The blocks that hold its parameters.
   *
   * @return by name in the state dict of the attention
   */
  default Map<String, Block> parameterBlocks() {
    return Map.of();
  }
}
