package org.attentionzoo.training.optimize;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.kernels.KernelLibrary;

/**
 * AdamW (Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019, algorithm 2) with
 * PyTorch's conventions: the decay is multiplied by the learning rate, epsilon is added to the
 * bias-corrected root. One native call for the norm of all gradients and one for each group.
 *
 * <p>A parameter that has never had a gradient is left alone. One that has had one is treated as
 * having a zero gradient in a step that gives it none.
 *
 * <p>For one thread.
 */
public final class AdamW implements Optimizer {

  private static final KernelLibrary KERNELS =
      KernelLibrary.of(AdamW.class, "optimizers.torchscript");

  private static final String FIRST = ".exp_avg";
  private static final String SECOND = ".exp_avg_sq";
  private static final String STEP = ".step";

  private final NDManager manager;
  private final List<Group> groups;
  private final double beta1;
  private final double beta2;
  private final double epsilon;

  private record Group(double learningRateFactor, double weightDecay, List<Slot> slots) {}

  /** A parameter and its moments, which exist from its first gradient on. */
  private static final class Slot {
    final String name;
    final NDArray weight;
    NDArray first;
    NDArray second;
    NDArray step;

    Slot(String name, NDArray weight) {
      this.name = name;
      this.weight = weight;
    }

    void allocate(NDManager manager) {
      first = weight.zerosLike();
      second = weight.zerosLike();
      step = weight.getManager().zeros(new Shape(), DataType.FLOAT32, weight.getDevice());
      for (NDArray array : List.of(first, second, step)) {
        array.attach(manager);
      }
    }
  }

  /**
   * Creates the optimizer.
   *
   * @param groups the parameters, initialised; each in one group only
   * @param beta1 the decay of the first moment
   * @param beta2 the decay of the second moment
   * @param epsilon what is added to the root of the second moment
   * @throws IllegalArgumentException if there is no parameter
   */
  public AdamW(List<ParameterGroup> groups, double beta1, double beta2, double epsilon) {
    this.groups = new ArrayList<>();
    this.beta1 = beta1;
    this.beta2 = beta2;
    this.epsilon = epsilon;
    NDManager owner = null;
    for (ParameterGroup group : groups) {
      List<Slot> slots = new ArrayList<>();
      for (Map.Entry<String, Parameter> entry : group.parameters().entrySet()) {
        NDArray weight = entry.getValue().getArray();
        owner = owner == null ? weight.getManager() : owner;
        slots.add(new Slot(entry.getKey(), weight));
      }
      this.groups.add(new Group(group.learningRateFactor(), group.weightDecay(), slots));
    }
    if (owner == null) {
      throw new IllegalArgumentException("there is no parameter to train");
    }
    manager = owner.newSubManager();
  }

  /** {@inheritDoc} */
  @Override
  public NDArray step(NDManager scope, double learningRate, double scale, double maximumNorm) {
    try (GradientMode ignored = GradientMode.off()) {
      NDList all = new NDList();
      List<Lists> lists = new ArrayList<>();
      for (Group group : groups) {
        Lists list = collect(group, scope);
        all.addAll(list.gradients);
        lists.add(list);
      }
      if (all.isEmpty()) {
        throw new IllegalStateException("no parameter has a gradient; run a backward pass first");
      }
      NDList measured = KERNELS.callAll("measure", all, scale, maximumNorm);
      NDArray norm = measured.get(0);
      NDArray divisor = measured.get(1);
      NDArray broken = measured.get(2);
      for (int i = 0; i < lists.size(); i++) {
        Lists list = lists.get(i);
        Group group = groups.get(i);
        if (!list.gradients.isEmpty()) {
          KERNELS.call(
              "update",
              divisor,
              broken,
              list.weights,
              list.gradients,
              list.first,
              list.second,
              list.steps,
              learningRate * group.learningRateFactor,
              beta1,
              beta2,
              group.weightDecay,
              epsilon);
        }
      }
      return norm;
    }
  }

  private static final class Lists {
    final NDList weights = new NDList();
    final NDList gradients = new NDList();
    final NDList first = new NDList();
    final NDList second = new NDList();
    final NDList steps = new NDList();
  }

  private Lists collect(Group group, NDManager scope) {
    Lists lists = new Lists();
    for (Slot slot : group.slots) {
      NDArray gradient = JniUtils.getGradient((PtNDArray) slot.weight);
      if (gradient == null) {
        if (slot.step == null) {
          continue;
        }
        gradient = slot.weight.zerosLike();
      }
      gradient.attach(scope);
      if (slot.step == null) {
        slot.allocate(manager);
      }
      lists.weights.add(slot.weight);
      lists.gradients.add(gradient);
      lists.first.add(slot.first);
      lists.second.add(slot.second);
      lists.steps.add(slot.step);
    }
    return lists;
  }

  /** {@inheritDoc} */
  @Override
  public Map<String, NDArray> state() {
    Map<String, NDArray> state = new LinkedHashMap<>();
    for (Group group : groups) {
      for (Slot slot : group.slots) {
        if (slot.step != null) {
          state.put(slot.name + FIRST, slot.first);
          state.put(slot.name + SECOND, slot.second);
          state.put(slot.name + STEP, slot.step);
        }
      }
    }
    return state;
  }

  /** {@inheritDoc} */
  @Override
  public void restore(Map<String, NDArray> state) {
    NDList targets = new NDList();
    NDList values = new NDList();
    TreeSet<String> unused = new TreeSet<>(state.keySet());
    try (GradientMode ignored = GradientMode.off()) {
      for (Group group : groups) {
        for (Slot slot : group.slots) {
          if (!state.containsKey(slot.name + STEP)) {
            continue;
          }
          if (slot.step == null) {
            slot.allocate(manager);
          }
          Map<String, NDArray> parts =
              Map.of(FIRST, slot.first, SECOND, slot.second, STEP, slot.step);
          parts.forEach(
              (suffix, target) -> {
                unused.remove(slot.name + suffix);
                values.add(checked(slot.name + suffix, state, target.getShape()));
                targets.add(target);
              });
        }
      }
      if (!unused.isEmpty()) {
        throw new IllegalArgumentException(
            "the optimizer state has tensors of no parameter: " + String.join(", ", unused));
      }
      TensorLists.assign(targets, values);
    }
  }

  private static NDArray checked(String name, Map<String, NDArray> state, Shape expected) {
    NDArray value = state.get(name);
    if (value == null) {
      throw new IllegalArgumentException("the optimizer state lacks '" + name + "'");
    }
    if (!value.getShape().equals(expected)) {
      throw new IllegalArgumentException(
          "the optimizer state's '"
              + name
              + "' has shape "
              + value.getShape()
              + ", the parameter needs "
              + expected);
    }
    return value;
  }

  /** {@inheritDoc} */
  @Override
  public void close() {
    manager.close();
  }
}
