package org.attentionzoo.eval.claims;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.attentionzoo.blocks.AtomicFile;
import org.attentionzoo.blocks.NoSuchTapException;
import org.attentionzoo.blocks.Taps;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.recommendation.RankingSource;
import org.attentionzoo.datasets.series.ForecastWindows;
import org.attentionzoo.eval.CompressionBaselines;
import org.attentionzoo.eval.ForecastBaselines;
import org.attentionzoo.eval.RankingBaselines;
import org.attentionzoo.eval.claims.Claim.Arm;
import org.attentionzoo.models.Configs;
import org.attentionzoo.models.Papers;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.run.Checkpoints;
import org.attentionzoo.training.run.EditedModel;
import org.attentionzoo.training.run.Evaluation;
import org.attentionzoo.training.run.Recipes;
import org.attentionzoo.training.run.RunConfig;
import org.attentionzoo.training.run.RunFolder;
import org.attentionzoo.training.run.RunTrainer;
import org.attentionzoo.training.run.TrainedModel;
import org.attentionzoo.training.run.TrainingRun;

/**
 * Runs the arms of a claim, each an ordinary run in a folder of its own. What a folder already
 * holds is kept: finished runs as they are, others are gone on with, evaluations are repeated only
 * if weights or settings changed.
 *
 * <p>For one thread.
 */
public final class Reproduction {

  private static final String OUTCOMES = "outcomes.json";
  private static final String ASKED = "asked";
  private static final String AGAIN =
      "; remove that folder and give the same command again, which trains that run anew";

  private final Papers papers;
  private final Claim claim;
  private final Path folder;
  private final List<Long> seeds;
  private final List<String> changes;
  private final int evaluationBatches;
  private final Map<String, Outcome> known = new LinkedHashMap<>();

  /**
   * Prepares.
   *
   * @param papers the zoo
   * @param claim what is tested
   * @param folder holds a folder for each run
   * @param seeds the seeds of all trained arms
   * @param changes of every trained arm's config, each {@code key=value}
   * @param evaluationBatches how many batches an evaluation takes; 0 for all
   */
  public Reproduction(
      Papers papers,
      Claim claim,
      Path folder,
      List<Long> seeds,
      List<String> changes,
      int evaluationBatches) {
    this.papers = papers;
    this.claim = claim;
    this.folder = folder;
    this.seeds = List.copyOf(seeds);
    this.changes = List.copyOf(changes);
    this.evaluationBatches = evaluationBatches;
  }

  /**
   * Runs what is missing.
   *
   * @param trainer trains a run
   * @param provenance what is noted in each new run folder, for example {@code command}
   * @param measured is told each outcome
   * @param stop whether nothing more is to be begun; asked before each arm
   * @return the outcomes of all arms and seeds; empty if it or a run was asked to stop
   * @throws UserException if a folder holds another run, data is missing or arms do not compare
   */
  public Optional<List<Outcome>> run(
      RunTrainer trainer,
      Map<String, Object> provenance,
      Consumer<Outcome> measured,
      BooleanSupplier stop) {
    requireEqualBudgets();
    read();
    List<Arm> trained = claim.arms().stream().filter(Arm::isTrained).toList();
    int count = trained.size() * seeds.size();
    int number = 0;
    List<Outcome> outcomes = new ArrayList<>();
    for (long seed : seeds) {
      for (Arm arm : claim.arms()) {
        if (stop.getAsBoolean()) {
          return Optional.empty();
        }
        if (arm.isTrained()) {
          number++;
          if (!train(arm, seed, trainer, provenance, number, count)) {
            return Optional.empty();
          }
        }
        if (arm.counted().isEmpty() || seed == seeds.get(0)) {
          Outcome outcome = measure(arm, seed);
          outcomes.add(outcome);
          measured.accept(outcome);
        }
      }
    }
    return Optional.of(outcomes);
  }

  /**
   * The folders of all trained runs.
   *
   * @return in order of seeds, then arms
   */
  public List<Path> runs() {
    List<Path> runs = new ArrayList<>();
    for (long seed : seeds) {
      claim.arms().stream().filter(Arm::isTrained).forEach(arm -> runs.add(path(arm, seed)));
    }
    return runs;
  }

  private Path path(Arm arm, long seed) {
    return folder.resolve(arm.name().replace(' ', '-') + "-seed" + seed);
  }

  private RunConfig config(Arm arm, long seed) {
    List<String> settings = new ArrayList<>(arm.set());
    settings.addAll(changes);
    settings.add("seed=" + seed);
    arm.from().ifPresent(from -> settings.add("initialFrom=" + path(claim.arm(from), seed)));
    return Recipes.resolve(papers, arm.recipe().orElseThrow(), settings);
  }

  private void requireEqualBudgets() {
    Arm first = claim.candidate();
    if (!first.isTrained() || claim.unequal().isPresent()) {
      return;
    }
    String budget = budget(config(first, seeds.get(0)));
    for (Arm arm : claim.arms()) {
      if (arm.isTrained() && !budget(config(arm, seeds.get(0))).equals(budget)) {
        throw new UserException(
            "the arms '"
                + first.name()
                + "' and '"
                + arm.name()
                + "' have different budgets ("
                + budget
                + " and "
                + budget(config(arm, seeds.get(0)))
                + "), and the claim does not say why (unequal)");
      }
    }
  }

  private static String budget(RunConfig config) {
    Object batch = config.task().get("batch");
    return config.steps()
        + " steps of "
        + config.accumulate()
        + (batch == null ? " batches" : " batches of " + batch);
  }

  private boolean train(
      Arm arm,
      long seed,
      RunTrainer trainer,
      Map<String, Object> provenance,
      int number,
      int count) {
    Path path = path(arm, seed);
    RunConfig wanted = config(arm, seed);
    if (Files.exists(path.resolve("config.yaml"))) {
      RunFolder existing = RunFolder.open(path);
      requireSame(existing, wanted);
      Optional<Checkpoints.Checkpoint> newest = existing.checkpoints().newest();
      if (newest.isPresent()
          && newest.get().state().step() == wanted.steps()
          && !newest.get().state().evaluationDue()) {
        return true;
      }
      if (newest.isPresent()) {
        try (TrainingRun run = TrainingRun.resume(papers, path, List.of())) {
          return trainer.train(run, arm.name(), number, count).finished();
        }
      }
      existing.discard();
    }
    Map<String, Object> origin = new LinkedHashMap<>(provenance);
    origin.put("arm", arm.name());
    origin.put(ASKED, flat(wanted));
    try (TrainingRun run = TrainingRun.start(papers, wanted, path, origin)) {
      return trainer.train(run, arm.name(), number, count).finished();
    }
  }

  /** A run that was trained by other means has no note of what was asked; its config decides. */
  private void requireSame(RunFolder existing, RunConfig wanted) {
    Map<String, Object> now = flat(wanted);
    Map<String, Object> before = flat(existing.config());
    if (existing.provenance().get(ASKED) instanceof Map<?, ?> asked) {
      before.clear();
      asked.forEach((key, value) -> before.put(key.toString(), value));
      before.keySet().forEach(key -> now.putIfAbsent(key, null));
    }
    now.forEach(
        (key, value) -> {
          boolean same =
              same(value, before.get(key)) || key.equals("data") && sameData(existing, wanted);
          if (decides(key) && !same) {
            throw new UserException(
                existing.path()
                    + " holds a run with "
                    + key
                    + "="
                    + before.get(key)
                    + ", but now it is "
                    + value
                    + "; give another --out, or remove that folder");
          }
        });
  }

  /** The same content under another name is the same data. */
  private boolean sameData(RunFolder existing, RunConfig wanted) {
    Object before =
        existing.provenance().get("data") instanceof Map<?, ?> data ? data.get("sha256") : null;
    if (before == null || existing.checkpoints().newest().isEmpty()) {
      return false;
    }
    try (TrainedModel model = TrainedModel.load(papers, existing.path(), "cpu")) {
      return before.equals(model.task(wanted.data()).description().get("sha256"));
    }
  }

  private static boolean same(Object now, Object before) {
    if (now instanceof Number a && before instanceof Number b) {
      return a.doubleValue() == b.doubleValue();
    }
    return spelled(now).equals(spelled(before));
  }

  private static String spelled(Object value) {
    return String.valueOf(value).toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static boolean decides(String key) {
    return switch (key) {
      case "logEvery", "evaluateEvery", "evaluateBatches", "checkpointEvery", "keep", "device" ->
          false;
      default -> true;
    };
  }

  private static Map<String, Object> flat(RunConfig config) {
    Map<String, Object> flat = new LinkedHashMap<>();
    flatten("", Configs.toMap(config), flat);
    return flat;
  }

  private static void flatten(String prefix, Map<?, ?> tree, Map<String, Object> flat) {
    tree.forEach(
        (key, value) -> {
          if (value instanceof Map<?, ?> map) {
            flatten(prefix + key + ".", map, flat);
          } else {
            flat.put(prefix + key, value);
          }
        });
  }

  private Outcome measure(Arm arm, long seed) {
    if (arm.counted().isPresent()) {
      return count(arm, seed);
    }
    Arm trained = arm.of().map(claim::arm).orElse(arm);
    Path path = path(trained, seed);
    RunFolder run = RunFolder.open(path);
    Checkpoints.Checkpoint checkpoint = checkpoint(run);
    List<String> settings = new ArrayList<>(claim.evaluate());
    settings.addAll(arm.evaluate());
    String edited = arm.edit().map(edit -> edit + arm.set()).orElse("");
    String key =
        String.join(
            "|",
            arm.name(),
            Long.toString(seed),
            checkpoint.state().files().toString(),
            settings.toString(),
            arm.zero() + edited,
            Integer.toString(evaluationBatches));
    Outcome before = known.get(key);
    if (before != null) {
      return before;
    }
    try (TrainedModel model =
        TrainedModel.load(papers, checkpoint.folder(), run.config().device())) {
      Task task = model.task("", settings);
      Map<String, Double> metrics = new LinkedHashMap<>();
      Evaluation.Result result;
      if (arm.edit().isPresent()) {
        EditedModel changed =
            EditedModel.of(papers, model, arm.edit().get(), arm.set(), task, evaluationBatches);
        try (TrainedModel other = changed.model()) {
          result = other.evaluate(task, evaluationBatches, taps(other, arm.zero()));
        }
        metrics.putAll(result.metrics());
        metrics.putAll(changed.figures());
      } else {
        result = model.evaluate(task, evaluationBatches, taps(model, arm.zero()));
        metrics.putAll(result.metrics());
      }
      Outcome outcome =
          new Outcome(
              arm.name(),
              seed,
              path.toString(),
              checkpoint.state().step(),
              run.config().steps(),
              result.items(),
              metrics);
      known.put(key, outcome);
      write();
      return outcome;
    }
  }

  /** The one that the claim is about and no other: its figures would be those of another claim. */
  private Checkpoints.Checkpoint checkpoint(RunFolder run) {
    Checkpoints.Checkpoint newest =
        run.checkpoints()
            .newest()
            .orElseThrow(
                () -> new UserException(run.path() + " has no checkpoint that is whole" + AGAIN));
    Long best = newest.state().bestStep();
    if (claim.checkpoint() == Claim.Which.LAST || best == null) {
      return newest;
    }
    return run.checkpoints()
        .best()
        .filter(checkpoint -> checkpoint.state().step() == best)
        .orElseThrow(
            () ->
                new UserException(
                    "the best checkpoint of "
                        + run.path()
                        + ", of step "
                        + best
                        + ", is damaged or gone"
                        + AGAIN));
  }

  private static Taps taps(TrainedModel model, List<String> zeros) {
    if (zeros.isEmpty()) {
      return Taps.NONE;
    }
    Taps taps = Taps.on(model.model());
    try {
      zeros.forEach(pattern -> taps.replace(pattern, NDArray::zerosLike));
    } catch (NoSuchTapException e) {
      throw new UserException(e.getMessage(), e);
    }
    return taps;
  }

  private Outcome count(Arm arm, long seed) {
    String name = arm.counted().orElseThrow();
    Arm trained =
        claim.arms().stream()
            .filter(Arm::isTrained)
            .findFirst()
            .orElseThrow(() -> new UserException("'" + arm.name() + "' has no data to count"));
    List<String> settings = new ArrayList<>(claim.evaluate());
    settings.addAll(arm.evaluate());
    try (TrainedModel model = TrainedModel.load(papers, path(trained, seed), "cpu")) {
      Task task = model.task("", settings);
      Map<String, Map<String, Double>> counts = counts(task);
      Map<String, Double> metrics = counts.get(name);
      if (metrics == null) {
        throw new UserException(
            "the data has no plain baseline '"
                + name
                + "'; it has "
                + (counts.isEmpty() ? "none" : String.join(", ", counts.keySet())));
      }
      double items =
          task.source() instanceof RankingSource ranking ? ranking.questions().count() : 0;
      return new Outcome(arm.name(), seed, "", 0, 0, items, metrics);
    }
  }

  private static Map<String, Map<String, Double>> counts(Task task) {
    Map<String, Map<String, Double>> counts = new LinkedHashMap<>();
    if (task.source() instanceof RankingSource source) {
      RankingBaselines.of(source).forEach(b -> counts.put(b.name(), b.metrics()));
    }
    if (task.source() instanceof ForecastWindows windows) {
      ForecastBaselines.of(windows)
          .forEach(
              b ->
                  counts.put(
                      b.name(),
                      Map.of(
                          "loss",
                          b.meanSquaredError(),
                          "mean_absolute_error",
                          b.meanAbsoluteError())));
    }
    CompressionBaselines.of(task.source())
        .forEach(
            b -> b.bitsPerByte().ifPresent(v -> counts.put(b.name(), Map.of("bits_per_byte", v))));
    return counts;
  }

  private void read() {
    Path file = folder.resolve(OUTCOMES);
    if (!Files.exists(file)) {
      return;
    }
    try {
      known.putAll(
          new ObjectMapper()
              .readValue(
                  Files.readString(file), new TypeReference<LinkedHashMap<String, Outcome>>() {}));
    } catch (IOException e) {
      throw new UserException(
          "cannot read " + file + " (" + e.getMessage() + "); remove it to evaluate anew", e);
    }
  }

  private void write() {
    try {
      AtomicFile.write(
          folder.resolve(OUTCOMES),
          new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(known));
    } catch (IOException e) {
      throw new UserException("cannot write to " + folder + ": " + e, e);
    }
  }
}
