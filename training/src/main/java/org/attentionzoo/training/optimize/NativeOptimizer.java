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
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.kernels.KernelLibrary;

/**
 * Changes all parameters by an {@link UpdateRule} in one native call for the norm of all gradients
 * and one for each group.
 *
 * <p>A parameter that has never had a gradient is left alone. One that has had one is treated as
 * having a zero gradient in a step that gives it none.
 *
 * <p>For one thread.
 */
public final class NativeOptimizer implements Optimizer {

  private static final KernelLibrary KERNELS =
      KernelLibrary.of(NativeOptimizer.class, "optimizers.torchscript");

  private static final String STEP = "step";

  private final NDManager manager;
  private final List<Group> groups;
  private final UpdateRule rule;

  private record Group(double learningRateFactor, double weightDecay, List<Slot> slots) {}

  /** A parameter and what is kept for it, which exists from its first gradient on. */
  private static final class Slot {
    final String name;
    final NDArray weight;
    Map<String, NDArray> kept = Map.of();

    Slot(String name, NDArray weight) {
      this.name = name;
      this.weight = weight;
    }

    boolean isNew() {
      return kept.isEmpty();
    }

    void allocate(List<String> moments, NDManager manager) {
      kept = new LinkedHashMap<>();
      moments.forEach(moment -> kept.put(moment, weight.zerosLike()));
      kept.put(STEP, weight.getManager().zeros(new Shape(), DataType.FLOAT32, weight.getDevice()));
      kept.values().forEach(array -> array.attach(manager));
    }
  }

  /**
   * Creates the optimizer.
   *
   * @param groups the parameters, initialised; each in one group only
   * @param rule how they change
   * @throws IllegalArgumentException if there is no parameter
   */
  public NativeOptimizer(List<ParameterGroup> groups, UpdateRule rule) {
    this.groups = new ArrayList<>();
    this.rule = rule;
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
      NDArray divisor = scale == 1 && maximumNorm == 0 ? null : measured.get(1);
      NDArray broken = measured.get(2);
      for (int i = 0; i < lists.size(); i++) {
        Lists list = lists.get(i);
        Group group = groups.get(i);
        if (!list.gradients.isEmpty()) {
          List<Object> arguments = new ArrayList<>(Arrays.asList(divisor, broken));
          arguments.add(list.weights);
          arguments.add(list.gradients);
          arguments.addAll(list.kept);
          arguments.addAll(
              rule.arguments(learningRate * group.learningRateFactor, group.weightDecay));
          KERNELS.call(rule.kernel(), arguments.toArray());
        }
      }
      return norm;
    }
  }

  /** The tensors of a group that take part in a step. */
  private static final class Lists {
    final NDList weights = new NDList();
    final NDList gradients = new NDList();
    final List<NDList> kept = new ArrayList<>();
  }

  private Lists collect(Group group, NDManager scope) {
    Lists lists = new Lists();
    for (int i = 0; i <= rule.moments().size(); i++) {
      lists.kept.add(new NDList());
    }
    for (Slot slot : group.slots) {
      NDArray gradient = JniUtils.getGradient((PtNDArray) slot.weight);
      if (gradient == null) {
        if (slot.isNew()) {
          continue;
        }
        gradient = slot.weight.zerosLike();
      }
      gradient.attach(scope);
      if (slot.isNew()) {
        slot.allocate(rule.moments(), manager);
      }
      lists.weights.add(slot.weight);
      lists.gradients.add(gradient);
      int i = 0;
      for (NDArray array : slot.kept.values()) {
        lists.kept.get(i++).add(array);
      }
    }
    return lists;
  }

  /** {@inheritDoc} */
  @Override
  public Map<String, NDArray> state() {
    Map<String, NDArray> state = new LinkedHashMap<>();
    for (Group group : groups) {
      for (Slot slot : group.slots) {
        slot.kept.forEach((part, array) -> state.put(slot.name + "." + part, array));
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
          if (!state.containsKey(slot.name + "." + STEP)) {
            continue;
          }
          if (slot.isNew()) {
            slot.allocate(rule.moments(), manager);
          }
          slot.kept.forEach(
              (part, target) -> {
                String name = slot.name + "." + part;
                unused.remove(name);
                values.add(checked(name, state, target.getShape()));
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
