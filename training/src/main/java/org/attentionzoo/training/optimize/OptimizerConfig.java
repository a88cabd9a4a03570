package org.attentionzoo.training.optimize;

import ai.djl.nn.Block;
import java.util.List;
import org.attentionzoo.blocks.UserException;

/**
 * The choice of an optimizer.
 *
 * @param name {@code adamw}, {@code adam}, {@code sgd}, {@code nesterov} or {@code lion}
 * @param lr the learning rate after the warm-up
 * @param weightDecay the weight decay of matrices; decoupled in adamw and lion, added to the
 *     gradient in the others
 * @param beta1 the decay of the first moment; in sgd and nesterov the momentum
 * @param beta2 the decay of the second moment; in lion that of the only one
 * @param epsilon what adamw and adam add to the root of the second moment
 */
public record OptimizerConfig(
    String name, double lr, double weightDecay, double beta1, double beta2, double epsilon) {

  private static final List<String> NAMES = List.of("adamw", "adam", "sgd", "nesterov", "lion");

  /** AdamW with the rates that are usual for small transformers. */
  public static final OptimizerConfig DEFAULT =
      new OptimizerConfig("adamw", 1e-3, 0.1, 0.9, 0.95, 1e-8);

  /** Checks the values. */
  public OptimizerConfig {
    if (!NAMES.contains(name)) {
      throw new UserException(
          "unknown optimizer '"
              + name
              + "'; optimizer.name must be one of "
              + String.join(", ", NAMES));
    }
    require(lr > 0 && Double.isFinite(lr), "optimizer.lr", lr, "a number above 0");
    require(
        weightDecay >= 0 && Double.isFinite(weightDecay),
        "optimizer.weightDecay",
        weightDecay,
        "a number from 0 up");
    require(beta1 >= 0 && beta1 < 1, "optimizer.beta1", beta1, "a number from 0 up to below 1");
    require(beta2 >= 0 && beta2 < 1, "optimizer.beta2", beta2, "a number from 0 up to below 1");
    require(
        epsilon > 0 && Double.isFinite(epsilon), "optimizer.epsilon", epsilon, "a number above 0");
  }

  /**
   * Creates the optimizer of a model's trainable parameters.
   *
   * @param model the model, initialised
   * @return the optimizer
   */
  public Optimizer create(Block model) {
    UpdateRule rule =
        switch (name) {
          case "adamw" -> new UpdateRule.AdamW(beta1, beta2, epsilon);
          case "adam" -> new UpdateRule.Adam(beta1, beta2, epsilon);
          case "sgd" -> new UpdateRule.Sgd(beta1, false);
          case "nesterov" -> new UpdateRule.Sgd(beta1, true);
          default -> new UpdateRule.Lion(beta1, beta2);
        };
    return new NativeOptimizer(ParameterGroup.byDecay(model, weightDecay), rule);
  }

  private static void require(boolean fine, String key, double value, String expected) {
    if (!fine) {
      throw new UserException(key + "=" + value + " was given; it must be " + expected);
    }
  }
}
