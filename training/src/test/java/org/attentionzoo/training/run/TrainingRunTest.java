package org.attentionzoo.training.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.jni.JniUtils;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.models.Papers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrainingRunTest {

  private static final Papers PAPERS = TinyZoo.papers();

  @TempDir private Path folder;
  private Path text;

  @BeforeEach
  void writeText() throws IOException {
    text = folder.resolve("text.txt");
    Files.write(text, TinyZoo.text(4000));
  }

  @Test
  void learnsAndRecordsWhatItDid() throws IOException {
    Path out = folder.resolve("out");
    TrainingResult result;
    double before;
    try (TrainingRun run = start(out, "steps=60", "optimizer.lr=0.03", "evaluateEvery=20")) {
      before = run.evaluate().metrics().get("bits_per_byte");
      result = run.train();
      assertThat(run.evaluate().metrics()).isEqualTo(result.validation().orElseThrow().metrics());
    }
    double after = result.validation().orElseThrow().metrics().get("bits_per_byte");
    assertThat(before).isGreaterThan(6);
    // Two of each three bytes are drawn from 4 and 2 at random: 1 bit a byte is the least.
    assertThat(after).isBetween(1.0, 2.0);
    assertThat(result.finished()).isTrue();
    assertThat(result.step()).isEqualTo(60);
    List<String> lines = Files.readAllLines(out.resolve("metrics.jsonl"));
    assertThat(lines).hasSize(1 + 6 + 3);
    assertThat(lines.get(0))
        .startsWith("{\"step\":1,\"split\":\"train\",\"loss\":")
        .contains(
            "\"bits_per_byte\":", "\"tiny.size\":", "\"learning_rate\":", "\"gradient_norm\"");
    assertThat(lines.get(9)).startsWith("{\"step\":60,\"split\":\"validation\",\"loss\":");
    assertThat(Files.readString(out.resolve("config.yaml")))
        .contains("vocabulary: 256", "width: 8", "length: 16", "sha256:", "command: test");
  }

  @Test
  void theResolvedConfigIsARecipe() {
    Path out = folder.resolve("out");
    RunConfig config;
    try (TrainingRun run = start(out, "steps=1")) {
      config = run.config();
    }
    RunConfig read = Recipes.resolve(PAPERS, out.resolve("config.yaml").toString(), List.of());
    assertThat(read).isEqualTo(config);
    assertThat(RunFolder.open(out).config()).isEqualTo(config);
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.9})
  void goesOnWithTheSameBitsAfterAStop(double emaDecay) throws IOException {
    Path straight = folder.resolve("straight");
    Path stopped = folder.resolve("stopped");
    String[] settings = {
      "steps=12",
      "logEvery=1",
      "evaluateEvery=4",
      "checkpointEvery=5",
      "accumulate=2",
      "keep=1",
      "emaDecay=" + emaDecay
    };
    TrainingResult whole;
    try (TrainingRun run = start(straight, settings)) {
      whole = run.train();
    }
    try (TrainingRun run = start(stopped, settings)) {
      stopAfter(run, 7);
      TrainingResult half = run.train();
      assertThat(half.finished()).isFalse();
      assertThat(half.step()).isEqualTo(7);
    }
    try (TrainingRun run = TrainingRun.resume(PAPERS, stopped, List.of())) {
      TrainingResult rest = run.train();
      assertThat(rest.finished()).isTrue();
      assertThat(rest.bestStep()).isEqualTo(whole.bestStep());
      assertSame(straight, whole.checkpoint(), stopped, rest.checkpoint());
    }
  }

  @Test
  void tellsWhatDecidesTheBitsAndIsNoLongerTheSame() throws IOException {
    Path out = folder.resolve("out");
    try (TrainingRun run = start(out, "steps=1")) {
      run.train();
    }
    try (TrainingRun run = TrainingRun.resume(PAPERS, out, List.of("steps=2"))) {
      assertThat(run.notes()).isEmpty();
    }
    Path config = out.resolve("config.yaml");
    Files.writeString(
        config, Files.readString(config).replaceFirst("threads: \\d+", "threads: 77"));
    try (TrainingRun run = TrainingRun.resume(PAPERS, out, List.of("steps=2"))) {
      assertThat(run.notes())
          .singleElement()
          .asString()
          .startsWith("the run began with threads 77 and goes on with ");
      run.train();
    }
    Map<String, Object> origin = RunFolder.open(out).provenance();
    assertThat(origin).containsEntry("threads", 77);
    assertThat(origin.get("resumed"))
        .isEqualTo(List.of(Map.of("after_step", 1, "threads", JniUtils.getNumThreads())));
    try (TrainingRun run = TrainingRun.resume(PAPERS, out, List.of())) {
      assertThat(run.notes()).isEmpty();
    }
  }

  @Test
  void batchesPreparedAheadGiveTheSameBits() throws IOException {
    Path expected = folder.resolve("expected");
    String[] settings = {"steps=12", "logEvery=1", "evaluateEvery=4", "accumulate=3"};
    TrainingResult without;
    try (TrainingRun run = start(expected, with(settings, "prefetch=0"))) {
      without = run.train();
    }
    for (int ahead : new int[] {1, 5}) {
      Path out = folder.resolve("ahead" + ahead);
      try (TrainingRun run = start(out, with(settings, "prefetch=" + ahead))) {
        assertSame(expected, without.checkpoint(), out, run.train().checkpoint());
      }
    }
  }

  @Test
  void activationsComputedAgainGiveTheSameBits() throws IOException {
    Path expected = folder.resolve("expected");
    Path out = folder.resolve("out");
    String[] settings = {"steps=12", "logEvery=1", "evaluateEvery=4", "model.dropout=0.3"};
    TrainingResult without;
    try (TrainingRun run = start(expected, settings)) {
      without = run.train();
    }
    // A run whose memory does not suffice may go on with it.
    try (TrainingRun run = start(out, settings)) {
      stopAfter(run, 5);
      run.train();
    }
    try (TrainingRun run = TrainingRun.resume(PAPERS, out, List.of("gradientCheckpointing=true"))) {
      assertSame(expected, without.checkpoint(), out, run.train().checkpoint());
    }
  }

  /** The master weights stay float32; what differs is the rounding of products. */
  @Test
  void learnsInBfloat16WhereThatIsForced() throws IOException {
    String[] settings = {"steps=60", "optimizer.lr=0.03", "evaluateEvery=60", "model.dropout=0"};
    Map<String, Double> after = new LinkedHashMap<>();
    for (String precision : List.of("float32", "bfloat16")) {
      Path out = folder.resolve(precision);
      try (TrainingRun run =
          start(out, with(settings, "allowSlowPrecision=true", "precision=" + precision))) {
        Evaluation.Result validation = run.train().validation().orElseThrow();
        after.put(precision, validation.metrics().get("bits_per_byte"));
        assertThat(run.model().getParameters().valueAt(0).getArray().getDataType())
            .isEqualTo(DataType.FLOAT32);
      }
    }
    double exact = after.get("float32");
    assertThat(exact).isBetween(1.0, 2.0);
    assertThat(after.get("bfloat16")).isNotEqualTo(exact).isCloseTo(exact, within(0.05));
  }

  @Test
  void theAverageOfTheWeightsIsEvaluatedSavedAndLoaded() throws IOException {
    Path plain = folder.resolve("plain");
    Path averaged = folder.resolve("averaged");
    String[] settings = {"steps=30", "optimizer.lr=0.1", "evaluateEvery=30", "logEvery=1"};
    Evaluation.Result without;
    try (TrainingRun run = start(plain, settings)) {
      without = run.train().validation().orElseThrow();
    }
    try (TrainingRun run = start(averaged, with(settings, "emaDecay=0.9"))) {
      Evaluation.Result with = run.train().validation().orElseThrow();
      assertThat(with.loss()).isNotEqualTo(without.loss());
      assertThat(run.evaluate().metrics()).isEqualTo(with.metrics());
      try (TrainedModel model = TrainedModel.load(PAPERS, averaged, "cpu")) {
        assertThat(model.evaluate(model.task(""), 0).metrics()).isEqualTo(with.metrics());
      }
    }
    // The average is only looked at: the steps are those of a run without it.
    String last = "checkpoints/step-00000030/";
    assertThat(averaged.resolve(last + "unaveraged.safetensors"))
        .hasSameBinaryContentAs(plain.resolve(last + "model.safetensors"));
    List<String> lines = Files.readAllLines(plain.resolve("metrics.jsonl"));
    assertThat(Files.readAllLines(averaged.resolve("metrics.jsonl")).subList(0, 30))
        .isEqualTo(lines.subList(0, 30));
  }

  /** A number or an array that only Java holds would be freed between forward and backward. */
  @Test
  void computesTheSameBitsWhileGarbageIsCollected() throws IOException {
    Path quiet = folder.resolve("quiet");
    Path busy = folder.resolve("busy");
    String[] settings = {"steps=40", "logEvery=1", "evaluateEvery=0", "accumulate=2"};
    TrainingResult expected;
    try (TrainingRun run = start(quiet, settings)) {
      expected = run.train();
    }
    AtomicBoolean done = new AtomicBoolean();
    Thread collector =
        new Thread(
            () -> {
              while (!done.get()) {
                System.gc();
                // Overwrites what was freed, so that a stale pointer shows.
                for (int i = 0; i < 200; i++) {
                  ByteBuffer.allocateDirect(8).putLong(-1L);
                }
              }
            });
    collector.start();
    try (TrainingRun run = start(busy, settings)) {
      assertSame(quiet, expected.checkpoint(), busy, run.train().checkpoint());
    } finally {
      done.set(true);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"model.safetensors", "optimizer.safetensors", "checkpoint.json"})
  void goesOnFromTheCheckpointBeforeOneThatIsNotWhole(String damaged) throws IOException {
    Path straight = folder.resolve("straight");
    Path killed = folder.resolve("killed");
    String[] settings = {"steps=9", "logEvery=1", "evaluateEvery=0", "checkpointEvery=3", "keep=3"};
    TrainingResult whole;
    try (TrainingRun run = start(straight, settings)) {
      whole = run.train();
    }
    try (TrainingRun run = start(killed, settings)) {
      stopAfter(run, 7);
      run.train();
    }
    // What a power failure leaves: the newest cut short, the one before with a byte changed, and
    // a hidden folder of one that was never finished; lines of metrics that no checkpoint has.
    truncate(killed.resolve("checkpoints/step-00000007").resolve(damaged));
    flip(killed.resolve("checkpoints/step-00000006").resolve("model.safetensors"));
    Path half = killed.resolve("checkpoints/.step-00000008.x.tmp");
    Files.createDirectory(half);
    Files.writeString(half.resolve("model.safetensors"), "half");
    Files.writeString(
        killed.resolve("metrics.jsonl"),
        Files.readString(killed.resolve("metrics.jsonl")) + "{\"step\":8,\"spl");

    try (TrainingRun run = TrainingRun.resume(PAPERS, killed, List.of())) {
      List<Long> started = new ArrayList<>();
      List<String> passedOver = new ArrayList<>();
      run.addListener(
          new TrainingListener() {
            @Override
            public void started(long step, long steps) {
              started.add(step);
            }

            @Override
            public void passedOver(Path checkpoint) {
              passedOver.add(checkpoint.getFileName().toString());
            }
          });
      TrainingResult rest = run.train();
      assertThat(started).containsExactly(3L);
      assertThat(passedOver).containsExactly("step-00000006", "step-00000007");
      assertSame(straight, whole.checkpoint(), killed, rest.checkpoint());
    }
    assertThat(half).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(strings = {"removed", "cut short", "edited", "longer", "as it was"})
  void tellsOfMetricsThatAreNotWhatTheRunWrote(String what) throws IOException {
    Path out = folder.resolve("out");
    try (TrainingRun run = start(out, "steps=4", "logEvery=1", "evaluateEvery=2")) {
      run.train();
    }
    Path metrics = out.resolve("metrics.jsonl");
    String written = Files.readString(metrics);
    switch (what) {
      case "removed" -> Files.delete(metrics);
      case "cut short" -> truncate(metrics);
      case "edited" -> Files.writeString(metrics, written.replace("\"step\":2", "\"step\":1"));
      // A process that was killed had gone on without saving.
      case "longer" -> Files.writeString(metrics, written + "{\"step\":5,\"split\":\"train\"}\n");
      default -> assertThat(metrics).exists();
    }
    boolean fine = what.equals("longer") || what.equals("as it was");
    for (boolean told : new boolean[] {!fine, false}) {
      List<Long> changed = new ArrayList<>();
      long steps = RunFolder.open(out).checkpoints().newest().orElseThrow().state().step() + 1;
      try (TrainingRun run = TrainingRun.resume(PAPERS, out, List.of("steps=" + steps))) {
        run.addListener(
            new TrainingListener() {
              @Override
              public void metricsChanged(Path file, long step) {
                assertThat(file).isEqualTo(metrics);
                changed.add(step);
              }
            });
        run.train();
      }
      assertThat(changed).isEqualTo(told ? List.of(steps - 1) : List.of());
    }
  }

  @Test
  void goesOnFromNothingThatIsDamaged() throws IOException {
    Path out = folder.resolve("out");
    try (TrainingRun run = start(out, "steps=4", "evaluateEvery=0", "checkpointEvery=2")) {
      run.train();
    }
    Path state = out.resolve("checkpoints/step-00000004/checkpoint.json");
    String said = Files.readString(state);
    Files.writeString(state, said.replace("\"step\" : 4", "\"step\" : 3"));
    assertThat(RunFolder.open(out).checkpoints().newest().orElseThrow().state().step())
        .isEqualTo(2);
    Files.writeString(state, said);
    assertThat(RunFolder.open(out).checkpoints().newest().orElseThrow().state().step())
        .isEqualTo(4);

    flip(out.resolve("checkpoints/step-00000002/optimizer.safetensors"));
    flip(out.resolve("checkpoints/step-00000004/optimizer.safetensors"));
    List<String> lines = Files.readAllLines(out.resolve("metrics.jsonl"));
    try (TrainingRun run = TrainingRun.resume(PAPERS, out, List.of("steps=6"))) {
      assertThatThrownBy(run::train)
          .isInstanceOf(UserException.class)
          .hasMessageContaining("step-00000002")
          .hasMessageContaining("step-00000004");
    }
    assertThat(names(out.resolve("checkpoints"))).containsExactly("step-00000002", "step-00000004");
    assertThat(Files.readAllLines(out.resolve("metrics.jsonl"))).isEqualTo(lines);

    Path config = out.resolve("config.yaml");
    String whole = Files.readString(config);
    Files.writeString(config, whole.substring(0, whole.indexOf("seed:")));
    assertThatThrownBy(() -> TrainingRun.resume(PAPERS, out, List.of()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("config.yaml is damaged");
  }

  /** As a lack of permissions would, which this test's user may not have. */
  @ParameterizedTest
  @ValueSource(strings = {"model.safetensors", "checkpoint.json"})
  void aFileThatCannotBeReadIsNotTakenForADamagedOne(String name) throws IOException {
    Path out = folder.resolve("out");
    try (TrainingRun run = start(out, "steps=4", "evaluateEvery=0", "checkpointEvery=2")) {
      run.train();
    }
    Path file = out.resolve("checkpoints/step-00000004").resolve(name);
    Path kept = folder.resolve("kept");
    Files.move(file, kept);
    Files.createSymbolicLink(file, file);
    assertThatThrownBy(() -> TrainedModel.load(PAPERS, out, "cpu"))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining(file.toString());
    assertThatThrownBy(() -> TrainingRun.resume(PAPERS, out, List.of("steps=6")))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining(file.toString());
    Files.delete(file);
    Files.move(kept, file);
    try (TrainingRun run = TrainingRun.resume(PAPERS, out, List.of("steps=6"))) {
      assertThat(run.train().finished()).isTrue();
    }
  }

  @Test
  void whatIsRefusedDoesNotChangeTheConfig() throws IOException {
    Path out = folder.resolve("out");
    Path config = out.resolve("config.yaml");
    List<String> refusals = new ArrayList<>();
    try (TrainingRun run = start(out, "steps=4", "evaluateEvery=0")) {
      String before = Files.readString(config);
      run.addListener(
          new TrainingListener() {
            @Override
            public void stepped(Progress progress) {
              try (TrainingRun other = TrainingRun.resume(PAPERS, out, List.of("steps=9"))) {
                other.train();
              } catch (UserException e) {
                refusals.add(e.getMessage());
              }
            }
          });
      run.train();
      assertThat(refusals).hasSize(4).allMatch(message -> message.contains("is training in"));
      assertThat(Files.readString(config)).isEqualTo(before);
    }
    String before = Files.readString(config);
    try (TrainingRun run = TrainingRun.resume(PAPERS, out, List.of("steps=3"))) {
      assertThatThrownBy(run::train)
          .isInstanceOf(UserException.class)
          .hasMessageContaining("has done 4");
    }
    assertThat(Files.readString(config)).isEqualTo(before);
  }

  @Test
  void beginsWhereAnEarlierBeginningFoundAFullDisk() throws IOException {
    Path out = folder.resolve("out");
    Files.createDirectory(out);
    Files.createFile(out.resolve("metrics.jsonl"));
    try (TrainingRun run = start(out, "steps=1", "evaluateEvery=0")) {
      assertThat(run.train().finished()).isTrue();
    }
  }

  @Test
  void keepsTheNewestAndTheBestCheckpoints() throws IOException {
    Path out = folder.resolve("out");
    try (TrainingRun run = startWorsening(out)) {
      TrainingResult result = run.train();
      long best = result.bestStep().orElseThrow();
      assertThat(best).isLessThan(36);
      assertThat(names(out.resolve("checkpoints")))
          .containsExactly(String.format("step-%08d", best), "step-00000036", "step-00000040");
    }
    try (TrainedModel model = TrainedModel.load(PAPERS, out, "cpu");
        TrainedModel last =
            TrainedModel.load(PAPERS, out.resolve("checkpoints/step-00000040"), "cpu")) {
      double best = model.evaluate(model.task(""), 0).loss();
      assertThat(best).isEqualTo(model.checkpoint().orElseThrow().state().bestLoss());
      assertThat(last.evaluate(last.task("text:" + text), 0).loss()).isGreaterThan(best);
    }
  }

  @Test
  void saysBeforeWhatIsNoStep() {
    List<String> told = new ArrayList<>();
    try (TrainingRun run = start(folder.resolve("out"), "steps=9", "evaluateEvery=2")) {
      run.addListener(
          new TrainingListener() {
            @Override
            public void stepped(Progress progress) {
              told.add("step");
            }

            @Override
            public void pausing() {
              told.add("pause");
            }
          });
      stopAfter(run, 3);
      run.train();
    }
    // The first evaluation is the best so far; the run saves before it stops.
    assertThat(told).containsExactly("step", "step", "pause", "pause", "step", "pause");
  }

  @Test
  void saysThatAnotherCheckpointStandsForOneThatIsDamaged() throws IOException {
    Path out = folder.resolve("out");
    try (TrainingRun run = startWorsening(out)) {
      long best = run.train().bestStep().orElseThrow();
      assertThat(best).isLessThan(36);
      assertThat(notes(out)).isEmpty();
      flip(out.resolve(String.format("checkpoints/step-%08d/model.safetensors", best)));
      assertThat(notes(out))
          .containsExactly(
              "the best checkpoint, of step "
                  + best
                  + ", is damaged or gone; the newest that is whole, of step 40, is taken");
      try (TrainingRun next = start(folder.resolve("next"), "initialFrom=" + out)) {
        assertThat(next.notes()).isEqualTo(notes(out));
      }
      Path newest = out.resolve("checkpoints/step-00000040");
      truncate(newest.resolve("checkpoint.json"));
      assertThat(notes(out))
          .hasSize(2)
          .contains(newest + " is damaged, and is passed over")
          .last()
          .asString()
          .endsWith("of step 36, is taken");
      assertThat(notes(out.resolve("checkpoints/step-00000036"))).isEmpty();
    }
  }

  private static List<String> notes(Path folder) {
    try (TrainedModel model = TrainedModel.load(PAPERS, folder, "cpu")) {
      return model.notes();
    }
  }

  @Test
  void stopsOnALossThatIsNotFiniteAndKeepsTheLastGoodCheckpoint() throws IOException {
    Path out = folder.resolve("out");
    try (TrainingRun run = start(out, "steps=3", "evaluateEvery=0", "checkpointEvery=1")) {
      run.train();
    }
    Path config = out.resolve("config.yaml");
    Files.writeString(config, Files.readString(config).replace("lr: 0.001", "lr: 1e36"));
    try (TrainingRun run = TrainingRun.resume(PAPERS, out, List.of("steps=9"))) {
      assertThatThrownBy(run::train)
          .isInstanceOf(NotFiniteException.class)
          .hasMessageMatching(
              "the loss is (NaN|Infinity) \\(first not finite: the (weight|output of layer)"
                  + " '(embedding|hidden|head).*'\\) in step 5 \\(learning rate .*, examples \\d+, .*"
                  + "the last good checkpoint is .*step-00000004; .*")
          .extracting(e -> ((NotFiniteException) e).step())
          .isEqualTo(4L);
    }
    assertThat(new Checkpoints(out.resolve("checkpoints")).newest().orElseThrow().state().step())
        .isEqualTo(4);
  }

  @Test
  void savesNoWeightsThatAreNotFinite() {
    Path out = folder.resolve("out");
    try (TrainingRun run =
        start(out, "steps=3", "optimizer.lr=1e39", "schedule.warmup=0", "checkpointEvery=1")) {
      assertThatThrownBy(run::train)
          .isInstanceOf(NotFiniteException.class)
          .hasMessageStartingWith("a weight is not finite after step 1 ")
          .hasMessageContaining("no checkpoint had been saved yet");
    }
    assertThat(new Checkpoints(out.resolve("checkpoints")).newest()).isEmpty();
  }

  @Test
  void refusesWhatDoesNotFit() {
    Path out = folder.resolve("out");
    assertThatThrownBy(() -> Recipes.resolve(PAPERS, "bigram-tny", List.of()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("bigram-tiny");
    assertThatThrownBy(() -> start(out, "model.widht=3")).hasMessageContaining("width");
    assertThatThrownBy(() -> start(out, "task.bach=3")).hasMessageContaining("batch");
    assertThatThrownBy(() -> start(out, "step=3")).hasMessageContaining("steps");
    assertThatThrownBy(() -> start(out, "steps=many")).hasMessageContaining("steps");
    assertThatThrownBy(() -> start(out, "steps=0")).hasMessageContaining("1 or more");
    assertThatThrownBy(() -> start(out, "steps=9000000000000000000", "accumulate=2"))
        .hasMessageContaining("at most");
    assertThatThrownBy(() -> start(out, "model.dropout=2")).hasMessageContaining("below 1");
    assertThatThrownBy(() -> start(out, "optimizer.groups=[{match: nothing.*}]"))
        .isInstanceOf(UserException.class);
    assertThatThrownBy(() -> start(out, "prefetch=2000000000")).hasMessageContaining("1000");
    assertThatThrownBy(() -> start(out, "precision=half"))
        .hasMessageContaining("float32 or bfloat16");
    assertThatThrownBy(() -> start(out, "precision=bfloat16"))
        .hasMessageContaining("95 times slower")
        .hasMessageContaining("allowSlowPrecision=true");
    assertThatThrownBy(() -> start(out, "emaDecay=1")).hasMessageContaining("below 1");
    assertThatThrownBy(() -> start(out, "optimizer.name=adamx")).hasMessageContaining("adamw");
    assertThatThrownBy(() -> start(out, "optimizer.lr=1e-6"))
        .hasMessage(
            "schedule.minimumLearningRate=1.0E-5 was given; it must be at most optimizer.lr, which"
                + " is 1.0E-6");
    assertThatThrownBy(() -> start(out, "schedule.name=stairs")).hasMessageContaining("cosine");
    assertThatThrownBy(() -> start(out, "device=gpu:99")).hasMessageContaining("gpu:99");
    assertThatThrownBy(() -> start(out, "model.vocabulary=10")).hasMessageContaining("256");
    // More than any address space has, and more than 64 bits count.
    for (String size : List.of("30000000", "2000000000")) {
      assertThatThrownBy(() -> start(out, "model.vocabulary=" + size, "model.width=" + size))
          .isInstanceOf(UserException.class)
          .hasMessageStartingWith("out of memory while the model was made: the process has ")
          .hasMessageEndingWith("; a smaller model takes less");
    }
    assertThatThrownBy(() -> start(out, "data=")).hasMessageContaining("--data");
    assertThatThrownBy(() -> start(out, "data=text:nowhere")).hasMessageContaining("nowhere");
    assertThat(out).doesNotExist();
    assertThatThrownBy(() -> TrainingRun.resume(PAPERS, out, List.of()))
        .hasMessageContaining("does not exist");
    start(out, "steps=1").close();
    assertThatThrownBy(() -> start(out, "steps=1")).hasMessageContaining("already holds a run");
    Path leftover = folder.resolve("leftover");
    assertThat(leftover.resolve("checkpoints").toFile().mkdirs()).isTrue();
    assertThatThrownBy(() -> start(leftover, "steps=1"))
        .hasMessageContaining("already holds a run");
    assertThatThrownBy(() -> TrainingRun.resume(PAPERS, out, List.of("seed=4")))
        .hasMessageContaining("cannot change");
    assertThatThrownBy(() -> TrainedModel.load(PAPERS, out, "cpu"))
        .hasMessageContaining("no checkpoint");
  }

  @Test
  void refusesToGoOnWithOtherData() throws IOException {
    Path out = folder.resolve("out");
    start(out, "steps=1").close();
    Files.write(text, TinyZoo.text(3999));
    assertThatThrownBy(() -> TrainingRun.resume(PAPERS, out, List.of()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("has changed");
  }

  @Test
  void memoryIsFlat() {
    List<Integer> arrays = liveArrays("prefetch=0");
    assertThat(arrays.subList(1, 60)).containsOnly(arrays.get(1));
    // Inputs and labels of up to three batches more, depending on how fast the thread is.
    assertThat(liveArrays("prefetch=3").subList(1, 60))
        .allMatch(n -> n >= arrays.get(1) && n <= arrays.get(1) + 3 * 2);
  }

  private List<Integer> liveArrays(String prefetch) {
    List<Integer> arrays = new ArrayList<>();
    try (TrainingRun run =
        start(
            folder.resolve(prefetch),
            prefetch,
            "steps=60",
            "accumulate=2",
            "emaDecay=0.9",
            "evaluateEvery=10",
            "checkpointEvery=20")) {
      run.addListener(
          new TrainingListener() {
            @Override
            public void stepped(Progress progress) {
              arrays.add(run.manager().getManagedArrays().size());
            }
          });
      run.train();
    }
    return arrays;
  }

  /** A rate that never falls and becomes huge: an early evaluation is the best. */
  private TrainingRun startWorsening(Path out) {
    return start(
        out,
        "steps=40",
        "schedule.name=constant",
        "schedule.warmup=2000",
        "optimizer.lr=400",
        "evaluateEvery=4",
        "checkpointEvery=4",
        "keep=2");
  }

  private TrainingRun start(Path out, String... overrides) {
    List<String> all = new ArrayList<>(List.of("data=text:" + text));
    all.addAll(List.of("task.batch=4", "task.length=16", "schedule.warmup=4"));
    all.addAll(List.of(overrides));
    return TrainingRun.start(
        PAPERS, Recipes.resolve(PAPERS, "bigram-tiny", all), out, Map.of("command", "test"));
  }

  private static String[] with(String[] settings, String... further) {
    return Stream.concat(Stream.of(settings), Stream.of(further)).toArray(String[]::new);
  }

  private static void stopAfter(TrainingRun run, long step) {
    run.addListener(
        new TrainingListener() {
          @Override
          public void stepped(Progress progress) {
            if (progress.step() == step) {
              run.requestStop();
            }
          }
        });
  }

  private static void assertSame(Path runA, Path checkpointA, Path runB, Path checkpointB)
      throws IOException {
    assertThat(checkpointA.getFileName()).isEqualTo(checkpointB.getFileName());
    assertThat(names(checkpointB)).isEqualTo(names(checkpointA));
    for (String file : names(checkpointA)) {
      assertThat(checkpointB.resolve(file)).hasSameBinaryContentAs(checkpointA.resolve(file));
    }
    assertThat(Files.readAllLines(runB.resolve("metrics.jsonl")))
        .isEqualTo(Files.readAllLines(runA.resolve("metrics.jsonl")));
  }

  private static List<String> names(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(p -> p.getFileName().toString()).sorted().toList();
    }
  }

  private static void truncate(Path file) throws IOException {
    try (RandomAccessFile content = new RandomAccessFile(file.toFile(), "rw")) {
      content.setLength(content.length() * 2 / 3);
    }
  }

  private static void flip(Path file) throws IOException {
    try (RandomAccessFile content = new RandomAccessFile(file.toFile(), "rw")) {
      content.seek(content.length() - 1);
      int last = content.read();
      content.seek(content.length() - 1);
      content.write(last ^ 1);
    }
  }
}
