package org.attentionzoo.blocks.sparse;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import java.util.SplittableRandom;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Initializers;

/**
 * Spherical k-means of each head's tokens, learned online: a training pass moves each centroid
 * towards the direction of the mean of the tokens nearest to it, by an exponential moving average.
 * The first training pass begins with tokens of its batch and ten iterations of k-means on it. A
 * centroid that no token is nearest to stays.
 *
 * <p>State dict: {@code means} (H, k, d) and {@code initted} (), which says whether the first
 * training pass was made. Both are buffers.
 *
 * <p>Thread safety: unlike other blocks, training passes change buffers, so that they are for one
 * thread.
 */
public final class OnlineKMeans extends ZooBlock {

  private static final int FIRST_ITERATIONS = 10;
  private static final double SMALLEST_SQUARE = 1e-24;

  private final int clusters;
  private final double decay;
  private final double commitment;
  private final Parameter means;
  private final Parameter begun;

  /** What a layer that is run again for its gradients saw the first time. */
  private NDArray before;

  /**
   * Centroids.
   *
   * @param heads the number of heads H, each with centroids of its own
   * @param clusters the number of centroids k of a head
   * @param width the size d of a token
   * @param decay how much of a centroid is kept at each update
   * @param commitment the weight of the loss
   */
  public OnlineKMeans(int heads, int clusters, int width, double decay, double commitment) {
    this.clusters = clusters;
    this.decay = decay;
    this.commitment = commitment;
    means = buffer("means", Initializers.normal(1), heads, clusters, width);
    begun = buffer("initted", Initializers.zeros(DataType.BOOLEAN));
  }

  /**
   * How near tokens are to centroids.
   *
   * @param similarity (B, H, L, k) products of tokens of length 1 and centroids; without a graph
   * @param loss () the weighed mean square of what separates tokens from their nearest centroid,
   *     which draws tokens towards centroids
   */
  public record Routing(NDArray similarity, NDArray loss) {}

  /**
   * Compares tokens with the centroids; a training pass then moves those.
   *
   * @param pass what the pass carries
   * @param inputs (B, H, L, d), and optionally (B, L) boolean, false where a token does not count
   * @return similarities (B, H, L, k) and the loss ()
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    Routing routing = route(pass, inputs.get(0), inputs.size() > 1 ? inputs.get(1) : null);
    return new NDList(routing.similarity(), routing.loss());
  }

  /**
   * Compares tokens with the centroids; a training pass then moves those.
   *
   * @param pass what the pass carries
   * @param x (B, H, L, d)
   * @param valid (B, L) boolean, false where a token counts neither for centroids nor for the loss;
   *     null for all
   * @return similarities to the centroids as they were before
   */
  public Routing route(Pass pass, NDArray x, NDArray valid) {
    NDArray weights = valid == null ? null : weights(valid, x);
    NDArray held = pass.value(means, x);
    if (pass.isTraining() && !pass.isRepeated()) {
      try (GradientMode ignored = GradientMode.off()) {
        begin(pass, x.stopGradient(), weights, held);
        remember(held);
      }
    }
    NDArray centroids =
        (pass.isTraining() && pass.isRepeated() && before != null ? before : held).expandDims(0);
    centroids.attach(x.getManager());
    NDArray unit = unit(x);
    NDArray similarity;
    NDArray nearest;
    try (GradientMode ignored = GradientMode.off()) {
      similarity = similarity(unit.stopGradient(), centroids);
      nearest = nearest(similarity, weights);
    }
    NDArray loss = loss(unit, nearest.matMul(centroids), weights);
    if (pass.isTraining() && !pass.isRepeated()) {
      try (GradientMode ignored = GradientMode.off()) {
        NDArray target = updated(unit.stopGradient(), nearest, centroids);
        held.addi(Arithmetic.times(target.sub(centroids), 1 - decay).squeeze(0));
      }
    }
    return new Routing(similarity, loss);
  }

  private void begin(Pass pass, NDArray x, NDArray weights, NDArray held) {
    NDArray flag = pass.value(begun, x);
    if (flag.getBoolean()) {
      return;
    }
    Shape shape = x.getShape();
    NDArray tokens = x.transpose(1, 0, 2, 3).reshape(shape.get(1), -1, shape.get(3));
    NDArray order = drawn(x, weights);
    NDArray chosen =
        tokens
            .gather(
                order
                    .reshape(1, clusters, 1)
                    .broadcast(new Shape(shape.get(1), clusters, shape.get(3))),
                1)
            .expandDims(0);
    for (int i = 0; i < FIRST_ITERATIONS; i++) {
      chosen = updated(x, nearest(similarity(x, chosen), weights), chosen);
    }
    held.addi(chosen.squeeze(0).sub(held));
    flag.addi(x.getManager().ones(new Shape(), DataType.BOOLEAN, x.getDevice()));
  }

  private void remember(NDArray held) {
    if (before != null) {
      before.close();
    }
    before = held.duplicate();
  }

  /** (k) int64: different tokens of the batch, as far as there are enough that count. */
  private NDArray drawn(NDArray x, NDArray weights) {
    int count = Math.toIntExact(x.getShape().get(0) * x.getShape().get(2));
    SplittableRandom random = new SplittableRandom(count);
    float[] places = new float[count];
    for (int i = 0; i < count; i++) {
      places[i] = (float) random.nextDouble();
    }
    NDArray place = x.getManager().create(places).toDevice(x.getDevice(), false);
    if (weights != null) {
      place = place.sub(weights.reshape(count));
    }
    NDArray order = place.argSort();
    NDArray index = x.getManager().arange(0, clusters, 1, DataType.INT64, x.getDevice()).mod(count);
    return order.get(index.toType(DataType.INT64, false));
  }

  /** (1, H, k, d): directions of the sums of the tokens nearest to each centroid. */
  private static NDArray updated(NDArray x, NDArray nearest, NDArray centroids) {
    NDArray sums = nearest.swapAxes(2, 3).matMul(x).sum(new int[] {0}, true);
    NDArray counts = nearest.sum(new int[] {0, 2}).expandDims(0).expandDims(3);
    NDArray some = counts.gt(0).toType(x.getDataType(), false);
    return unit(sums).mul(some).add(Tensors.oneMinus(some).mul(centroids));
  }

  /** (B, H, L, k) from x (B, H, L, d) and centroids (1, H, k, d). */
  private static NDArray similarity(NDArray x, NDArray centroids) {
    return x.matMul(centroids.swapAxes(2, 3));
  }

  /** (B, H, L, k): 1 at the first of the nearest centroids, zeros for tokens that do not count. */
  private static NDArray nearest(NDArray similarity, NDArray weights) {
    NDArray one =
        similarity.argMax(3).oneHot((int) similarity.getShape().get(3), similarity.getDataType());
    return weights == null ? one : one.mul(weights);
  }

  private NDArray loss(NDArray unit, NDArray routed, NDArray weights) {
    NDArray square = unit.sub(routed).square();
    if (weights == null) {
      return Arithmetic.times(square.mean(), commitment);
    }
    double each = unit.getShape().get(1) * (double) unit.getShape().get(3);
    NDArray count = Arithmetic.atLeast(Arithmetic.times(weights.sum(), each), 1);
    return Arithmetic.times(square.mul(weights).sum().div(count), commitment);
  }

  /**
   * Tokens of length 1, as PyTorch's {@code normalize} makes them.
   *
   * @param x (..., d)
   * @return the same shape; zeros stay zeros
   */
  public static NDArray unit(NDArray x) {
    NDArray square = x.square().sum(new int[] {-1}, true);
    return x.div(Arithmetic.atLeast(square, SMALLEST_SQUARE).sqrt());
  }

  private static NDArray weights(NDArray valid, NDArray x) {
    return valid
        .toType(x.getDataType(), false)
        .reshape(valid.getShape().get(0), 1, valid.getShape().get(1), 1);
  }
}
