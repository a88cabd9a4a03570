package org.attentionzoo.training.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.attentionzoo.blocks.Devices;
import org.attentionzoo.blocks.Measured;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Taps;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.BatchSource;
import org.attentionzoo.models.Configs;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Objective;
import org.attentionzoo.training.Task;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingLoopTest {

  /** Examples x and the squared difference of w x from 1. */
  private static final float[] DATA = {1, 2, 3, 4, 5, 6, 7, 8, 9};

  @TempDir private Path folder;
  private NDManager manager;

  @BeforeEach
  void open() {
    manager = Devices.manager(Device.cpu());
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void unequalBatchesAccumulateToTheMeanOverAllTheirItems() {
    // Batches of 1, 2 and 3 items in one step against one batch of the same 6 items.
    float apart = train(new Slices(new int[] {0, 1, 3, 6}), 3, "apart");
    float together = train(new Slices(new int[] {0, 6}), 1, "together");
    assertThat(apart).isCloseTo(together, within(1e-6f));
    assertThat(train(new Slices(new int[] {0, 3}), 1, "less"))
        .isNotCloseTo(together, within(1e-5f));
  }

  @Test
  void evaluationWeighsBatchesByTheirItems() {
    Scale model = new Scale();
    TrainingLoop.initialize(model, manager, 1);
    Task task = task(new Slices(new int[] {0, 1, 3, 9}));
    Evaluation.Result all = Evaluation.run(model, task, manager, 0);
    double sum = 0;
    for (float x : DATA) {
      sum += (0.5 * x - 1) * (0.5 * x - 1);
    }
    assertThat(all.loss()).isCloseTo(sum / DATA.length, within(1e-6));
    assertThat(all.metrics().get("mean_x")).isCloseTo(5, within(1e-6));
    assertThat(all.items()).isEqualTo(9);
    assertThat(all.batches()).isEqualTo(3);
    assertThat(Evaluation.run(model, task, manager, 2).metrics().get("mean_x"))
        .isCloseTo(2, within(1e-6));
  }

  @Test
  void measurementsAreReportedUnderTheirBlocksNameAndSeeWhatOthersReplaced() {
    Scale model = new Scale();
    TrainingLoop.initialize(model, manager, 1);
    Task task = task(new Slices(new int[] {0, 1, 3, 9}));
    // 0.5 x is above 2 from x = 5 on; the mean of shares weighs batches by their items
    assertThat(Evaluation.run(model, task, manager, 0).metrics().get("large"))
        .isCloseTo(5 / 9.0, within(1e-6));
    Taps silent = Taps.on(model).replace("scaled", NDArray::zerosLike);
    assertThat(Evaluation.run(model, task, manager, 0, silent).metrics())
        .containsEntry("large", 0.0)
        .containsEntry("loss", 1.0);
  }

  @Test
  void gradientCheckpointingNeedsLayers() {
    assertThatThrownBy(
            () -> train(new Slices(new int[] {0, 3}), 1, "out", "gradientCheckpointing=true"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("no layers");
  }

  @Test
  void wantOfMemoryIsToldWithWhatWouldFit() {
    RunConfig config =
        Configs.override(
            RunConfig.of("scale"),
            List.of(
                "steps=9",
                "checkpointEvery=2",
                "evaluateEvery=0",
                "task.batch=12",
                "task.length=64",
                "schedule.warmup=0"));
    Scale model = new Scale();
    TrainingLoop.initialize(model, manager, 1);
    BatchSource source =
        new Slices(new int[] {0, 3}) {
          @Override
          public Batch training(NDManager owner, long seed, long step) {
            if (step == 6) {
              model.greedy = true;
            }
            return super.training(owner, seed, 0);
          }
        };
    RunFolder run = RunFolder.create(folder.resolve("out"), config, Map.of());
    assertThatThrownBy(() -> new TrainingLoop(config, model, task(source), run).run(manager))
        .isInstanceOf(UserException.class)
        .hasMessageMatching("out of memory in step \\d, inputs of shape \\(3\\): .*")
        .hasMessageContaining("libtorch asked for 131072.0 GB; the last good checkpoint is ")
        .hasMessageContaining("task.batch=1 accumulate=12")
        .hasMessageContaining("gradientCheckpointing=true")
        .hasMessageContaining("task.length than 64");
    assertThat(run.checkpoints().newest()).isPresent();
  }

  @Test
  void anEvaluationForWhichThereIsNoMemoryCostsNoStep() {
    RunConfig config =
        Configs.override(
            RunConfig.of("scale"),
            List.of("steps=9", "checkpointEvery=0", "evaluateEvery=4", "schedule.warmup=0"));
    Scale model = new Scale();
    TrainingLoop.initialize(model, manager, 1);
    BatchSource source =
        new Slices(new int[] {0, 3}) {
          @Override
          public Batch training(NDManager owner, long seed, long step) {
            return super.validation(owner, 0);
          }

          @Override
          public Batch validation(NDManager owner, int index) {
            model.greedy = true;
            return super.validation(owner, index);
          }
        };
    RunFolder run = RunFolder.create(folder.resolve("out"), config, Map.of());
    assertThatThrownBy(() -> new TrainingLoop(config, model, task(source), run).run(manager))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith("out of memory in the evaluation")
        .hasMessageContaining("; step 4 is saved in ")
        .hasMessageEndingWith("zoo train --resume " + run.path() + " evaluateEvery=0");
    assertThat(run.checkpoints().newest().orElseThrow().state().step()).isEqualTo(4);
  }

  @Test
  void goesOnWithTheEvaluationInWhichItWasStopped() throws IOException {
    List<String> straight = new ArrayList<>();
    List<String> stopped = new ArrayList<>();
    evaluated("straight", -1, 0, straight);
    TrainingResult half = evaluated("stopped", 2, 0, stopped);
    assertThat(half.finished()).isFalse();
    assertThat(half.step()).isEqualTo(8);
    assertThat(stopped).containsExactly("evaluated 4");
    // Dies after it has made up for the evaluation, of which no checkpoint knows yet.
    assertThatThrownBy(() -> evaluated("stopped", -1, 10, stopped))
        .isInstanceOf(IllegalStateException.class);
    assertThat(evaluated("stopped", -1, 0, stopped).finished()).isTrue();
    assertThat(stopped)
        .containsExactly("evaluated 4", "evaluated 8", "evaluated 8", "evaluated 12");
    assertThat(straight).containsExactly("evaluated 4", "evaluated 8", "evaluated 12");
    assertThat(Files.readAllLines(folder.resolve("stopped/metrics.jsonl")))
        .isEqualTo(Files.readAllLines(folder.resolve("straight/metrics.jsonl")))
        .hasSize(15);
  }

  @Test
  void aRunThatIsStoppedInItsLastEvaluationIsNotFinished() {
    List<String> told = new ArrayList<>();
    TrainingResult stopped = evaluated("out", 3, 0, told);
    assertThat(stopped.step()).isEqualTo(stopped.steps());
    assertThat(stopped.finished()).isFalse();
    TrainingResult rest = evaluated("out", -1, 0, told);
    assertThat(rest.finished()).isTrue();
    assertThat(told).containsExactly("evaluated 4", "evaluated 8", "evaluated 12");
    assertThat(rest.validation()).isPresent();
  }

  /**
   * Trains twelve steps with evaluations after 4, 8 and 12, whose loss grows: what fits the first
   * example does not fit the others.
   *
   * @param stopIn in which evaluation of this process the run is asked to stop; none if negative
   * @param dieAfter after which step the run dies; none if 0
   */
  private TrainingResult evaluated(String name, int stopIn, int dieAfter, List<String> told) {
    RunConfig config =
        Configs.override(
            RunConfig.of("scale"),
            List.of(
                "steps=12",
                "logEvery=1",
                "evaluateEvery=4",
                "checkpointEvery=0",
                "schedule.warmup=0",
                "optimizer.lr=0.01"));
    Scale model = new Scale();
    TrainingLoop.initialize(model, manager, 1);
    Path path = folder.resolve(name);
    RunFolder run =
        Files.exists(path) ? RunFolder.open(path) : RunFolder.create(path, config, Map.of());
    Runnable[] stop = new Runnable[1];
    int[] evaluations = new int[1];
    BatchSource source =
        new Slices(new int[] {0, 1, 3, 6}) {
          @Override
          public Batch training(NDManager owner, long seed, long step) {
            return super.validation(owner, 0);
          }

          @Override
          public Batch validation(NDManager owner, int index) {
            evaluations[0] += index == 0 ? 1 : 0;
            if (index == 0 && evaluations[0] == stopIn) {
              stop[0].run();
            }
            return super.validation(owner, index);
          }
        };
    TrainingLoop loop = new TrainingLoop(config, model, task(source), run);
    stop[0] = loop::requestStop;
    loop.addListener(
        new TrainingListener() {
          @Override
          public void stepped(Progress progress) {
            if (progress.step() == dieAfter) {
              throw new IllegalStateException("the process dies");
            }
          }

          @Override
          public void evaluated(long step, Evaluation.Result result, boolean best) {
            told.add("evaluated " + step);
          }
        });
    return loop.run(manager);
  }

  private float train(BatchSource source, int accumulate, String name) {
    return train(source, accumulate, name, "steps=1");
  }

  private float train(BatchSource source, int accumulate, String name, String setting) {
    RunConfig config =
        Configs.override(
            RunConfig.of("scale"),
            List.of(
                setting,
                "steps=1",
                "accumulate=" + accumulate,
                "clip=0",
                "schedule.warmup=0",
                // A large epsilon makes the step depend on the gradient's size.
                "optimizer.epsilon=1000",
                "optimizer.lr=10"));
    Scale model = new Scale();
    TrainingLoop.initialize(model, manager, 1);
    new TrainingLoop(
            config, model, task(source), RunFolder.create(folder.resolve(name), config, Map.of()))
        .run(manager);
    return model.weight.getArray().getFloat(0);
  }

  private static Task task(BatchSource source) {
    return new Task(
        "slices",
        ModelKind.REGRESSOR,
        source,
        new SquaredError(),
        Map.of(),
        1,
        "examples",
        Map.of());
  }

  private static final class Scale extends UnaryBlock implements Measured {
    private final Parameter weight = parameter("weight", Initializers.constant(0.5), 1);
    private volatile boolean greedy;

    @Override
    public Set<String> tapPoints() {
      return Set.of("scaled");
    }

    @Override
    public List<Measurement> measurements() {
      return List.of(
          new Measurement(
              "scaled",
              y -> y.gt(2).toType(DataType.FLOAT32, false).mean(),
              mean -> Map.of("large", mean[0])));
    }

    @Override
    public NDArray forward(Pass pass, NDArray x) {
      if (greedy) {
        x.getManager().zeros(new Shape(1L << 45));
      }
      return pass.tap(this, "scaled", x.mul(pass.value(weight, x)));
    }
  }

  private static final class SquaredError implements Objective {
    @Override
    public Outcome evaluate(NDList outputs, Batch batch) {
      NDArray error = outputs.head().sub(batch.labels().head()).square().mean();
      return new Outcome(error, batch.ids().length, Map.of("mean_x", batch.inputs().head().mean()));
    }
  }

  /** Batch i holds the examples from one bound to the next. */
  private static class Slices implements BatchSource {
    private final int[] bounds;

    Slices(int[] bounds) {
      this.bounds = bounds;
    }

    @Override
    public Batch training(NDManager owner, long seed, long step) {
      return validation(owner, (int) step);
    }

    @Override
    public int validationBatches() {
      return bounds.length - 1;
    }

    @Override
    public Batch validation(NDManager owner, int index) {
      int size = bounds[index + 1] - bounds[index];
      float[] x = new float[size];
      System.arraycopy(DATA, bounds[index], x, 0, size);
      return new Batch(
          new NDList(owner.create(x)), new NDList(owner.ones(new Shape(size))), new long[size]);
    }
  }
}
