package org.attentionzoo.blocks.papers.gaam;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Parameter;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;

/**
 * The Gaussian Adaptive Transformer at small scale: an encoder of signals, Gaussian adaptive
 * attention over its features, the mean over time and a linear classifier. The encoder is a random
 * convolution, frozen as the paper's pretrained ones or trained with the rest.
 *
 * <p>A signal is a sequence of levels, as of digitised sound. State dict: {@code encoder_weight}
 * (kernel, width), {@code encoder_bias} (width), {@code attention.layers.i}, {@code head}.
 */
public final class GaussianSignalClassifier extends ZooBlock {

  /** The tap of the weights of each layer: {@code weights.0}, {@code weights.1}, ... */
  public static final String WEIGHTS = "weights.";

  private final int levels;
  private final int kernel;
  private final int width;
  private final int layers;
  private final Parameter weight;
  private final Parameter bias;
  private final GaussianBlock attention;
  private final Linear head;

  /**
   * A classifier.
   *
   * @param levels the number of levels of a signal
   * @param classes the number of classes
   * @param width the number of features
   * @param kernel how many moments a feature sees
   * @param frozen whether the encoder stays as it was drawn
   * @param layers the layers of attention over (batch, time, feature); none for plain pooling
   */
  public GaussianSignalClassifier(
      int levels,
      int classes,
      int width,
      int kernel,
      boolean frozen,
      List<GaussianBlock.Layer> layers) {
    this.levels = levels;
    this.kernel = kernel;
    this.width = width;
    this.layers = layers.size();
    var weights = Initializers.normal(2 / Math.sqrt(kernel));
    var biases = Initializers.normal(0.5);
    weight =
        frozen
            ? buffer("encoder_weight", weights, kernel, width)
            : parameter("encoder_weight", weights, kernel, width);
    bias =
        frozen ? buffer("encoder_bias", biases, width) : parameter("encoder_bias", biases, width);
    attention =
        layers.isEmpty()
            ? null
            : child("attention", new GaussianBlock(layers, OptionalDouble.empty()));
    head = child("head", new Linear(width, classes));
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    Set<String> points = new java.util.TreeSet<>();
    for (int i = 0; i < layers; i++) {
      points.add(WEIGHTS + i);
    }
    return points;
  }

  /**
   * Classifies signals.
   *
   * @param pass what the pass carries
   * @param inputs levels (B, L) int64
   * @return logits (B, classes)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray signal =
        Arithmetic.times(inputs.head().toType(DataType.FLOAT32, false), 2.0 / (levels - 1)).sub(1);
    NDArray x = encode(pass, signal);
    if (attention != null) {
      NDList results = attention.forward(pass, new NDList(x));
      x = results.head();
      for (int i = 0; i < layers; i++) {
        pass.tap(this, WEIGHTS + i, results.get(i + 1));
      }
    }
    return new NDList(head.forward(pass, x.mean(new int[] {1})));
  }

  /** (B, L) to (B, L, width). */
  private NDArray encode(Pass pass, NDArray signal) {
    long length = signal.getShape().get(1);
    NDArray before =
        signal
            .getManager()
            .zeros(
                new Shape(signal.getShape().get(0), kernel - 1L),
                signal.getDataType(),
                signal.getDevice());
    NDArray padded = before.concat(signal, 1);
    NDList taps = new NDList();
    for (int tap = 0; tap < kernel; tap++) {
      taps.add(padded.get(":, {}:{}", tap, tap + length));
    }
    NDArray windows = ai.djl.ndarray.NDArrays.stack(taps, 2);
    return Activation.tanh(
        windows.matMul(pass.value(weight, signal)).add(pass.value(bias, signal)));
  }

  /** {@inheritDoc} */
  @Override
  public Shape[] getOutputShapes(Shape[] inputShapes, DataType[] dataTypes) {
    return new Shape[] {new Shape(inputShapes[0].get(0), head.weight().getShape().get(0))};
  }
}
