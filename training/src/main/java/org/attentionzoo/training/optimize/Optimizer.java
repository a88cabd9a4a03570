package org.attentionzoo.training.optimize;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Map;

/**
 * Changes parameters by the gradients that backward passes left on them.
 *
 * <p>For one thread. Closing frees the state, not the parameters.
 */
public interface Optimizer extends AutoCloseable {

  /**
   * Does one step and sets the gradients to zero. Where the norm of the gradients is not finite,
   * parameters and state stay as they are.
   *
   * @param scope owns what the step makes
   * @param learningRate the rate of groups whose factor is 1
   * @param scale what gradients are multiplied by first, for example one over the number of items
   *     that they are sums over
   * @param maximumNorm gradients are scaled down so that their common 2-norm is at most this; 0 for
   *     no limit
   * @return a scalar on the parameters' device: the 2-norm of all gradients together, after {@code
   *     scale} and before the limit
   */
  NDArray step(NDManager scope, double learningRate, double scale, double maximumNorm);

  /**
   * Everything that the future depends on beside parameters and gradients.
   *
   * @return tensors by name; they belong to the optimizer and change with its next step
   */
  Map<String, NDArray> state();

  /**
   * Takes on a state.
   *
   * @param state what {@link #state} of an optimizer over the same parameters gave; copied
   * @throws IllegalArgumentException if names or shapes do not fit the parameters
   */
  void restore(Map<String, NDArray> state);

  /** Frees the state. */
  @Override
  void close();
}
