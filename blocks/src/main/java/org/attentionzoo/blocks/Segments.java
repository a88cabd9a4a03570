package org.attentionzoo.blocks;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;

/**
 * The layers of one pass as segments that follow each other. In training each draws its random
 * numbers from a stream of its own, so that it can be run again with the same ones. With gradient
 * checkpointing (Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016) a segment
 * keeps nothing but its input and its output; {@link #backward} runs segments again, the last one
 * first, each just before its gradients are needed. The gradients are those of an ordinary backward
 * pass. Outside of training a segment gives back what it made but for its result.
 *
 * <p>For one pass and one thread.
 */
public final class Segments {

  private final long seed;
  private final boolean recomputed;
  private final List<Segment> segments = new ArrayList<>();
  private int count;

  private record Segment(
      Pass pass,
      BiFunction<Pass, NDArray, NDArray> function,
      long seed,
      NDArray input,
      NDArray output) {}

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
  NDArray run(Pass pass, NDArray x, BiFunction<Pass, NDArray, NDArray> function) {
    if (!pass.isTraining()) {
      return released(pass, x, function, pass.auxiliaryLosses());
    }
    long own = mix(seed + ++count);
    JniUtils.setSeed(own);
    if (!recomputed) {
      return function.apply(pass, x);
    }
    Map<String, NDArray> auxiliaryLosses = new LinkedHashMap<>();
    NDArray output;
    try (GradientMode ignored = GradientMode.off()) {
      output = released(pass, x, function, auxiliaryLosses);
    }
    output.setRequiresGradient(true);
    auxiliaryLosses.forEach(pass::addAuxiliaryLoss);
    segments.add(new Segment(pass, function, own, x, output));
    return output;
  }

  private static NDArray released(
      Pass pass,
      NDArray x,
      BiFunction<Pass, NDArray, NDArray> function,
      Map<String, NDArray> auxiliaryLosses) {
    NDManager owner = x.getManager();
    try (NDManager scope = owner.newSubManager()) {
      NDArray inner = x.stopGradient();
      inner.attach(scope);
      NDArray output = function.apply(pass.inSegment(auxiliaryLosses, false), inner);
      output.attach(owner);
      auxiliaryLosses.values().forEach(loss -> loss.attach(owner));
      return output;
    }
  }

  /**
   * Does the backward pass of all segments, after that of the loss; nothing is left to do if they
   * were not checkpointed.
   *
   * @param gradient the gradient of the auxiliary losses that the segments added, a scalar
   */
  public void backward(NDArray gradient) {
    for (int i = segments.size() - 1; i >= 0; i--) {
      backward(segments.get(i), gradient);
    }
    segments.clear();
  }

  private static void backward(Segment segment, NDArray gradient) {
    PtNDArray arrived = JniUtils.getGradient((PtNDArray) segment.output());
    try (NDManager scope = segment.output().getManager().newSubManager();
        GradientMode ignored = GradientMode.on()) {
      NDArray input = segment.input().stopGradient();
      input.attach(scope);
      input.setRequiresGradient(true);
      JniUtils.setSeed(segment.seed());
      Map<String, NDArray> auxiliaryLosses = new LinkedHashMap<>();
      NDArray output =
          segment.function().apply(segment.pass().inSegment(auxiliaryLosses, true), input);
      if (arrived != null) {
        arrived.attach(scope);
      }
      if (auxiliaryLosses.isEmpty()) {
        if (arrived == null) {
          return;
        }
        JniUtils.backward((PtNDArray) output, arrived, false, false);
      } else {
        // One scalar whose gradient is that of the output and of each loss together.
        NDArray total = arrived == null ? null : output.mul(arrived).sum();
        for (NDArray loss : auxiliaryLosses.values()) {
          NDArray weighted = loss.mul(gradient);
          total = total == null ? weighted : weighted.add(total);
        }
        JniUtils.backward((PtNDArray) total, (PtNDArray) total.onesLike(), false, false);
      }
      PtNDArray passedOn = JniUtils.getGradient((PtNDArray) input);
      if (passedOn != null) {
        passedOn.attach(scope);
        passOn(segment.input(), passedOn);
      }
    } finally {
      segment.output().close();
    }
  }

  private static void passOn(NDArray input, PtNDArray gradient) {
    try {
      JniUtils.backward((PtNDArray) input, gradient, false, false);
    } catch (EngineException e) {
      // DJL tells of leaves only whether they need a gradient. What depends on nothing trained
      // needs none.
      if (e.getMessage() == null || !e.getMessage().contains("does not require grad")) {
        throw e;
      }
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
