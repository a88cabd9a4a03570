package org.attentionzoo.blocks.papers.flashbias;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import java.util.Map;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.attention.FactoredBias;
import org.attentionzoo.blocks.attention.TableBias;

/**
 * A trained bias for each distance as factors (FlashBias, section 3.2, by singular values): of the
 * matrix of all positions the fewest columns that hold a share of the squared values of a head.
 * Keys after the query are masked, so that their bias is free: they get that of the same distance
 * before it, which takes fewer columns.
 *
 * <p>State dict: that of the table, {@code relative_attention_bias.weight}. The factors are found
 * anew in every pass and have no gradient: they are for a table that is trained.
 */
public final class FactoredTable implements FactoredBias {

  private final TableBias table;
  private final int positions;
  private final double energy;
  private final int rank;

  /**
   * Factors of a table.
   *
   * @param heads the number of heads
   * @param positions the number of positions; later ones have the last one's factors
   * @param energy the share of the squared values that is held, for example 0.995
   * @param rank the most columns; fewer hold less than the share
   */
  public FactoredTable(int heads, int positions, double energy, int rank) {
    if (positions < 1 || rank < 1 || !(energy > 0 && energy <= 1)) {
      throw new IllegalArgumentException(
          "positions and rank must be positive, energy above 0 and at most 1; got "
              + positions
              + ", "
              + rank
              + " and "
              + energy);
    }
    table = TableBias.ofDistances(heads, positions - 1);
    this.positions = positions;
    this.energy = energy;
    this.rank = rank;
  }

  /** {@inheritDoc} */
  @Override
  public Factors factors(
      Pass pass, NDArray queries, NDArray keys, NDArray places, NDArray keyPlaces) {
    BiasFactors factors = factors(pass, queries);
    return new Factors(rows(factors.queries(), places), rows(factors.keys(), keyPlaces));
  }

  /**
   * The factors of the table.
   *
   * @param pass what the pass carries
   * @param like an activation
   * @return (H, positions, columns)
   */
  public BiasFactors factors(Pass pass, NDArray like) {
    NDArray index = like.getManager().arange(0, positions, 1, DataType.INT64, like.getDevice());
    NDArray whole = table.bias(pass, like, like, index, index, 1).stopGradient().squeeze(0);
    NDArray before =
        index.expandDims(0).lte(index.expandDims(1)).toType(whole.getDataType(), false);
    NDArray own = index.expandDims(0).eq(index.expandDims(1)).toType(whole.getDataType(), false);
    NDArray seen = whole.mul(before);
    return BiasFactors.leading(seen.add(seen.swapAxes(1, 2)).sub(seen.mul(own)), energy, rank);
  }

  /** (H, N, R) to (1 or B, H, L, R). */
  private NDArray rows(NDArray factors, NDArray places) {
    NDArray wanted = places.getShape().dimension() == 1 ? places.expandDims(0) : places;
    NDArray inside =
        Arithmetic.atMost(Arithmetic.atLeast(wanted, 0), positions - 1)
            .toType(DataType.INT64, false);
    Shape shape = inside.getShape();
    Shape sizes = factors.getShape();
    NDArray all = factors.transpose(1, 0, 2).reshape(positions, sizes.get(0) * sizes.get(2));
    NDArray flat =
        inside
            .reshape(shape.size(), 1)
            .broadcast(new Shape(shape.size(), sizes.get(0) * sizes.get(2)));
    NDArray found = all.gather(flat, 0).reshape(shape.get(0), shape.get(1), -1);
    return Tensors.splitHeads(found, sizes.get(0));
  }

  /** {@inheritDoc} */
  @Override
  public Map<String, Block> parameterBlocks() {
    return table.parameterBlocks();
  }
}
