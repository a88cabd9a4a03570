package org.attentionzoo.training.run;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.BackwardPass;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Segments;
import org.attentionzoo.blocks.Taps;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.kernels.KernelException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.models.weights.SafetensorsFile;
import org.attentionzoo.models.weights.StateDictSaver;
import org.attentionzoo.training.Objective;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.optimize.Optimizer;
import org.attentionzoo.training.optimize.TensorLists;
import org.attentionzoo.training.optimize.WeightAverage;
import org.attentionzoo.training.schedule.Schedule;

/**
 * Trains a model on a task. What a step does is a function of the weights, the optimizer's state,
 * the seed and the step's number alone, so a run that was interrupted and goes on from a checkpoint
 * ends with the same bits as one that was not (on the CPU with the same number of threads).
 *
 * <p>{@link #run} is for one thread; {@link #requestStop} may be called by any.
 */
public final class TrainingLoop {

  private static final int MOST_IDS = 16;

  private final RunConfig config;
  private final ZooBlock model;
  private final Task task;
  private final RunFolder folder;
  private final Schedule schedule;
  private final List<TrainingListener> listeners = new ArrayList<>();
  private volatile boolean stopRequested;

  /**
   * Prepares a run.
   *
   * @param config the steps, the seed, the optimizer and so on; its model and data are not looked
   *     at
   * @param model the model, initialised (see {@link #initialize}) with the manager of {@link #run}
   * @param task the task
   * @param folder where the run is recorded; if it holds a checkpoint, the run goes on from there
   */
  public TrainingLoop(RunConfig config, ZooBlock model, Task task, RunFolder folder) {
    this.config = config;
    this.model = model;
    this.task = task;
    this.folder = folder;
    this.schedule = config.schedule().create(config.optimizer().lr(), config.steps());
  }

  /**
   * Draws a model's initial weights.
   *
   * @param model the model
   * @param manager owns the weights; decides their device
   * @param seed the run's seed
   * @throws UserException if the memory does not suffice
   */
  public static void initialize(ZooBlock model, NDManager manager, long seed) {
    Seeds.forWeights(seed);
    try {
      model.initialize(manager, DataType.FLOAT32);
    } catch (EngineException | KernelException | OutOfMemoryError e) {
      if (!OutOfMemory.is(e)) {
        throw e;
      }
      throw OutOfMemory.explain(
          e, "while the model was made", !manager.getDevice().isGpu(), "a smaller model");
    }
  }

  /**
   * Adds a listener.
   *
   * @param listener is told what happens
   */
  public void addListener(TrainingListener listener) {
    listeners.add(listener);
  }

  /** Asks the run to finish its step, or the batch of an evaluation, save and return. */
  public void requestStop() {
    stopRequested = true;
  }

  /**
   * Trains to the end, or until {@link #requestStop}. Where weights are averaged, the model has the
   * averages afterwards, as every evaluation and {@code model.safetensors} of a checkpoint do.
   *
   * @param manager the parent of what each step needs, on the model's device
   * @return how it ended
   * @throws NotFiniteException if the loss, the gradients or the weights are NaN or infinite; the
   *     newest checkpoint is from before
   * @throws UserException if the run folder cannot be written or its checkpoint is not of this run
   */
  public TrainingResult run(NDManager manager) {
    try (RunFolder.Lock lock = folder.lock();
        Optimizer optimizer = config.optimizer().create(model);
        WeightAverage average =
            config.emaDecay() == 0 ? null : new WeightAverage(model, config.emaDecay())) {
      Optional<Checkpoints.Checkpoint> start = folder.checkpoints().newest();
      long done = start.map(c -> c.state().step()).orElse(0L);
      requireFuture(done);
      passOver(folder.checkpoints().after(done), start.isPresent());
      folder.writeConfig();
      if (start.isPresent()) {
        restore(start.get(), optimizer, average, manager);
      }
      folder.checkpoints().clean(done);
      boolean evaluationDue = start.map(c -> isEvaluationDue(c.state())).orElse(false);
      try (MetricsLog metrics = new MetricsLog(folder.metricsFile(), done, evaluationDue);
          MetricsLog timing = new MetricsLog(folder.timingFile(), done, false);
          BatchQueue batches =
              new BatchQueue(
                  task.source(),
                  manager,
                  config.seed(),
                  done * config.accumulate(),
                  config.steps() * config.accumulate(),
                  config.prefetch())) {
        if (start.isPresent()) {
          compareMetrics(start.get().state());
        }
        return new Session(manager, optimizer, average, batches, metrics, timing, start).run();
      }
    } catch (IOException e) {
      throw new UserException(
          "cannot write to the run folder "
              + folder.path()
              + ": "
              + e
              + "; what was saved before is still there: free the disk or mend the folder, then"
              + " resume",
          e);
    }
  }

  private boolean isDue(int every, long step) {
    return step == config.steps() || (every > 0 && step % every == 0);
  }

  private boolean isEvaluated(long step) {
    return config.evaluateEvery() > 0 && isDue(config.evaluateEvery(), step);
  }

  /** A run may go on with other evaluations than it began with, or with none. */
  private boolean isEvaluationDue(Checkpoints.State state) {
    return state.evaluationDue() && isEvaluated(state.step());
  }

  private void requireFuture(long done) {
    if (done > config.steps()) {
      throw new UserException(
          "steps="
              + config.steps()
              + " was given, but "
              + folder.path()
              + " has done "
              + done
              + "; give at least that many");
    }
  }

  private void passOver(List<Path> damaged, boolean earlier) {
    if (!damaged.isEmpty() && !earlier) {
      throw new UserException(
          "no checkpoint is whole: the files of "
              + String.join(", ", damaged.stream().map(Path::toString).toList())
              + " are not the ones that were saved; restore one, or remove them to begin again");
    }
    damaged.forEach(path -> listeners.forEach(l -> l.passedOver(path)));
  }

  /** What no step depends on is no reason not to go on, but curves would have gaps. */
  private void compareMetrics(Checkpoints.State state) throws IOException {
    Path file = folder.metricsFile();
    if (state.metrics() != null && !state.metrics().equals(Checkpoints.stamp(file))) {
      listeners.forEach(l -> l.metricsChanged(file, state.step()));
    }
  }

  private void restore(
      Checkpoints.Checkpoint checkpoint,
      Optimizer optimizer,
      WeightAverage average,
      NDManager manager) {
    if (checkpoint.state().seed() != config.seed()) {
      throw new UserException(
          checkpoint.folder()
              + " is of a run with seed="
              + checkpoint.state().seed()
              + ", this one has seed="
              + config.seed()
              + "; give another folder or that seed");
    }
    checkpoint.loadTrainingWeights(model, manager);
    restore(checkpoint.optimizer(), manager, optimizer::restore);
    if (average != null) {
      restore(checkpoint.weights(), manager, average::restore);
    }
  }

  private static void restore(
      Path source, NDManager manager, Consumer<Map<String, NDArray>> target) {
    try (NDManager scope = manager.newSubManager();
        SafetensorsFile file = SafetensorsFile.open(source)) {
      Map<String, NDArray> state = new LinkedHashMap<>();
      file.tensors().keySet().forEach(name -> state.put(name, file.read(scope, name)));
      target.accept(state);
    } catch (IllegalArgumentException e) {
      throw new UserException(source + " is not of this run: " + e.getMessage(), e);
    }
  }

  /** What one call of {@link #run} keeps track of. */
  private final class Session {

    private final NDManager manager;
    private final Optimizer optimizer;
    private final WeightAverage average;
    private final BatchQueue batches;
    private final ParameterStore store;
    private final MetricsLog metrics;
    private final MetricsLog timing;
    private Clock clock;
    private long done;

    /** Whether the evaluation after the step that is done is still to come. */
    private boolean evaluationDue;

    private Double bestLoss;
    private Long bestStep;
    private Path checkpoint;
    private Evaluation.Result validation;

    /** Of the batch at hand. */
    private List<Shape> inputs = List.of();

    Session(
        NDManager manager,
        Optimizer optimizer,
        WeightAverage average,
        BatchQueue batches,
        MetricsLog metrics,
        MetricsLog timing,
        Optional<Checkpoints.Checkpoint> start) {
      this.manager = manager;
      this.optimizer = optimizer;
      this.average = average;
      this.batches = batches;
      this.metrics = metrics;
      this.timing = timing;
      store = new ParameterStore(manager, false);
      start.ifPresent(
          c -> {
            done = c.state().step();
            evaluationDue = isEvaluationDue(c.state());
            bestLoss = c.state().bestLoss();
            bestStep = c.state().bestStep();
            checkpoint = c.folder();
          });
    }

    TrainingResult run() throws IOException {
      listeners.forEach(l -> l.started(done, config.steps()));
      clock = new Clock(done, config.steps(), task.itemsPerBatch() * config.accumulate());
      boolean stopped = false;
      while (!stopped && (evaluationDue || done < config.steps())) {
        // A run that was stopped before its evaluation was done goes on with it.
        if (!evaluationDue) {
          Step step = stepInMemory();
          done++;
          report(step);
          evaluationDue = isEvaluated(done);
        }
        Double loss = evaluationDue ? evaluateOrSave() : null;
        stopped = stopRequested;
        boolean improved = loss != null && bestStep != null && bestStep == done;
        if (stopped || improved || isDue(config.checkpointEvery(), done)) {
          save(loss);
        }
      }
      exchange();
      return new TrainingResult(
          done == config.steps() && !evaluationDue,
          done,
          config.steps(),
          Optional.ofNullable(validation),
          Optional.ofNullable(bestStep),
          checkpoint);
    }

    /** Puts the averages in the place of the weights, or back again. */
    private void exchange() {
      if (average != null) {
        average.exchange();
      }
    }

    private Step stepInMemory() {
      inputs = List.of();
      try {
        return step();
      } catch (EngineException | KernelException | OutOfMemoryError e) {
        if (!OutOfMemory.is(e)) {
          throw e;
        }
        throw OutOfMemory.explain(e, config, done + 1, inputs, lastGood());
      }
    }

    private Step step() {
      double rate = schedule.learningRate(done);
      Means means = new Means();
      try (NDManager scope = manager.newSubManager()) {
        List<long[]> ids = new ArrayList<>();
        for (int i = 0; i < config.accumulate(); i++) {
          ids.add(backward(scope, done * config.accumulate() + i, means));
        }
        double items = means.items();
        double scale = config.accumulate() == 1 || items == 0 ? 1 : 1 / items;
        double norm = Scalars.read(optimizer.step(scope, rate, scale, config.clip()));
        if (!Double.isFinite(norm)) {
          throw notFinite("the norm of the gradients is " + norm + " in", done + 1, ids);
        }
        if (average != null) {
          average.update();
        }
        return new Step(rate, norm, means.values());
      }
    }

    /** Adds the gradients of one batch to those on the parameters; gives the batch's ids. */
    private long[] backward(NDManager parent, long number, Means means) {
      try (BatchQueue.Taken taken = batches.take();
          GradientMode ignored = GradientMode.on()) {
        Batch batch = taken.batch();
        inputs = batch.inputs().stream().map(NDArray::getShape).toList();
        Segments segments =
            new Segments(Seeds.forTraining(config.seed(), number), config.gradientCheckpointing());
        Pass pass = precisely(Pass.training(store).with(segments));
        NDList outputs = Evaluation.forward(model, pass, batch);
        if (config.gradientCheckpointing() && segments.count() == 0) {
          throw new UserException(
              "gradientCheckpointing=true was given, but this model has no layers that can be run"
                  + " again; set it to false");
        }
        Objective.Outcome outcome = task.objective().evaluate(outputs, batch);
        NDArray total = outcome.loss();
        for (NDArray auxiliary : pass.auxiliaryLosses().values()) {
          total = total.add(auxiliary);
        }
        double value = Scalars.read(total);
        if (!Double.isFinite(value)) {
          throw notFinite(
              "the loss is " + value + where(parent, number) + " in",
              done + 1,
              List.of(batch.ids()));
        }
        means.add(outcome, pass.auxiliaryLosses());
        // Several batches add up as sums over their items, which the optimizer divides by all
        // items.
        NDArray gradient =
            config.accumulate() == 1
                ? total.onesLike()
                : Arithmetic.times(total.onesLike(), outcome.weight());
        BackwardPass.from(total, gradient);
        segments.backward(gradient);
        return batch.ids();
      }
    }

    private Pass precisely(Pass pass) {
      return config.isBfloat16() ? pass.inBfloat16() : pass;
    }

    /** Repeats the forward pass of a batch to find where it breaks. */
    private String where(NDManager parent, long number) {
      try (NDManager inputs = parent.newSubManager();
          NDManager scope = parent.newSubManager();
          GradientMode ignored = GradientMode.off()) {
        Segments segments = new Segments(Seeds.forTraining(config.seed(), number), false);
        Batch batch = task.source().training(inputs, config.seed(), number);
        NDList views = new NDList();
        for (NDArray input : batch.inputs()) {
          NDArray view = input.reshape(input.getShape());
          view.attach(scope);
          views.add(view);
        }
        FiniteWatch watch = new FiniteWatch(model, scope);
        model.forward(precisely(Pass.training(watch).with(segments)), views);
        return watch
            .place()
            .map(place -> " (first not finite: " + place + ")")
            .orElse(" (all outputs of the model are finite)");
      }
    }

    private void report(Step step) throws IOException {
      clock.stepDone();
      Progress progress =
          new Progress(
              done,
              config.steps(),
              step.means().get("loss"),
              step.learningRate(),
              step.gradientNorm(),
              step.means(),
              clock.itemsPerSecond(),
              clock.left());
      listeners.forEach(l -> l.stepped(progress));
      if (done == 1 || isDue(config.logEvery(), done)) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("split", MetricsLog.TRAIN);
        line.putAll(step.means());
        line.put("learning_rate", step.learningRate());
        line.put("gradient_norm", step.gradientNorm());
        metrics.write(done, line);
        Map<String, Object> pace = new LinkedHashMap<>();
        pace.put("seconds", clock.seconds());
        pace.put("items_per_second", clock.itemsPerSecond());
        ProcessMemory.resident().ifPresent(bytes -> pace.put("resident_bytes", bytes));
        pace.put("arrays", manager.getManagedArrays().size());
        timing.write(done, pace);
      }
    }

    /** What fails in an evaluation, for want of memory for one, must not cost the steps before. */
    private Double evaluateOrSave() throws IOException {
      try {
        return evaluate();
      } catch (UserException e) {
        try {
          save(null);
        } catch (IOException | RuntimeException notSaved) {
          e.addSuppressed(notSaved);
          throw e;
        }
        throw new UserException(
            e.getMessage()
                + "; step "
                + done
                + " is saved in "
                + checkpoint
                + ", and the run goes on without evaluations by zoo train --resume "
                + folder.path()
                + " evaluateEvery=0",
            e);
      }
    }

    /** Gives the loss; null if the run is asked to stop before it is known. */
    private Double evaluate() throws IOException {
      listeners.forEach(TrainingListener::pausing);
      Optional<Evaluation.Result> result;
      exchange();
      try {
        result =
            Evaluation.runWhile(
                model,
                task,
                manager,
                config.evaluateBatches(),
                Taps.NONE,
                (batches, all) -> !stopRequested);
      } finally {
        exchange();
      }
      if (result.isEmpty()) {
        return null;
      }
      evaluationDue = false;
      validation = result.get();
      double loss = validation.loss();
      boolean best = Double.isFinite(loss) && (bestLoss == null || loss < bestLoss);
      if (best) {
        bestLoss = loss;
        bestStep = done;
      }
      Map<String, Object> line = new LinkedHashMap<>();
      line.put("split", MetricsLog.VALIDATION);
      line.putAll(validation.metrics());
      metrics.write(done, line);
      listeners.forEach(l -> l.evaluated(done, validation, best));
      clock.pause();
      return loss;
    }

    private void save(Double validationLoss) throws IOException {
      listeners.forEach(TrainingListener::pausing);
      Map<String, NDArray> weights = StateDictSaver.arrays(model);
      NDList values =
          new NDList(weights.values().stream().filter(w -> w.getDataType().isFloating()).toList());
      if (!TensorLists.isFinite(values)) {
        throw notFinite("a weight is not finite after", done, List.of());
      }
      metrics.force();
      Checkpoints.State state =
          new Checkpoints.State(
              done,
              config.seed(),
              validationLoss,
              evaluationDue,
              bestStep,
              bestLoss,
              Checkpoints.stamp(folder.metricsFile()));
      Map<String, Map<String, NDArray>> tensors = new LinkedHashMap<>();
      tensors.put(Checkpoints.MODEL, weights);
      tensors.put(Checkpoints.OPTIMIZER, optimizer.state());
      if (average != null) {
        Map<String, NDArray> averaged = new LinkedHashMap<>(weights);
        averaged.putAll(average.values());
        tensors.put(Checkpoints.MODEL, averaged);
        tensors.put(Checkpoints.UNAVERAGED, weights);
      }
      checkpoint = folder.checkpoints().save(state, tensors).folder();
      folder.checkpoints().prune(config.keep(), bestStep);
      listeners.forEach(l -> l.saved(done, checkpoint));
      clock.pause();
    }

    private NotFiniteException notFinite(String what, long step, List<long[]> ids) {
      String examples =
          ids.stream()
              .flatMapToLong(Arrays::stream)
              .limit(MOST_IDS)
              .mapToObj(Long::toString)
              .collect(Collectors.joining(", "));
      return new NotFiniteException(
          String.format(
              Locale.ROOT,
              "%s step %d (learning rate %.3g%s); %s; a smaller optimizer.lr, a longer"
                  + " schedule.warmup or %s may help",
              what,
              step,
              schedule.learningRate(step - 1),
              examples.isEmpty() ? "" : ", examples " + examples,
              lastGood(),
              config.clip() == 0 ? "a limit for the gradients, clip=1," : "a smaller clip"),
          step - 1);
    }

    private String lastGood() {
      return checkpoint == null
          ? "no checkpoint had been saved yet"
          : "the last good checkpoint is " + checkpoint;
    }
  }

  /** What a step found: means over its items. */
  private record Step(double learningRate, double gradientNorm, Map<String, Double> means) {}

  /** Means over the items of several batches. */
  private static final class Means {
    private final Map<String, Double> sums = new LinkedHashMap<>();
    private double items;

    void add(Objective.Outcome outcome, Map<String, NDArray> auxiliaryLosses) {
      items += outcome.weight();
      add("loss", outcome.loss(), outcome.weight());
      outcome.metrics().forEach((name, value) -> add(name, value, outcome.weight()));
      auxiliaryLosses.forEach((name, value) -> add(name, value, outcome.weight()));
    }

    private void add(String name, NDArray value, double weight) {
      sums.merge(name, Scalars.read(value) * weight, Double::sum);
    }

    double items() {
      return items;
    }

    Map<String, Double> values() {
      Map<String, Double> means = new LinkedHashMap<>();
      sums.forEach((name, sum) -> means.put(name, items == 0 ? 0 : sum / items));
      return means;
    }
  }
}
