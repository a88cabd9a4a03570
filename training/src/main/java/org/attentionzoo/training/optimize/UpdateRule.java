package org.attentionzoo.training.optimize;

import java.util.List;
import org.attentionzoo.blocks.UserException;

/**
 * How an optimizer changes a weight w by its gradient g, with PyTorch's conventions. With lr the
 * learning rate, wd the weight decay and t the step counted from 1.
 *
 * <p>Immutable.
 */
public sealed interface UpdateRule {

  /**
   * What is kept for each weight, a tensor of its shape each.
   *
   * @return names as PyTorch's optimizer state has them
   */
  List<String> moments();

  /**
   * The function in {@code optimizers.torchscript} that does the step.
   *
   * @return its name
   */
  String kernel();

  /**
   * What the kernel is told after the tensors.
   *
   * @param learningRate the rate
   * @param weightDecay the decay
   * @return the arguments, in its order
   */
  List<Object> arguments(double learningRate, double weightDecay);

  /**
   * AdamW (Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019, algorithm 2): m
   * and v are running means of g and its square, w is multiplied by 1 - lr wd and moved by -lr m' /
   * (sqrt(v') + epsilon), where m' and v' are divided by 1 - beta^t.
   *
   * @param beta1 the decay of m
   * @param beta2 the decay of v
   * @param epsilon what is added to the root
   */
  record AdamW(double beta1, double beta2, double epsilon) implements UpdateRule {
    /** {@inheritDoc} */
    @Override
    public List<String> moments() {
      return List.of("exp_avg", "exp_avg_sq");
    }

    /** {@inheritDoc} */
    @Override
    public String kernel() {
      return "adamw";
    }

    /** {@inheritDoc} */
    @Override
    public List<Object> arguments(double learningRate, double weightDecay) {
      return List.of(learningRate, beta1, beta2, weightDecay, epsilon);
    }
  }

  /**
   * Adam (Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015, algorithm 1), where
   * the decay is added to the gradient: g + wd w.
   *
   * @param beta1 the decay of the first moment
   * @param beta2 the decay of the second moment
   * @param epsilon what is added to the root
   */
  record Adam(double beta1, double beta2, double epsilon) implements UpdateRule {
    /** {@inheritDoc} */
    @Override
    public List<String> moments() {
      return List.of("exp_avg", "exp_avg_sq");
    }

    /** {@inheritDoc} */
    @Override
    public String kernel() {
      return "adam";
    }

    /** {@inheritDoc} */
    @Override
    public List<Object> arguments(double learningRate, double weightDecay) {
      return List.of(learningRate, beta1, beta2, weightDecay, epsilon);
    }
  }

  /**
   * Stochastic gradient descent with momentum and without dampening: b = momentum b + g + wd w, w
   * moves by -lr b. Nesterov's form moves by -lr (g + wd w + momentum b) (Sutskever et al., "On the
   * importance of initialization and momentum in deep learning", 2013).
   *
   * @param momentum the decay of b; 0 for none
   * @param nesterov whether to look ahead
   * @throws UserException if it is to look ahead without momentum
   */
  record Sgd(double momentum, boolean nesterov) implements UpdateRule {
    /** Checks the values. */
    public Sgd {
      if (nesterov && momentum == 0) {
        throw new UserException(
            "nesterov needs a momentum: optimizer.beta1=0.0 was given; it must be above 0");
      }
    }

    /** {@inheritDoc} */
    @Override
    public List<String> moments() {
      return momentum == 0 ? List.of() : List.of("momentum_buffer");
    }

    /** {@inheritDoc} */
    @Override
    public String kernel() {
      return momentum == 0 ? "descent" : "sgd";
    }

    /** {@inheritDoc} */
    @Override
    public List<Object> arguments(double learningRate, double weightDecay) {
      return momentum == 0
          ? List.of(learningRate, weightDecay)
          : List.of(learningRate, momentum, weightDecay, nesterov);
    }
  }

  /**
   * Lion (Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023, algorithm 2): w is
   * multiplied by 1 - lr wd and moved by -lr sign(beta1 m + (1 - beta1) g); then m = beta2 m + (1 -
   * beta2) g.
   *
   * @param beta1 the weight of m in the step
   * @param beta2 the decay of m
   */
  record Lion(double beta1, double beta2) implements UpdateRule {
    /** {@inheritDoc} */
    @Override
    public List<String> moments() {
      return List.of("exp_avg");
    }

    /** {@inheritDoc} */
    @Override
    public String kernel() {
      return "lion";
    }

    /** {@inheritDoc} */
    @Override
    public List<Object> arguments(double learningRate, double weightDecay) {
      return List.of(learningRate, beta1, beta2, weightDecay);
    }
  }
}
