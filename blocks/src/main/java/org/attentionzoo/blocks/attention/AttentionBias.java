package org.attentionzoo.blocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Block;
import java.util.Map;
import org.attentionzoo.blocks.Pass;

/**
 * What is added to the scaled scores of attention, by position or content. Its children become
 * children of the attention, under their own names.
 */
public interface AttentionBias {

  /**
   * The bias.
   *
   * @param pass what the pass carries
   * @param queries (B, H, Lq, d)
   * @param keys (B, H or fewer heads, Lk, d)
   * @param positions (Lq) or (B, Lq) int64, of the queries
   * @param keyPositions (Lk) or (B, Lk) int64, of the keys
   * @param scale what scores of content are multiplied by
   * @return broadcastable to (B, H, Lq, Lk)
   */
  NDArray bias(
      Pass pass,
      NDArray queries,
      NDArray keys,
      NDArray positions,
      NDArray keyPositions,
      double scale);

  /**
   * The blocks that hold its parameters.
   *
   * @return by name in the state dict of the attention
   */
  default Map<String, Block> parameterBlocks() {
    return Map.of();
  }

  /**
   * How far each key lies before each query.
   *
   * @param positions (Lq) or (B, Lq)
   * @param keyPositions (Lk) or (B, Lk)
   * @return (Lq, Lk) or (B, 1, Lq, Lk), query position minus key position
   */
  static NDArray distance(NDArray positions, NDArray keyPositions) {
    NDArray distance = positions.expandDims(-1).sub(keyPositions.expandDims(-2));
    return distance.getShape().dimension() == 3 ? distance.expandDims(1) : distance;
  }
}
