package org.attentionzoo.blocks.papers.flashbias;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import java.util.Map;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.FactoredBias;
import org.attentionzoo.blocks.layers.Embedding;
import org.attentionzoo.blocks.layers.Initializers;

/**
 * A bias for each pair of positions, of low rank: factors that are learned or taken from a trained
 * bias. A part of any attention, as child {@code bias_factors}; positions beyond the last have its
 * factors.
 *
 * <p>State dict: {@code queries.weight} and {@code keys.weight} (positions, heads * rank).
 */
public final class PlaceFactors extends ZooBlock implements FactoredBias {

  private final int positions;
  private final int heads;
  private final int rank;
  private final Embedding queries;
  private final Embedding keys;

  /**
   * Factors.
   *
   * @param positions the number of positions
   * @param heads the number of heads
   * @param rank the rank of the bias
   */
  public PlaceFactors(int positions, int heads, int rank) {
    this.positions = positions;
    this.heads = heads;
    this.rank = rank;
    queries =
        child("queries", new Embedding(positions, (long) heads * rank, Initializers.normal(0.2)));
    keys = child("keys", new Embedding(positions, (long) heads * rank, Initializers.normal(0.2)));
  }

  /**
   * Takes the factors of a bias.
   *
   * @param factors (H, positions, R) each
   * @throws IllegalArgumentException if the sizes differ
   */
  public void set(BiasFactors factors) {
    Shape expected = new Shape(heads, positions, rank);
    if (!factors.queries().getShape().equals(expected)
        || !factors.keys().getShape().equals(expected)) {
      throw new IllegalArgumentException(
          "factors of shape "
              + expected
              + " are needed; got "
              + factors.queries().getShape()
              + " and "
              + factors.keys().getShape());
    }
    put(queries.weight(), factors.queries());
    put(keys.weight(), factors.keys());
  }

  private static void put(Parameter parameter, NDArray factors) {
    NDArray rows = factors.transpose(1, 0, 2);
    parameter.getArray().set(rows.reshape(parameter.getShape()).toFloatArray());
  }

  /** {@inheritDoc} */
  @Override
  public Factors factors(
      Pass pass, NDArray states, NDArray keyStates, NDArray places, NDArray keyPlaces) {
    return new Factors(factors(pass, queries, places), factors(pass, keys, keyPlaces));
  }

  /** (L) or (B, L) to (1 or B, H, L, R). */
  private NDArray factors(Pass pass, Embedding table, NDArray places) {
    NDArray rows = places.getShape().dimension() == 1 ? places.expandDims(0) : places;
    NDArray inside = Arithmetic.atMost(rows, positions - 1).toType(DataType.INT64, false);
    return Tensors.splitHeads(table.forward(pass, inside), heads);
  }

  /** {@inheritDoc} */
  @Override
  public Map<String, Block> parameterBlocks() {
    return Map.of("bias_factors", this);
  }

  /**
   * The bias at given positions.
   *
   * @param pass what the pass carries
   * @param inputs positions (B, L) int64
   * @return (B, H, L, L)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray places = inputs.head();
    return new NDList(bias(pass, places, places, places, places, 1));
  }
}
