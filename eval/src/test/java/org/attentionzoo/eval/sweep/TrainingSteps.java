package org.attentionzoo.eval.sweep;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import org.attentionzoo.blocks.BackwardPass;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.ZooBlock;

/** Forward and backward of a subject, as training does it, on made-up inputs and a made-up loss. */
final class TrainingSteps {

  private TrainingSteps() {}

  /**
   * A training pass over the inputs, whose manager owns what it makes; gradients are added to.
   *
   * @return the outputs
   */
  static NDList run(Subject subject, ZooBlock block, NDList inputs, boolean plain) {
    Pass pass = Pass.training(new ParameterStore(inputs.head().getManager(), false));
    return run(subject, block, inputs, plain ? pass.onPlainPath() : pass);
  }

  /** The same by a training pass of the caller's. */
  static NDList run(Subject subject, ZooBlock block, NDList inputs, Pass pass) {
    try (GradientMode ignored = GradientMode.on()) {
      NDList outputs = subject.run(pass, block, inputs, null);
      NDArray loss = weighted(outputs);
      for (NDArray auxiliary : pass.auxiliaryLosses().values()) {
        loss = loss.add(auxiliary);
      }
      backward(loss);
      return outputs;
    }
  }

  /** A whole step of training in a scope of its own below the manager: it leaves nothing behind. */
  static void runAndFree(
      Subject subject, ZooBlock block, NDManager manager, int seed, int length, boolean plain) {
    try (NDManager scope = manager.newSubManager()) {
      run(subject, block, subject.inputs(scope, seed, 2, length), plain);
      for (Parameter parameter : StateDict.of(block).values()) {
        if (parameter.requiresGradient()) {
          try (NDArray gradient = parameter.getArray().getGradient()) {
            gradient.muli(0);
          }
        }
      }
    }
  }

  /** The sum of all outputs, each value with a weight of its own. */
  static NDArray weighted(NDList outputs) {
    NDArray sum = null;
    for (NDArray output : outputs) {
      if (output.getDataType().isFloating()) {
        Shape shape = output.getShape();
        NDArray weights = output.getManager().arange(shape.size()).add(0.5).sin().reshape(shape);
        NDArray term = output.mul(weights.toType(output.getDataType(), false)).sum();
        sum = sum == null ? term : sum.add(term);
      }
    }
    return sum;
  }

  static void backward(NDArray loss) {
    // A block without parameters, fed with integers, has no gradient.
    BackwardPass.tryFrom(loss);
  }
}
