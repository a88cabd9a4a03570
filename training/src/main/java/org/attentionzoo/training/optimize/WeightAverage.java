package org.attentionzoo.training.optimize;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.kernels.KernelLibrary;

/**
 * The exponential moving average of a model's trainable parameters, as PyTorch's {@code
 * AveragedModel} with {@code get_ema_multi_avg_fn} has it: the weights themselves after the first
 * step, then a = decay a + (1 - decay) w, all weights in one native call. Buffers, such as running
 * statistics, are not averaged.
 *
 * <p>For one thread. Closing frees the averages, not the parameters.
 */
public final class WeightAverage implements AutoCloseable {

  private static final KernelLibrary KERNELS =
      KernelLibrary.of(WeightAverage.class, "optimizers.torchscript");

  private final NDManager manager;
  private final double decay;
  private final Map<String, NDArray> averages = new LinkedHashMap<>();
  private final NDList from = new NDList();
  private final NDList to = new NDList();
  private boolean started;

  /**
   * Prepares the average; there is none before the first {@link #update}.
   *
   * @param model the model, initialised
   * @param decay above 0 and below 1
   * @throws IllegalArgumentException if there is no parameter
   */
  public WeightAverage(Block model, double decay) {
    this.decay = decay;
    Set<String> seen = new HashSet<>();
    NDManager owner = null;
    for (Map.Entry<String, Parameter> entry : StateDict.of(model).entrySet()) {
      Parameter parameter = entry.getValue();
      if (parameter.requiresGradient() && seen.add(parameter.getId())) {
        NDArray weight = parameter.getArray();
        owner = owner == null ? weight.getManager().newSubManager() : owner;
        NDArray average = weight.zerosLike();
        average.attach(owner);
        averages.put(entry.getKey(), average);
        from.add(weight);
        to.add(average);
      }
    }
    if (owner == null) {
      throw new IllegalArgumentException("there is no parameter to average");
    }
    manager = owner;
  }

  /** Takes the weights as they are into the average; call it after each step. */
  public void update() {
    if (!started) {
      TensorLists.assign(to, from);
      started = true;
      return;
    }
    try (GradientMode ignored = GradientMode.off()) {
      KERNELS.call("average", to, from, 1 - decay).close();
    }
  }

  /**
   * Exchanges the weights and their average, bit for bit; a second call undoes the first. Nothing
   * happens before the first {@link #update}.
   */
  public void exchange() {
    if (started) {
      try (GradientMode ignored = GradientMode.off()) {
        KERNELS.call("exchange", from, to).close();
      }
    }
  }

  /**
   * The averages.
   *
   * @return by the first state-dict name of each trainable parameter; they change with the next
   *     update
   */
  public Map<String, NDArray> values() {
    return new LinkedHashMap<>(averages);
  }

  /**
   * Takes on averages.
   *
   * @param values at least the names that {@link #values} has; copied
   * @throws IllegalArgumentException if a name is missing or a shape does not fit
   */
  public void restore(Map<String, NDArray> values) {
    NDList given = new NDList();
    averages.forEach(
        (name, average) -> {
          NDArray value = values.get(name);
          if (value == null || !value.getShape().equals(average.getShape())) {
            throw new IllegalArgumentException(
                "the average of '"
                    + name
                    + "' is "
                    + (value == null ? "missing" : "of shape " + value.getShape())
                    + "; the parameter has shape "
                    + average.getShape());
          }
          given.add(value);
        });
    TensorLists.assign(to, given);
    started = true;
  }

  /** Frees the averages. */
  @Override
  public void close() {
    manager.close();
  }
}
