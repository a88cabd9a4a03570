package org.attentionzoo.blocks.linear;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import java.util.Arrays;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;

/**
 * Positive orthogonal random features (Choromanski et al. 2021, FAVOR+, equation 7): exp(w . x -
 * |x|^2 / 2) / sqrt(m) for m directions w, with x = q / d^(1/4), so that the mean of a product is
 * exp(q . k / sqrt(d)).
 *
 * <p>State dict: {@code projection_matrix} (features, head width), drawn once: rows are orthogonal
 * within each block of as many as the head is wide, and as long as Gaussian vectors.
 */
public final class RandomFeatures extends UnaryBlock {

  private final int headWidth;
  private final int features;
  private final Parameter directions;

  /**
   * A map.
   *
   * @param headWidth the size of a query or key
   * @param features the number of directions
   */
  public RandomFeatures(int headWidth, int features) {
    this.headWidth = headWidth;
    this.features = features;
    directions = buffer("projection_matrix", RandomFeatures::draw, features, headWidth);
  }

  private RandomFeatures(RandomFeatures other) {
    headWidth = other.headWidth;
    features = other.features;
    directions = tie("projection_matrix", other.directions);
  }

  /**
   * A map with the same directions.
   *
   * @return another block that shares them
   */
  public RandomFeatures tied() {
    return new RandomFeatures(this);
  }

  /**
   * Maps queries or keys.
   *
   * @param pass what the pass carries
   * @param x (..., head width)
   * @return (..., features), positive
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    NDArray scaled = Arithmetic.times(x, Math.pow(headWidth, -0.25));
    NDArray length = Arithmetic.times(scaled.square().sum(new int[] {-1}, true), 0.5);
    NDArray w = pass.value(directions, x);
    NDArray along = ai.djl.nn.core.Linear.linear(scaled, w, null).singletonOrThrow();
    return Arithmetic.times(along.sub(length).exp(), 1 / Math.sqrt(features));
  }

  /** Gram and Schmidt's method on Gaussian rows, a block of as many as there are columns a time. */
  private static NDArray draw(NDManager manager, Shape shape, DataType type) {
    int rows = (int) shape.get(0);
    int columns = (int) shape.get(1);
    float[] drawn;
    try (NDArray gauss = manager.randomNormal(new Shape(2L * rows, columns))) {
      drawn = gauss.toFloatArray();
    }
    float[] lengths = Arrays.copyOfRange(drawn, rows * columns, 2 * rows * columns);
    float[] values = new float[rows * columns];
    for (int i = 0; i < rows; i++) {
      double[] row = new double[columns];
      for (int c = 0; c < columns; c++) {
        row[c] = drawn[i * columns + c];
      }
      for (int before = i / columns * columns; before < i; before++) {
        double along = 0;
        double square = 0;
        for (int c = 0; c < columns; c++) {
          along += row[c] * values[before * columns + c];
          square += (double) values[before * columns + c] * values[before * columns + c];
        }
        for (int c = 0; c < columns; c++) {
          row[c] -= along / square * values[before * columns + c];
        }
      }
      double norm = 0;
      double length = 0;
      for (int c = 0; c < columns; c++) {
        norm += row[c] * row[c];
        length += (double) lengths[i * columns + c] * lengths[i * columns + c];
      }
      for (int c = 0; c < columns; c++) {
        values[i * columns + c] = (float) (row[c] * Math.sqrt(length / norm));
      }
    }
    return manager.create(values, shape).toType(type, false);
  }
}
