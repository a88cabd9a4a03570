package org.attentionzoo.training.optimize;

import ai.djl.nn.Block;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
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
 * @param groups parameters with rates of their own; of two that fit a parameter the first holds
 */
public record OptimizerConfig(
    String name,
    double lr,
    double weightDecay,
    double beta1,
    double beta2,
    double epsilon,
    List<Group> groups) {

  /**
   * Parameters with rates of their own.
   *
   * @param parameters which ones: a state-dict name, in which {@code *} stands for any characters
   * @param learningRateFactor what the learning rate is multiplied by; 0 freezes
   * @param weightDecay the weight decay of all of them, vectors too; absent for what holds without
   *     the group
   */
  public record Group(String parameters, double learningRateFactor, Optional<Double> weightDecay) {

    /** Checks the values. */
    public Group {
      require(
          learningRateFactor >= 0 && Double.isFinite(learningRateFactor),
          "optimizer.groups: learningRateFactor",
          learningRateFactor,
          "a number from 0 up");
      weightDecay.ifPresent(
          decay ->
              require(
                  decay >= 0 && Double.isFinite(decay),
                  "optimizer.groups: weightDecay",
                  decay,
                  "a number from 0 up"));
    }

    boolean fits(String name) {
      String[] parts = parameters.split("\\*", -1);
      String pattern = Arrays.stream(parts).map(Pattern::quote).collect(Collectors.joining(".*"));
      return name.matches(pattern);
    }
  }

  private static final List<String> NAMES = List.of("adamw", "adam", "sgd", "nesterov", "lion");

  /** AdamW with the rates that are usual for small transformers. */
  public static final OptimizerConfig DEFAULT =
      new OptimizerConfig("adamw", 1e-3, 0.1, 0.9, 0.95, 1e-8, List.of());

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
   * @throws UserException if a group fits no parameter
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
    return new NativeOptimizer(ParameterGroup.of(model, weightDecay, groups), rule);
  }

  private static void require(boolean fine, String key, double value, String expected) {
    if (!fine) {
      throw new UserException(key + "=" + value + " was given; it must be " + expected);
    }
  }
}
