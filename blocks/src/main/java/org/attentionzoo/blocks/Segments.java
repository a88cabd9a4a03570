package org.attentionzoo.blocks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Consumer;

/**
 * The layers of one pass as segments that follow each other. In training each draws its random
 * numbers from a stream of its own, so that it can be run again with the same ones. With gradient
 * checkpointing (Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016) a segment
 * keeps nothing but its input and its output; {@link #backward} runs segments again, the last one
 * first, each just before its gradients are needed. The gradients are those of an ordinary backward
 * pass. What segments read besides their input is cut off from its graph by {@link Pass#shared},
 * whose backward pass comes after theirs. Outside of training a segment gives back what it made but
 * for its results.
 *
 * <p>For one pass and one thread.
 */
public final class Segments {

  private final long seed;
  private final boolean recomputed;

  /** The backward passes to come, in the order of the forward ones; given that of the losses. */
  private final List<Consumer<NDArray>> backwards = new ArrayList<>();

  private int count;

  private record Segment(
      Pass pass,
      BiFunction<Pass, NDArray, NDList> function,
      long seed,
      NDArray input,
      NDList outputs) {}

  /**
   * Segments of a pass that records no graph, in which nobody keeps what a layer made.
   *
   * @return segments that give back everything but their results
   */
  public static Segments released() {
    return new Segments(0, false);
  }

  /**
   * Segments of a training pass.
   *
   * @param seed decides the random numbers of each segment
   * @param recomputed whether segments keep nothing and are run again in the backward pass
   */
  public Segments(long seed, boolean recomputed) {
    this.seed = seed;
    this.recomputed = recomputed;
  }

  /**
   * How many segments the pass has had.
   *
   * @return 0 if the model has none
   */
  public int count() {
    return count;
  }

  /** Runs a segment; see {@link Pass#segment}. */
  NDList run(Pass pass, NDArray x, BiFunction<Pass, NDArray, NDList> function) {
    if (!pass.isTraining()) {
      return released(pass, x, function, pass.auxiliaryLosses());
    }
    long own = mix(seed + ++count);
    JniUtils.setSeed(own);
    if (!recomputed) {
      return function.apply(pass, x);
    }
    Map<String, NDArray> auxiliaryLosses = new LinkedHashMap<>();
    NDList outputs;
    try (GradientMode ignored = GradientMode.off()) {
      outputs = released(pass, x, function, auxiliaryLosses);
    }
    outputs.forEach(output -> output.setRequiresGradient(true));
    auxiliaryLosses.forEach(pass::addAuxiliaryLoss);
    Segment segment = new Segment(pass, function, own, x, outputs);
    backwards.add(gradient -> backward(segment, gradient));
    return outputs;
  }

  /** Cuts arrays off from their graph; see {@link Pass#shared}. */
  NDList share(Pass pass, NDList sources) {
    if (!pass.isTraining() || !recomputed) {
      return sources;
    }
    NDList shared = new NDList();
    for (NDArray source : sources) {
      NDArray leaf = source.stopGradient();
      leaf.setRequiresGradient(true);
      shared.add(leaf);
    }
    backwards.add(ignored -> passOn(sources, shared));
    return shared;
  }

  private static NDList released(
      Pass pass,
      NDArray x,
      BiFunction<Pass, NDArray, NDList> function,
      Map<String, NDArray> auxiliaryLosses) {
    NDManager owner = x.getManager();
    try (NDManager scope = owner.newSubManager()) {
      NDArray inner = x.stopGradient();
      inner.attach(scope);
      NDList outputs = function.apply(pass.inSegment(auxiliaryLosses, false), inner);
      outputs.attach(owner);
      auxiliaryLosses.values().forEach(loss -> loss.attach(owner));
      return outputs;
    }
  }

  /**
   * Does the backward pass of all segments, after that of the loss; nothing is left to do if they
   * were not checkpointed.
   *
   * @param gradient the gradient of the auxiliary losses that the segments added, a scalar
   */
  public void backward(NDArray gradient) {
    try (GradientMode ignored = GradientMode.on()) {
      for (int i = backwards.size() - 1; i >= 0; i--) {
        backwards.get(i).accept(gradient);
      }
    }
    backwards.clear();
  }

  private static void backward(Segment segment, NDArray gradient) {
    try (NDManager scope = segment.input().getManager().newSubManager()) {
      NDArray input = segment.input().stopGradient();
      input.attach(scope);
      input.setRequiresGradient(true);
      JniUtils.setSeed(segment.seed());
      Map<String, NDArray> auxiliaryLosses = new LinkedHashMap<>();
      NDList outputs =
          segment.function().apply(segment.pass().inSegment(auxiliaryLosses, true), input);
      Gradients gradients = new Gradients();
      gradients.addThoseOf(segment.outputs(), outputs, scope);
      auxiliaryLosses.values().forEach(loss -> gradients.add(loss, gradient));
      if (gradients.backward()) {
        passOn(new NDList(segment.input()), new NDList(input));
      }
    } finally {
      segment.outputs().close();
    }
  }

  /** From arrays that were cut off to what they were cut off from. */
  private static void passOn(NDList sources, NDList leaves) {
    try (NDManager scope = leaves.head().getManager().newSubManager()) {
      Gradients gradients = new Gradients();
      gradients.addThoseOf(leaves, sources, scope);
      gradients.backward();
    }
  }

  /** Where a backward pass begins, and with which gradients. */
  private static final class Gradients {
    private final NDList arrays = new NDList();
    private final NDList values = new NDList();

    void add(NDArray array, NDArray gradient) {
      arrays.add(array);
      values.add(gradient);
    }

    /** What arrived at leaves, as gradients of the arrays that they stand for. */
    void addThoseOf(NDList leaves, NDList represented, NDManager scope) {
      for (int i = 0; i < leaves.size(); i++) {
        PtNDArray gradient = JniUtils.getGradient((PtNDArray) leaves.get(i));
        if (gradient != null) {
          gradient.attach(scope);
          add(represented.get(i), gradient);
        }
      }
    }

    /** False if there are none, or none that leads to anything that is trained. */
    boolean backward() {
      if (arrays.isEmpty()) {
        return false;
      }
      if (arrays.size() == 1) {
        return BackwardPass.tryFrom(arrays.head(), values.head());
      }
      // One scalar whose gradient is that of all together: their graphs may be one graph.
      NDArray total = arrays.head().mul(values.head()).sum();
      for (int i = 1; i < arrays.size(); i++) {
        total = total.add(arrays.get(i).mul(values.get(i)).sum());
      }
      return BackwardPass.tryFrom(total);
    }
  }

  /** The finaliser of SplitMix64: neighbouring numbers become unrelated ones. */
  private static long mix(long value) {
    long z = value + 0x9E3779B97F4A7C15L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
