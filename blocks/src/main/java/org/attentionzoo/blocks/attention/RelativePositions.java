package org.attentionzoo.blocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import java.util.Map;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Initializers;

/**
 * The tables of {@link RelativePositionBias} as a part of any attention, as child {@code
 * relative_positions}.
 *
 * <p>State dict: {@code key_pos_embeddings} (2 P, H, d), {@code key_pos_bias} (2 P, H), {@code
 * query_pos_bias} (H, d); all start at zero.
 */
public final class RelativePositions extends ZooBlock implements AttentionBias {

  private final Parameter embeddings;
  private final Parameter biases;
  private final Parameter queryBias;

  /**
   * Tables.
   *
   * @param heads the number of query heads H
   * @param headWidth the width d of a head
   * @param reach P: keys up to P before and P - 1 behind a query have their own rows
   */
  public RelativePositions(int heads, int headWidth, int reach) {
    embeddings =
        parameter("key_pos_embeddings", Initializers.constant(0), 2L * reach, heads, headWidth);
    biases = parameter("key_pos_bias", Initializers.constant(0), 2L * reach, heads);
    queryBias = parameter("query_pos_bias", Initializers.constant(0), heads, headWidth);
  }

  /** {@inheritDoc} */
  @Override
  public NDArray bias(
      Pass pass,
      NDArray queries,
      NDArray keys,
      NDArray positions,
      NDArray keyPositions,
      double scale) {
    return RelativePositionBias.bias(
        queries,
        keys,
        pass.value(embeddings, queries),
        pass.value(biases, queries),
        pass.value(queryBias, queries),
        positions,
        keyPositions,
        scale);
  }

  /**
   * The bias of a sequence with itself.
   *
   * @param pass what the pass carries
   * @param inputs queries and keys (B, H, L, d)
   * @return (B, H, L, L)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray queries = inputs.get(0);
    NDArray positions =
        queries
            .getManager()
            .arange(0, (int) queries.getShape().get(2), 1, DataType.INT64, queries.getDevice());
    return new NDList(bias(pass, queries, inputs.get(1), positions, positions, 1));
  }

  /** {@inheritDoc} */
  @Override
  public Map<String, Block> parameterBlocks() {
    return Map.of("relative_positions", this);
  }
}
