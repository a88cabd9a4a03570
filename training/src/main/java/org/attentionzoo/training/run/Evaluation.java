package org.attentionzoo.training.run;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Segments;
import org.attentionzoo.blocks.Taps;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.kernels.KernelException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.training.Meter;
import org.attentionzoo.training.Objective;
import org.attentionzoo.training.Task;

/** Runs a model over the validation part of a task. Thread safety: one call, one thread. */
public final class Evaluation {

  /**
   * Means over a validation part.
   *
   * @param metrics {@code loss} and the objective's metrics, each the mean over all items, the
   *     figures of its {@link Meter}, and what the model's {@link org.attentionzoo.blocks.Measured}
   *     blocks tell, under their names
   * @param items how many items (tokens, examples) the means are over
   * @param batches how many batches were seen
   */
  public record Result(Map<String, Double> metrics, double items, int batches) {

    /**
     * The mean loss.
     *
     * @return in the objective's unit
     */
    public double loss() {
      return metrics.get("loss");
    }
  }

  /** Is asked before each batch. */
  @FunctionalInterface
  public interface Control {

    /**
     * Whether to go on.
     *
     * @param done how many batches were seen
     * @param all how many there are
     * @return false to stop without a result
     */
    boolean goesOn(int done, int all);
  }

  private Evaluation() {}

  /**
   * Evaluates a model. No graph is recorded and dropout does not act; models that draw random
   * numbers draw the same ones in every evaluation.
   *
   * @param model the model, initialised on the manager's device
   * @param task the task
   * @param manager the parent of what each batch needs
   * @param limit the most batches to take; 0 for all
   * @return the means
   */
  public static Result run(ZooBlock model, Task task, NDManager manager, int limit) {
    return run(model, task, manager, limit, Taps.NONE);
  }

  /**
   * A pass over a batch.
   *
   * @throws UserException if the model refuses it, for example since it is longer than the model
   *     has positions for
   */
  static NDList forward(ZooBlock model, Pass pass, Batch batch) {
    try {
      return model.forward(pass, batch.inputs());
    } catch (IllegalArgumentException e) {
      String shapes =
          batch.inputs().stream()
              .map(input -> input.getShape().toString())
              .collect(Collectors.joining(", "));
      throw new UserException(
          "the model does not take inputs of shape "
              + shapes
              + ": "
              + e.getMessage()
              + "; change the sizes of the task (task.<key>) or of the model (model.<key>)",
          e);
    }
  }

  /**
   * Evaluates a model while somebody listens at its taps, for example to switch a part of it off.
   *
   * @param model the model
   * @param task what it is evaluated on
   * @param manager the device's manager; closed by the caller
   * @param limit how many validation batches are taken; 0 for all
   * @param taps who listens
   * @return weighted means over all items
   * @throws UserException if there is nothing to predict, the model refuses a batch or the memory
   *     does not suffice
   */
  public static Result run(ZooBlock model, Task task, NDManager manager, int limit, Taps taps) {
    return runWhile(model, task, manager, limit, taps, (done, all) -> true).orElseThrow();
  }

  /**
   * As {@link #run(ZooBlock, Task, NDManager, int, Taps)}, unless stopped before all batches are
   * seen.
   *
   * @param control is asked before each batch
   * @return the means; empty if it was stopped
   */
  static Optional<Result> runWhile(
      ZooBlock model, Task task, NDManager manager, int limit, Taps taps, Control control) {
    int all = task.source().validationBatches();
    int batches = limit == 0 ? all : Math.min(limit, all);
    Map<String, Double> sums = new LinkedHashMap<>();
    sums.put("loss", 0.0);
    double items = 0;
    Measurements measurements = new Measurements(model);
    Meter meter = task.objective().meter();
    Taps listeners = taps.and(measurements.taps());
    try (GradientMode ignored = GradientMode.off()) {
      for (int i = 0; i < batches; i++) {
        if (!control.goesOn(i, batches)) {
          return Optional.empty();
        }
        try (NDManager scope = manager.newSubManager()) {
          Seeds.forValidation(i);
          Batch batch = task.source().validation(scope, i);
          Pass pass = Pass.inference(new ParameterStore(scope, false)).with(listeners);
          // Listeners may keep what they see as long as the pass; measurements read it at once.
          pass = taps.isEmpty() ? pass.with(Segments.released()) : pass;
          NDList outputs = forward(model, pass, batch);
          Objective.Outcome outcome = task.objective().evaluate(outputs, batch);
          double weight = outcome.weight();
          measurements.count(weight);
          if (weight == 0) {
            continue;
          }
          items += weight;
          meter.add(outputs, batch, outcome);
          sums.merge("loss", Scalars.read(outcome.loss()) * weight, Double::sum);
          for (Map.Entry<String, NDArray> metric : outcome.metrics().entrySet()) {
            sums.merge(metric.getKey(), Scalars.read(metric.getValue()) * weight, Double::sum);
          }
        }
      }
    } catch (EngineException | KernelException | OutOfMemoryError e) {
      if (!OutOfMemory.is(e)) {
        throw e;
      }
      throw OutOfMemory.explain(
          e,
          "in the evaluation",
          !manager.getDevice().isGpu(),
          "a smaller task.batch (task.evaluationBatch, where the task has it)");
    }
    if (items == 0) {
      throw new UserException(
          "none of the "
              + batches
              + " validation batches has anything to be predicted; give more or other data, or"
              + " options of the task and the model that leave some");
    }
    double total = items;
    sums.replaceAll((name, sum) -> sum / total);
    sums.putAll(meter.figures());
    sums.putAll(measurements.figures());
    return Optional.of(new Result(sums, items, batches));
  }
}
