package org.attentionzoo.blocks.papers.terminator;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Initializers;

/**
 * The update rule of the official code's optimizer: w moves by the signs of the gradient g and of
 * two running means of it,
 *
 * <pre>
 *   w = w - lr (sign(g) + sign(m1) + sign(m2)),   then m_i = beta_i m_i + (1 - beta_i) g
 * </pre>
 *
 * <p>with m1 = m2 = 0 at the start and sign(0) = 0. Here as a block that follows a weight through
 * given gradients. State dict: {@code p}, of any shape (...), where it starts.
 */
public final class Kar3 extends ZooBlock {

  private final double learningRate;
  private final double beta1;
  private final double beta2;
  private final Parameter start;

  /**
   * The rule for some weights.
   *
   * @param shape the shape (...) of the weights
   * @param learningRate lr
   * @param beta1 the decay of the first mean
   * @param beta2 the decay of the second mean
   */
  public Kar3(Shape shape, double learningRate, double beta1, double beta2) {
    this.learningRate = learningRate;
    this.beta1 = beta1;
    this.beta2 = beta2;
    start = parameter("p", Initializers.constant(0), shape.getShape());
  }

  /**
   * Follows the weights.
   *
   * @param pass what the pass carries
   * @param inputs gradients (steps, ...)
   * @return the weights after each step (steps, ...)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray gradients = inputs.singletonOrThrow();
    NDArray weight = null;
    NDArray first = null;
    NDArray second = null;
    NDList trajectory = new NDList();
    for (long step = 0; step < gradients.getShape().get(0); step++) {
      NDArray gradient = gradients.get(step);
      NDArray sign = gradient.sign();
      if (first != null) {
        sign = sign.add(first.sign()).add(second.sign());
      }
      NDArray move = Arithmetic.times(sign, -learningRate);
      weight = weight == null ? move.add(pass.value(start, gradient)) : weight.add(move);
      first = mean(first, gradient, beta1);
      second = mean(second, gradient, beta2);
      trajectory.add(weight);
    }
    return new NDList(NDArrays.stack(trajectory));
  }

  private static NDArray mean(NDArray mean, NDArray gradient, double beta) {
    NDArray part = Arithmetic.times(gradient, 1 - beta);
    return mean == null ? part : Arithmetic.times(mean, beta).add(part);
  }
}
