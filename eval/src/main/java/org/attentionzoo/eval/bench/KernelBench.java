package org.attentionzoo.eval.bench;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.jni.JniUtils;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.attentionzoo.blocks.BackwardPass;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.kernels.KernelCheck;

/** Times a kernel against its plain version. Thread safety: stateless. */
public final class KernelBench {

  private static final int WARMUPS = 3;

  private KernelBench() {}

  /**
   * A kernel and its plain version on one case.
   *
   * @param kernel what it computes
   * @param inputs the case's label
   * @param forward the kernel, forward
   * @param plainForward its plain version, forward
   * @param both the kernel, forward and backward; null if nothing has a gradient
   * @param plainBoth its plain version, forward and backward; null if nothing has a gradient
   */
  public record Result(
      String kernel,
      String inputs,
      Rounds.Timing forward,
      Rounds.Timing plainForward,
      Rounds.Timing both,
      Rounds.Timing plainBoth) {

    /**
     * Whether the kernel lost in every round, forward or with backward.
     *
     * @return true if it is not worth calling on these inputs
     */
    public boolean isSlower() {
      return forward.over(plainForward).smallest() > 1
          || (both != null && both.over(plainBoth).smallest() > 1);
    }
  }

  /**
   * Times one case.
   *
   * @param check the kernel
   * @param inputs the case
   * @param device where to compute
   * @param rounds how often each is run, and which time counts
   * @return the times
   */
  public static Result run(
      KernelCheck check, KernelCheck.Case inputs, Device device, Rounds.Plan rounds) {
    try (NDManager manager = NDManager.newBaseManager(device, "PyTorch")) {
      JniUtils.setSeed(1);
      NDList values = new NDList();
      try (GradientMode ignored = GradientMode.off()) {
        for (NDArray value : inputs.inputs().apply(manager)) {
          NDArray leaf = value.stopGradient();
          leaf.attach(manager);
          if (leaf.getDataType().isFloating()) {
            leaf.setRequiresGradient(true);
          }
          values.add(leaf);
        }
      }
      Map<String, Runnable> work = new LinkedHashMap<>();
      work.put("kernel", () -> forward(check.fast(), values, manager));
      work.put("plain", () -> forward(check.rival(), values, manager));
      NDList gradients = gradients(check.fast(), values, manager);
      boolean learns = !gradients.isEmpty();
      if (learns) {
        work.put("kernel backward", () -> both(check.fast(), values, gradients, manager));
        work.put("plain backward", () -> both(check.rival(), values, gradients, manager));
      }
      Map<String, Rounds.Timing> timings = Rounds.run(work, WARMUPS, rounds);
      return new Result(
          check.name(),
          inputs.label(),
          timings.get("kernel"),
          timings.get("plain"),
          timings.get("kernel backward"),
          timings.get("plain backward"));
    }
  }

  private static void forward(UnaryOperator<NDList> function, NDList values, NDManager manager) {
    try (NDManager scope = manager.newSubManager();
        GradientMode ignored = GradientMode.off()) {
      Workload.await(function.apply(Workload.borrowed(values, scope)).head());
    }
  }

  /**
   * A gradient for each output that can have one; none if no input wants one. Random numbers, as a
   * later layer gives them: the gradient of a sum is one number seen everywhere, for which libtorch
   * takes other paths.
   */
  private static NDList gradients(
      UnaryOperator<NDList> function, NDList values, NDManager manager) {
    NDList gradients = new NDList();
    if (values.stream().noneMatch(NDArray::hasGradient)) {
      return gradients;
    }
    try (NDManager scope = manager.newSubManager();
        GradientMode ignored = GradientMode.off()) {
      for (NDArray output : differentiable(function, values, scope)) {
        gradients.add(manager.randomNormal(output.getShape()));
      }
    }
    return gradients;
  }

  private static NDList differentiable(
      UnaryOperator<NDList> function, NDList values, NDManager scope) {
    NDList outputs = new NDList();
    for (NDArray output : function.apply(Workload.borrowed(values, scope))) {
      if (output.getDataType().isFloating()) {
        outputs.add(output);
      }
    }
    return outputs;
  }

  private static void both(
      UnaryOperator<NDList> function, NDList values, NDList gradients, NDManager manager) {
    try (NDManager scope = manager.newSubManager();
        GradientMode ignored = GradientMode.on()) {
      NDList outputs = differentiable(function, values, scope);
      NDArray sum = null;
      for (int i = 0; i < outputs.size(); i++) {
        NDArray term = outputs.get(i).mul(gradients.get(i)).sum();
        sum = sum == null ? term : sum.add(term);
      }
      BackwardPass.from(sum);
    }
  }
}
