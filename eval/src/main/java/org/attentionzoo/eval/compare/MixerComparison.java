package org.attentionzoo.eval.compare;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.eval.report.RunHistory;
import org.attentionzoo.models.Configs;
import org.attentionzoo.models.Papers;
import org.attentionzoo.training.run.Recipes;
import org.attentionzoo.training.run.RunConfig;
import org.attentionzoo.training.run.RunFolder;
import org.attentionzoo.training.run.RunTrainer;
import org.attentionzoo.training.run.TrainingRun;

/**
 * Trains mixers in the same decoder on the same batches, with the same seeds and budget, and with
 * as many parameters as the first of them: the width of the feed-forward networks makes up for what
 * a mixer has more or less. Every arm is an ordinary run in a folder of its own; what is finished
 * is not trained again, what was interrupted goes on.
 *
 * <p>For one thread.
 */
public final class MixerComparison {

  private static final String VALIDATION = "validation/";

  private final Papers papers;
  private final List<Arm> arms;
  private final List<Long> seeds;

  /**
   * A mixer in the decoder.
   *
   * @param mixer its name
   * @param hidden the inner size of the feed-forward networks
   * @param parameters how many are trained, but for what the data decides
   * @param config the run, but for the seed
   */
  public record Arm(String mixer, int hidden, long parameters, RunConfig config) {}

  /**
   * What a mixer reached.
   *
   * @param arm the mixer
   * @param parameters how many were trained, with what the data decided
   * @param metrics the last evaluation of each seed, in the order of the seeds, by metric
   */
  public record Row(Arm arm, long parameters, Map<String, List<Double>> metrics) {

    /**
     * The mean over the seeds.
     *
     * @param metric for example {@code loss}
     * @return the mean, NaN if there is no such metric
     */
    public double mean(String metric) {
      return metrics.getOrDefault(metric, List.of()).stream()
          .mapToDouble(Double::doubleValue)
          .average()
          .orElse(Double.NaN);
    }

    /**
     * The spread over the seeds.
     *
     * @param metric for example {@code loss}
     * @return the standard deviation of a sample, NaN for fewer than two seeds
     */
    public double deviation(String metric) {
      List<Double> values = metrics.getOrDefault(metric, List.of());
      double mean = mean(metric);
      double squares = values.stream().mapToDouble(v -> (v - mean) * (v - mean)).sum();
      return values.size() < 2 ? Double.NaN : Math.sqrt(squares / (values.size() - 1));
    }
  }

  private MixerComparison(Papers papers, List<Arm> arms, List<Long> seeds) {
    this.papers = papers;
    this.arms = arms;
    this.seeds = seeds;
  }

  /**
   * Plans a comparison.
   *
   * @param papers the zoo
   * @param recipe a recipe or preset whose model has the keys {@code mixer} and {@code hidden}
   * @param mixers the mixers; the first one's size is the others'
   * @param seeds the seeds, each for every mixer
   * @param overrides changes of the recipe, each {@code key=value}
   * @return the plan
   * @throws UserException if a mixer does not exist, is named twice, or cannot be made as large
   */
  public static MixerComparison plan(
      Papers papers, String recipe, List<String> mixers, List<Long> seeds, List<String> overrides) {
    if (mixers.isEmpty() || seeds.isEmpty()) {
      throw new UserException("a comparison needs at least one mixer and one seed");
    }
    RunConfig base = Recipes.resolve(papers, recipe, overrides);
    List<Arm> arms = new ArrayList<>();
    for (String mixer : mixers) {
      if (arms.stream().anyMatch(a -> a.mixer().equals(mixer))) {
        throw new UserException("mixer '" + mixer + "' is named twice");
      }
      long wanted = arms.isEmpty() ? -1 : arms.get(0).parameters();
      arms.add(arm(papers, base, mixer, wanted));
    }
    return new MixerComparison(papers, List.copyOf(arms), List.copyOf(seeds));
  }

  private static Arm arm(Papers papers, RunConfig base, String mixer, long wanted) {
    RunConfig config = Recipes.override(base, List.of("model.mixer=" + mixer));
    int hidden = hidden(papers, config);
    if (wanted >= 0) {
      long here = parameters(papers, config);
      long perUnit = parameters(papers, with(config, hidden + 1)) - here;
      hidden = Math.toIntExact(hidden + Math.round((double) (wanted - here) / perUnit));
      if (hidden < 1) {
        throw new UserException(
            "mixer '"
                + mixer
                + "' alone has more parameters than the first; give a larger model.hidden or"
                + " another order");
      }
      config = with(config, hidden);
    }
    return new Arm(mixer, hidden, parameters(papers, config), config);
  }

  private static RunConfig with(RunConfig config, int hidden) {
    return Recipes.override(config, List.of("model.hidden=" + hidden));
  }

  private static int hidden(Papers papers, RunConfig config) {
    Papers.Preset<?> preset = papers.preset(config.model());
    Map<String, Object> all = new LinkedHashMap<>(Configs.toMap(preset.config()));
    all.putAll(config.modelOverrides());
    if (!(all.get("hidden") instanceof Number hidden) || !all.containsKey("mixer")) {
      throw new UserException(
          config.model()
              + " has no keys mixer and hidden; compare in a decoder that has, for example"
              + " mixer-decoder-tiny");
    }
    return hidden.intValue();
  }

  private static long parameters(Papers papers, RunConfig config) {
    return parameters(papers.preset(config.model()), config.modelOverrides());
  }

  private static <C extends Record> long parameters(
      Papers.Preset<C> preset, Map<String, Object> overrides) {
    try {
      ZooBlock block = preset.model().factory().apply(Configs.fromMap(preset.config(), overrides));
      return StateDict.countTrainable(block);
    } catch (IllegalArgumentException e) {
      throw new UserException("model: " + e.getMessage(), e);
    }
  }

  /**
   * The mixers and their sizes.
   *
   * @return in the order they were named
   */
  public List<Arm> arms() {
    return arms;
  }

  /**
   * Where the runs are.
   *
   * @param folder holds a run folder for each mixer and seed
   * @return in the order in which they are trained: by seeds, then mixers
   */
  public List<Path> runs(Path folder) {
    return seeds.stream()
        .flatMap(seed -> arms.stream().map(arm -> place(folder, arm, seed)))
        .toList();
  }

  private static Path place(Path folder, Arm arm, long seed) {
    return folder.resolve(arm.mixer().replace('+', '-') + "-" + seed);
  }

  /**
   * Trains what is not trained yet.
   *
   * @param folder holds a run folder for each mixer and seed
   * @param trainer trains a run
   * @param stop whether nothing more is to be begun; asked before each run
   * @return a row for each mixer; empty if it or a run was asked to stop
   * @throws UserException if a folder holds another run
   */
  public Optional<List<Row>> run(Path folder, RunTrainer trainer, BooleanSupplier stop) {
    Map<Arm, List<RunHistory>> histories = new LinkedHashMap<>();
    int number = 0;
    for (long seed : seeds) {
      for (Arm arm : arms) {
        Path place = place(folder, arm, seed);
        number++;
        if (stop.getAsBoolean() || !train(arm, seed, place, trainer, number)) {
          return Optional.empty();
        }
        histories.computeIfAbsent(arm, a -> new ArrayList<>()).add(RunHistory.read(place));
      }
    }
    return Optional.of(
        histories.entrySet().stream().map(e -> row(papers, e.getKey(), e.getValue())).toList());
  }

  private boolean train(Arm arm, long seed, Path place, RunTrainer trainer, int number) {
    int count = arms.size() * seeds.size();
    if (Files.exists(place)) {
      RunHistory history = RunHistory.read(place);
      Map<String, Object> there = history.config().modelOverrides();
      if (history.config().seed() != seed
          || !arm.mixer().equals(there.get("mixer"))
          || !Integer.valueOf(arm.hidden()).equals(there.get("hidden"))
          || history.config().steps() != arm.config().steps()) {
        throw new UserException(
            place + " holds another run; give another folder, or clear it away");
      }
      RunHistory.Series done = history.series().get(VALIDATION + "loss");
      if (done != null && done.last().step() >= arm.config().steps()) {
        return true;
      }
      RunFolder existing = RunFolder.open(place);
      if (existing.checkpoints().newest().isPresent()) {
        try (TrainingRun run = TrainingRun.resume(papers, place, List.of())) {
          return trainer.train(run, arm.mixer(), number, count).finished();
        }
      }
      existing.discard();
    }
    RunConfig config = Recipes.override(arm.config(), List.of("seed=" + seed));
    try (TrainingRun run =
        TrainingRun.start(papers, config, place, Map.of("comparison", arm.mixer()))) {
      return trainer.train(run, arm.mixer(), number, count).finished();
    }
  }

  private static Row row(Papers papers, Arm arm, List<RunHistory> histories) {
    Map<String, List<Double>> metrics = new LinkedHashMap<>();
    for (RunHistory history : histories) {
      history
          .series()
          .forEach(
              (name, series) -> {
                if (name.startsWith(VALIDATION)) {
                  metrics
                      .computeIfAbsent(name.substring(VALIDATION.length()), k -> new ArrayList<>())
                      .add(series.last().value());
                }
              });
    }
    return new Row(arm, parameters(papers, histories.get(0).config()), metrics);
  }
}
