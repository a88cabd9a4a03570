package org.attentionzoo.training.optimize;

import ai.djl.Device;
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
import org.attentionzoo.blocks.kernels.KernelTensors;

/**
 * Changes all parameters by an {@link UpdateRule} in one native call for the norm of all gradients
 * and one for each group.
 *
 * <p>The parameters of a group, their gradients and what is kept for them lie side by side in one
 * stretch of memory each, so that a step costs a few operators and not a few for each parameter: at
 * its first gradient a parameter, and that gradient, are moved there. They stay the arrays that
 * they were.
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

  /** Every parameter begins at a multiple of so many values: at 64 bytes, as fresh memory does. */
  private static final long ALIGNMENT = 32;

  /** A stretch is a multiple of so many values, as the norm's kernel wants it. */
  private static final long ROW = 1024;

  /** How many parameters of a stretch a step looks at. */
  private static final int CHECKED = 4;

  private final NDManager manager;
  private final List<Group> groups;
  private final UpdateRule rule;
  private List<Stretch> stretches = new ArrayList<>();
  private KernelTensors allGradients;
  private KernelTensors counters;

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

    boolean hasGradient() {
      try (NDArray gradient = JniUtils.getGradient((PtNDArray) weight)) {
        return gradient != null;
      }
    }
  }

  /** Parameters of a group that had their first gradient in the same step. */
  private static final class Stretch {
    final Group group;
    final NDManager memory;
    final List<Slot> slots;

    /** The parameters, and where they and their gradients are to lie. */
    final List<KernelTensors> placing = new ArrayList<>();

    /** The stretches of weights, gradients and moments, and the count of steps. */
    final List<KernelTensors> updating = new ArrayList<>();

    NDArray gradients;
    NDArray steps;
    private long[] present = {};
    private int next = -1;

    Stretch(Group group, NDManager memory, List<Slot> slots) {
      this.group = group;
      this.memory = memory;
      this.slots = slots;
    }

    /**
     * Puts the parameters and their gradients in their places: all until there is a gradient of
     * each, which a restored state may have to wait for. Then only a few a step are looked at, in
     * turns, because looking costs more than updating a small one; nothing in the zoo moves a
     * parameter, and what does (a pass with a graph of the gradients, a set()) is set right then.
     */
    void place() {
      int from = Math.max(next, 0);
      int to = next < 0 ? slots.size() : Math.min(slots.size(), from + CHECKED);
      if (next < 0) {
        present = slots.stream().mapToLong(slot -> slot.hasGradient() ? 1 : 0).toArray();
      }
      List<Object> arguments = new ArrayList<>(placing);
      arguments.addAll(List.of(present, from, to));
      KERNELS.call("place", arguments.toArray()).close();
      boolean complete = next >= 0 || Arrays.stream(present).allMatch(there -> there == 1);
      next = complete ? to % slots.size() : -1;
    }

    void close() {
      placing.forEach(KernelTensors::close);
      updating.forEach(KernelTensors::close);
      memory.close();
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
      beginNew();
      if (stretches.isEmpty()) {
        throw new IllegalStateException("no parameter has a gradient; run a backward pass first");
      }
      stretches.forEach(Stretch::place);
      NDList measured = KERNELS.callAll("measure", allGradients, counters, scale, maximumNorm);
      measured.attach(scope);
      NDArray norm = measured.get(0);
      NDArray divisor = scale == 1 && maximumNorm == 0 ? null : measured.get(1);
      NDArray broken = measured.get(2);
      for (Stretch stretch : stretches) {
        List<Object> arguments = new ArrayList<>(Arrays.asList(divisor, broken));
        arguments.addAll(stretch.updating);
        arguments.addAll(
            rule.arguments(
                learningRate * stretch.group.learningRateFactor, stretch.group.weightDecay));
        KERNELS.call(rule.kernel(), arguments.toArray());
      }
      return norm;
    }
  }

  /** Begins the parameters that have got their first gradient since the last step. */
  private void beginNew() {
    boolean changed = false;
    for (Group group : groups) {
      List<Slot> begun = new ArrayList<>();
      for (Slot slot : group.slots) {
        if (slot.isNew() && slot.hasGradient()) {
          begun.add(slot);
        }
      }
      changed |= begin(group, begun);
    }
    if (changed) {
      listAll();
    }
  }

  private void listAll() {
    closeLists();
    allGradients = KernelTensors.of(new NDList(stretches.stream().map(s -> s.gradients).toList()));
    counters = KernelTensors.of(new NDList(stretches.stream().map(s -> s.steps).toList()));
  }

  private void closeLists() {
    if (allGradients != null) {
      allGradients.close();
      counters.close();
    }
  }

  private record Kind(DataType type, Device device) {
    static Kind of(NDArray weight) {
      return new Kind(weight.getDataType(), weight.getDevice());
    }
  }

  private boolean begin(Group group, List<Slot> slots) {
    Map<Kind, List<Slot>> kinds = new LinkedHashMap<>();
    for (Slot slot : slots) {
      kinds.computeIfAbsent(Kind.of(slot.weight), kind -> new ArrayList<>()).add(slot);
    }
    kinds.forEach((kind, alike) -> stretches.add(stretch(group, kind, alike)));
    return !slots.isEmpty();
  }

  private Stretch stretch(Group group, Kind kind, List<Slot> slots) {
    NDManager memory = manager.newSubManager(kind.device);
    NDList weights = new NDList();
    long[] offsets = new long[slots.size()];
    long size = 0;
    for (int i = 0; i < offsets.length; i++) {
      NDArray weight = slots.get(i).weight;
      weights.add(weight);
      offsets[i] = size;
      size += upTo(ALIGNMENT, weight.size());
      slots.get(i).kept = new LinkedHashMap<>();
    }
    Stretch stretch = new Stretch(group, memory, slots);
    stretch.placing.add(KernelTensors.of(weights));
    List<String> parts = new ArrayList<>(List.of("weights", "gradients"));
    parts.addAll(rule.moments());
    for (int part = 0; part < parts.size(); part++) {
      NDArray values = memory.zeros(new Shape(upTo(ROW, size)), kind.type);
      NDList slices = KERNELS.callAll("slices", values, offsets, weights);
      stretch.updating.add(KernelTensors.of(new NDList(values)));
      if (part < 2) {
        stretch.placing.add(KernelTensors.of(slices));
        stretch.gradients = values;
      } else {
        for (int i = 0; i < offsets.length; i++) {
          slots.get(i).kept.put(parts.get(part), slices.get(i));
        }
      }
    }
    stretch.steps = memory.zeros(new Shape(), DataType.FLOAT32);
    stretch.updating.add(KernelTensors.of(new NDList(stretch.steps)));
    slots.forEach(slot -> slot.kept.put(STEP, stretch.steps));
    return stretch;
  }

  private static long upTo(long multiple, long size) {
    return (size + multiple - 1) / multiple * multiple;
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
    TreeSet<String> unused = new TreeSet<>(state.keySet());
    Map<Slot, Float> counts = new LinkedHashMap<>();
    for (Group group : groups) {
      for (Slot slot : group.slots) {
        if (state.containsKey(slot.name + "." + STEP)) {
          counts.put(slot, checked(slot.name + "." + STEP, state, new Shape()).getFloat());
          unused.remove(slot.name + "." + STEP);
          for (String moment : rule.moments()) {
            checked(slot.name + "." + moment, state, slot.weight.getShape());
            unused.remove(slot.name + "." + moment);
          }
        }
      }
    }
    if (!unused.isEmpty()) {
      throw new IllegalArgumentException(
          "the optimizer state has tensors of no parameter: " + String.join(", ", unused));
    }
    List<Stretch> old = stretches;
    stretches = new ArrayList<>();
    NDList targets = new NDList();
    NDList values = new NDList();
    try (GradientMode ignored = GradientMode.off()) {
      for (Group group : groups) {
        Map<Float, List<Slot>> together = new LinkedHashMap<>();
        for (Slot slot : group.slots) {
          slot.kept = Map.of();
          if (counts.containsKey(slot)) {
            together.computeIfAbsent(counts.get(slot), count -> new ArrayList<>()).add(slot);
          }
        }
        together.values().forEach(slots -> begin(group, slots));
      }
      for (Slot slot : counts.keySet()) {
        slot.kept.forEach(
            (part, target) -> {
              targets.add(target);
              values.add(state.get(slot.name + "." + part));
            });
      }
      TensorLists.assign(targets, values);
    }
    old.forEach(Stretch::close);
    if (!stretches.isEmpty()) {
      listAll();
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
    closeLists();
    stretches.forEach(Stretch::close);
    stretches = new ArrayList<>();
    manager.close();
  }
}
