package org.attentionzoo.blocks.kernels;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.attentionzoo.blocks.BackwardPass;
import org.attentionzoo.blocks.GradientMode;

/**
 * Compares a kernel with the plain version of the same function: outputs, and the gradients of
 * every floating-point input. Each kernel is called three times, since libtorch compiles anew at
 * the second call, and once more without a graph, where some go another way.
 *
 * <p>Thread safety: stateless; it seeds the engine, which is one for the process.
 */
public final class KernelComparison {

  private static final int CALLS = 3;
  private static final double SMALLEST_SCALE = 1e-3;

  private KernelComparison() {}

  /** How the inputs lie in memory. */
  public enum Layout {
    /** In order, without gaps. */
    CONTIGUOUS,
    /** Axes in reverse order; arrays of one axis with gaps. */
    STRIDED
  }

  /**
   * A tensor of both versions.
   *
   * @param what {@code output 0} or {@code gradient of input 1}
   * @param ratio the largest difference, relative to the largest value; infinite if shapes or types
   *     differ or a value is not finite
   */
  public record Difference(String what, double ratio) {}

  /**
   * Compares on one case.
   *
   * @param check the kernel and its plain version
   * @param inputs the inputs
   * @param layout how they lie in memory
   * @param type the type that floating-point inputs are converted to
   * @param device where to compute
   * @return a difference for each tensor, the worst over all calls
   */
  public static List<Difference> compare(
      KernelCheck check, KernelCheck.Case inputs, Layout layout, DataType type, Device device) {
    try (NDManager manager = NDManager.newBaseManager(device, "PyTorch")) {
      JniUtils.setSeed(inputs.label().hashCode());
      NDList values;
      try (GradientMode ignored = GradientMode.off()) {
        values = inputs.inputs().apply(manager);
      }
      List<NDArray> expected = run(check.plain(), values, Layout.CONTIGUOUS, type, manager);
      int outputs = expected.size() - values.size();
      double[] worst = new double[expected.size()];
      for (int call = 0; call < CALLS; call++) {
        List<NDArray> actual = run(check.fast(), values, layout, type, manager);
        if (actual.size() != expected.size()) {
          throw new IllegalStateException(
              check.name()
                  + " gives "
                  + (actual.size() - values.size())
                  + " outputs, its plain version "
                  + outputs);
        }
        for (int i = 0; i < worst.length; i++) {
          worst[i] = Math.max(worst[i], ratio(actual.get(i), expected.get(i)));
        }
      }
      try (GradientMode ignored = GradientMode.off()) {
        NDList predicted = check.fast().apply(leaves(values, layout, type, manager));
        for (int i = 0; i < outputs; i++) {
          worst[i] = Math.max(worst[i], ratio(predicted.get(i), expected.get(i)));
        }
      }
      List<Difference> differences = new ArrayList<>();
      for (int i = 0; i < worst.length; i++) {
        String what = i < outputs ? "output " + i : "gradient of input " + (i - outputs);
        differences.add(new Difference(what, worst[i]));
      }
      return differences;
    }
  }

  /** Outputs, then a gradient for each input; null for inputs that can have none. */
  private static List<NDArray> run(
      UnaryOperator<NDList> function,
      NDList values,
      Layout layout,
      DataType type,
      NDManager manager) {
    NDList inputs = leaves(values, layout, type, manager);
    List<NDArray> results = new ArrayList<>();
    try (GradientMode ignored = GradientMode.on()) {
      NDList outputs = function.apply(inputs);
      NDArray sum = null;
      for (NDArray output : outputs) {
        results.add(output);
        if (output.getDataType().isFloating()) {
          NDArray term = output.mul(weights(output, manager)).sum();
          sum = sum == null ? term : sum.add(term);
        }
      }
      if (sum != null) {
        // Where nothing depends on an input gradients stay zero, and must on the other path too.
        BackwardPass.tryFrom(sum);
      }
    }
    for (NDArray input : inputs) {
      results.add(input.hasGradient() ? input.getGradient() : null);
    }
    return results;
  }

  private static NDList leaves(NDList values, Layout layout, DataType type, NDManager manager) {
    NDList inputs = new NDList();
    try (GradientMode ignored = GradientMode.off()) {
      for (NDArray value : values) {
        inputs.add(leaf(value, layout, type, manager));
      }
    }
    return inputs;
  }

  /** Different for every place, the same for both versions. */
  private static NDArray weights(NDArray output, NDManager manager) {
    Shape shape = output.getShape();
    return manager
        .arange(0f, shape.size(), 1f, output.getDataType(), output.getDevice())
        .add(0.5)
        .sin()
        .reshape(shape);
  }

  private static NDArray leaf(NDArray value, Layout layout, DataType type, NDManager manager) {
    NDArray copy = value.getDataType().isFloating() ? value.toType(type, true) : value.duplicate();
    if (layout == Layout.STRIDED && copy.getShape().dimension() > 0 && copy.size() > 1) {
      copy = strided(copy);
    }
    NDArray leaf = copy.stopGradient();
    leaf.attach(manager);
    if (leaf.getDataType().isFloating()) {
      leaf.setRequiresGradient(true);
    }
    return leaf;
  }

  private static NDArray strided(NDArray value) {
    int axes = value.getShape().dimension();
    if (axes == 1) {
      return value.expandDims(1).repeat(1, 2).get(":, 0");
    }
    int[] reversed = new int[axes];
    for (int i = 0; i < axes; i++) {
      reversed[i] = axes - 1 - i;
    }
    // Flat in between: a mere copy keeps the order of the axes in memory.
    NDArray turned = value.transpose(reversed);
    return turned.reshape(-1).reshape(turned.getShape()).transpose(reversed);
  }

  private static double ratio(NDArray actual, NDArray expected) {
    if (expected == null || actual == null) {
      return expected == actual ? 0 : Double.POSITIVE_INFINITY;
    }
    if (!actual.getShape().equals(expected.getShape())
        || actual.getDataType() != expected.getDataType()) {
      return Double.POSITIVE_INFINITY;
    }
    if (expected.size() == 0) {
      return 0;
    }
    double[] a = doubles(actual);
    double[] b = doubles(expected);
    double scale = SMALLEST_SCALE;
    double worst = 0;
    for (int i = 0; i < b.length; i++) {
      if (!Double.isFinite(a[i]) || !Double.isFinite(b[i])) {
        return Double.POSITIVE_INFINITY;
      }
      scale = Math.max(scale, Math.abs(b[i]));
      worst = Math.max(worst, Math.abs(a[i] - b[i]));
    }
    return worst / scale;
  }

  private static double[] doubles(NDArray array) {
    try (NDArray wide = array.toType(DataType.FLOAT64, true)) {
      return wide.toDoubleArray();
    }
  }
}
