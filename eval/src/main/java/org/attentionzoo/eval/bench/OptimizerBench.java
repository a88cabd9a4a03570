package org.attentionzoo.eval.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.BackwardPass;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.training.optimize.NativeOptimizer;
import org.attentionzoo.training.optimize.Optimizer;
import org.attentionzoo.training.optimize.ParameterGroup;
import org.attentionzoo.training.optimize.TensorLists;
import org.attentionzoo.training.optimize.UpdateRule;

/**
 * Times a step of our AdamW against DJL's own over tensors of the same shapes: those of a
 * transformer. Before each step all gradients are written anew, as a backward pass does: ours sets
 * them to zero, and without gradients moments decay to numbers that processors are slow with.
 * Thread safety: stateless.
 */
public final class OptimizerBench {

  /** Until both sides run compiled; a step of few parameters is mostly Java. */
  private static final int WARMUPS = 20;

  private static final float RATE = 1e-4f;
  private static final float BETA1 = 0.9f;
  private static final float BETA2 = 0.999f;
  private static final float EPSILON = 1e-8f;
  private static final float DECAY = 0.01f;

  private OptimizerBench() {}

  /**
   * A step of both.
   *
   * @param tensors how many parameters there are
   * @param values how many numbers they hold
   * @param ours with the norm of all gradients, which DJL's does not compute
   * @param djl DJL's AdamW
   * @param norm that norm by DJL's operators
   */
  public record Result(
      int tensors, long values, Rounds.Timing ours, Rounds.Timing djl, Rounds.Timing norm) {}

  /**
   * Times a step.
   *
   * @param parent what the parameters' memory belongs to; decides the device
   * @param width of the transformer
   * @param layers of the transformer
   * @param rounds how often each is run, and which time counts
   * @return the times
   */
  public static Result run(NDManager parent, int width, int layers, Rounds.Plan rounds) {
    try (NDManager manager = parent.newSubManager()) {
      Map<String, Parameter> ours = parameters(manager, width, layers);
      Map<String, Parameter> theirs = parameters(manager, width, layers);
      ai.djl.training.optimizer.Optimizer djl =
          ai.djl.training.optimizer.Optimizer.adamW()
              .optLearningRateTracker(ai.djl.training.tracker.Tracker.fixed(RATE))
              .optBeta1(BETA1)
              .optBeta2(BETA2)
              .optEpsilon(EPSILON)
              .optWeightDecays(DECAY)
              .build();
      try (Optimizer optimizer =
          new NativeOptimizer(
              List.of(
                  new ParameterGroup(of(ours, 2), 1, DECAY), new ParameterGroup(of(ours, 1), 1, 0)),
              new UpdateRule.AdamW(BETA1, BETA2, EPSILON))) {
        Map<String, Runnable> work = new LinkedHashMap<>();
        work.put("ours", () -> step(optimizer, manager));
        work.put("djl", () -> step(djl, theirs));
        work.put("norm", () -> norm(theirs, manager));
        NDList gradients = gradients(ours);
        gradients.addAll(gradients(theirs));
        NDList kept = copies(gradients, manager);
        Map<String, Rounds.Timing> timings =
            Rounds.run(work, () -> TensorLists.assign(gradients, kept), WARMUPS, rounds);
        long values = ours.values().stream().mapToLong(p -> p.getArray().size()).sum();
        return new Result(
            ours.size(), values, timings.get("ours"), timings.get("djl"), timings.get("norm"));
      }
    }
  }

  private static NDList gradients(Map<String, Parameter> parameters) {
    NDList gradients = new NDList();
    parameters.values().forEach(p -> gradients.add(p.getArray().getGradient()));
    return gradients;
  }

  private static NDList copies(NDList arrays, NDManager manager) {
    NDList copies = new NDList();
    try (GradientMode ignored = GradientMode.off()) {
      for (NDArray array : arrays) {
        NDArray copy = array.duplicate();
        copy.attach(manager);
        copies.add(copy);
      }
    }
    return copies;
  }

  private static Map<String, Parameter> of(Map<String, Parameter> parameters, int axes) {
    Map<String, Parameter> chosen = new LinkedHashMap<>(parameters);
    chosen.values().removeIf(p -> p.getArray().getShape().dimension() != axes);
    return chosen;
  }

  private static void step(Optimizer optimizer, NDManager manager) {
    try (NDManager scope = manager.newSubManager()) {
      optimizer.step(scope, RATE, 1, 0).getFloat();
    }
  }

  private static void step(
      ai.djl.training.optimizer.Optimizer djl, Map<String, Parameter> parameters) {
    NDArray last = null;
    for (Map.Entry<String, Parameter> entry : parameters.entrySet()) {
      last = entry.getValue().getArray();
      try (NDArray gradient = last.getGradient()) {
        djl.update(entry.getKey(), last, gradient);
      }
    }
    Workload.await(last);
  }

  private static void norm(Map<String, Parameter> parameters, NDManager manager) {
    try (NDManager scope = manager.newSubManager();
        GradientMode ignored = GradientMode.off()) {
      NDList squares = new NDList();
      for (Parameter parameter : parameters.values()) {
        NDArray gradient = parameter.getArray().getGradient();
        gradient.attach(scope);
        squares.add(gradient.square().sum());
      }
      NDArrays.stack(squares).sum().sqrt().getFloat();
    }
  }

  /** Two norms, four projections and a feed-forward network a layer, each with a bias. */
  private static Map<String, Parameter> parameters(NDManager manager, int width, int layers) {
    Map<String, Parameter> parameters = new LinkedHashMap<>();
    for (int i = 0; i < layers; i++) {
      String layer = "layers." + i + ".";
      for (String norm : List.of("norm1", "norm2")) {
        add(parameters, manager, layer + norm + ".weight", width);
        add(parameters, manager, layer + norm + ".bias", width);
      }
      for (String projection : List.of("q_proj", "k_proj", "v_proj", "out_proj")) {
        add(parameters, manager, layer + projection + ".weight", width, width);
        add(parameters, manager, layer + projection + ".bias", width);
      }
      add(parameters, manager, layer + "fc1.weight", 4L * width, width);
      add(parameters, manager, layer + "fc1.bias", 4L * width);
      add(parameters, manager, layer + "fc2.weight", width, 4L * width);
      add(parameters, manager, layer + "fc2.bias", width);
    }
    return parameters;
  }

  private static void add(
      Map<String, Parameter> parameters, NDManager manager, String name, long... sizes) {
    Parameter parameter =
        Parameter.builder()
            .setName(name)
            .setType(Parameter.Type.OTHER)
            .optInitializer(Initializers.normal(0.02))
            .optShape(new Shape(sizes))
            .build();
    parameter.initialize(manager, DataType.FLOAT32);
    NDArray value = parameter.getArray();
    value.setRequiresGradient(true);
    try (NDManager scope = manager.newSubManager();
        GradientMode ignored = GradientMode.on()) {
      NDArray view = value.reshape(value.getShape());
      view.attach(scope);
      NDArray loss = view.square().sum();
      BackwardPass.from(loss);
    }
    parameters.put(name, parameter);
  }
}
