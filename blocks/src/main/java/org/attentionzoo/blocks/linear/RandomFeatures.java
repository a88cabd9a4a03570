package org.attentionzoo.blocks.linear;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
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

  /** Added to exponentials by {@link Form#QUERY} and {@link Form#KEY}. */
  private static final double STABLE_EPSILON = 1e-4;

  /** Added to what {@link Form#RELU} gives. */
  private static final double RELU_EPSILON = 1e-3;

  /** What is made of the products with the directions. */
  public enum Form {
    /** The equation as it stands. */
    EXACT,
    /** Each query's largest exponent is subtracted and 1e-4 added, which divides out but for it. */
    QUERY,
    /** The largest exponent of all keys of a head is subtracted and 1e-4 added. Not causal. */
    KEY,
    /** max(w . x, 0) + 1e-3, generalised attention. */
    RELU
  }

  private final int headWidth;
  private final int features;
  private final Form form;
  private final Parameter directions;

  /**
   * A map.
   *
   * @param headWidth the size of a query or key
   * @param features the number of directions
   */
  public RandomFeatures(int headWidth, int features) {
    this(headWidth, features, Form.EXACT);
  }

  /**
   * A map of another form.
   *
   * @param headWidth the size of a query or key
   * @param features the number of directions
   * @param form what is made of the products
   */
  public RandomFeatures(int headWidth, int features, Form form) {
    this.headWidth = headWidth;
    this.features = features;
    this.form = form;
    directions = buffer("projection_matrix", RandomFeatures::draw, features, headWidth);
  }

  private RandomFeatures(RandomFeatures other, Form form) {
    headWidth = other.headWidth;
    features = other.features;
    this.form = form;
    directions = tie("projection_matrix", other.directions);
  }

  /**
   * A map with the same directions.
   *
   * @return another block that shares them
   */
  public RandomFeatures tied() {
    return tied(form);
  }

  /**
   * A map of another form with the same directions.
   *
   * @param other its form
   * @return another block that shares them
   */
  public RandomFeatures tied(Form other) {
    return new RandomFeatures(this, other);
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
    NDArray w = pass.value(directions, x);
    NDArray along = ai.djl.nn.core.Linear.linear(scaled, w, null).singletonOrThrow();
    if (form == Form.RELU) {
      return Activation.relu(along).add((float) RELU_EPSILON);
    }
    NDArray length = Arithmetic.times(scaled.square().sum(new int[] {-1}, true), 0.5);
    NDArray exponent = along.sub(length);
    if (form == Form.EXACT) {
      return Arithmetic.times(exponent.exp(), 1 / Math.sqrt(features));
    }
    NDArray most = along.stopGradient().max(new int[] {-1}, true);
    if (form == Form.KEY) {
      most = most.max(new int[] {-2}, true);
    }
    NDArray stable = exponent.sub(most).exp().add((float) STABLE_EPSILON);
    return Arithmetic.times(stable, 1 / Math.sqrt(features));
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
