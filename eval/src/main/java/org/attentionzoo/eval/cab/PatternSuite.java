package org.attentionzoo.eval.cab;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.BooleanSupplier;
import org.attentionzoo.blocks.AttentionPattern;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.eval.compare.MixerComparison;
import org.attentionzoo.models.MixerEntry;
import org.attentionzoo.models.Papers;
import org.attentionzoo.models.PatternMixerEntry;
import org.attentionzoo.training.run.RunTrainer;

/**
 * Trains attentions on CAB's small tasks in each pattern that they support, and sums up each
 * pattern by the {@link CompositionalIndex} over the attentions that ran in it. The control {@value
 * #CONTROL} is no part of the pool that means and deviations are taken of: so bad a model would
 * leave the others no distance.
 *
 * <p>Each task is a {@link MixerComparison}: what is finished is not trained again.
 */
public final class PatternSuite {

  /** The attention that attends to nothing. */
  public static final String CONTROL = "cab-nothing";

  private static final MixerEntry.Sizes ANY = new MixerEntry.Sizes(8, 2, 1);

  /** A task with its comparison. */
  private record Planned(PatternTask task, MixerComparison comparison) {}

  /**
   * What was found in a pattern.
   *
   * @param pattern which
   * @param tasks in order
   * @param rows for each attention the means over the seeds, by task
   * @param index of each attention; empty where fewer than two attentions ran or all of them are
   *     equal
   */
  public record Finding(
      AttentionPattern pattern,
      List<PatternTask> tasks,
      Map<String, Map<PatternTask, MixerComparison.Row>> rows,
      Map<String, OptionalDouble> index) {}

  private final List<Planned> planned;

  private PatternSuite(List<Planned> planned) {
    this.planned = planned;
  }

  /**
   * Plans.
   *
   * @param papers the zoo
   * @param attentions the attentions; the first that supports a pattern decides how many parameters
   *     the models in it have
   * @param patterns in which they run, each in those that it supports
   * @param tasks what is trained; those of other patterns are left out
   * @param seeds the seeds, each for every attention
   * @param overrides changes of every recipe, each {@code key=value}
   * @return the plan
   * @throws UserException if nothing is left to train, or a pattern has fewer than two attentions
   */
  public static PatternSuite plan(
      Papers papers,
      List<String> attentions,
      List<AttentionPattern> patterns,
      List<PatternTask> tasks,
      List<Long> seeds,
      List<String> overrides) {
    List<Planned> planned = new ArrayList<>();
    for (AttentionPattern pattern : patterns) {
      List<String> able =
          attentions.stream().filter(name -> supports(papers, name, pattern)).toList();
      for (PatternTask task : tasks) {
        if (task.pattern() != pattern) {
          continue;
        }
        if (able.size() < 2) {
          throw new UserException(
              "the task '"
                  + task.name()
                  + "' needs at least two attentions that support "
                  + pattern
                  + "; of "
                  + String.join(", ", attentions)
                  + (able.isEmpty() ? " none does" : " only " + able.get(0) + " does"));
        }
        planned.add(
            new Planned(task, MixerComparison.plan(papers, task.recipe(), able, seeds, overrides)));
      }
    }
    if (planned.isEmpty()) {
      throw new UserException("no task is of the patterns " + patterns);
    }
    return new PatternSuite(List.copyOf(planned));
  }

  private static boolean supports(Papers papers, String name, AttentionPattern pattern) {
    PatternMixerEntry entry = papers.patternMixer(name);
    return entry.factory().make(ANY, pattern).patterns().contains(pattern);
  }

  /**
   * Where the runs are.
   *
   * @param folder holds a folder for each task
   * @return in the order in which they are trained
   */
  public List<Path> runs(Path folder) {
    return planned.stream()
        .flatMap(p -> p.comparison().runs(folder.resolve(p.task().name())).stream())
        .toList();
  }

  /**
   * Trains what is not trained yet.
   *
   * @param folder holds a folder for each task
   * @param trainer trains a run
   * @param stop whether nothing more is to be begun
   * @return a finding for each pattern; empty if it was asked to stop
   */
  public Optional<List<Finding>> run(Path folder, RunTrainer trainer, BooleanSupplier stop) {
    Map<AttentionPattern, Map<PatternTask, List<MixerComparison.Row>>> found =
        new LinkedHashMap<>();
    int all = planned.stream().mapToInt(p -> p.comparison().runs(folder).size()).sum();
    int before = 0;
    for (Planned plan : planned) {
      Path place = folder.resolve(plan.task().name());
      int first = before;
      Optional<List<MixerComparison.Row>> rows =
          plan.comparison()
              .run(
                  place,
                  (run, arm, number, count) ->
                      trainer.train(run, plan.task().name() + ", " + arm, first + number, all),
                  stop);
      if (rows.isEmpty()) {
        return Optional.empty();
      }
      before += plan.comparison().runs(folder).size();
      found
          .computeIfAbsent(plan.task().pattern(), p -> new LinkedHashMap<>())
          .put(plan.task(), rows.get());
    }
    return Optional.of(
        found.entrySet().stream().map(e -> finding(e.getKey(), e.getValue())).toList());
  }

  private static Finding finding(
      AttentionPattern pattern, Map<PatternTask, List<MixerComparison.Row>> byTask) {
    Map<String, Map<PatternTask, MixerComparison.Row>> rows = new LinkedHashMap<>();
    byTask.forEach(
        (task, list) ->
            list.forEach(
                row ->
                    rows.computeIfAbsent(row.arm().mixer(), m -> new LinkedHashMap<>())
                        .put(task, row)));
    List<PatternTask> tasks = List.copyOf(byTask.keySet());
    Map<String, List<Double>> values = new LinkedHashMap<>();
    rows.forEach((name, of) -> values.put(name, values(tasks, of)));
    return new Finding(pattern, tasks, rows, index(tasks, values));
  }

  private static List<Double> values(
      List<PatternTask> tasks, Map<PatternTask, MixerComparison.Row> rows) {
    return tasks.stream()
        .flatMap(
            task ->
                task.higherIsBetter().stream().map(metric -> rows.get(task).mean(metric.getKey())))
        .toList();
  }

  /**
   * The index of each attention.
   *
   * @param tasks in the order of the values
   * @param values each attention's metrics, task after task
   * @return by attention; empty where the pool has fewer than two or a metric is the same for all
   */
  static Map<String, OptionalDouble> index(
      List<PatternTask> tasks, Map<String, List<Double>> values) {
    List<List<Double>> pool =
        values.entrySet().stream()
            .filter(e -> !e.getKey().equals(CONTROL))
            .map(Map.Entry::getValue)
            .toList();
    List<List<Boolean>> signs =
        tasks.stream()
            .map(task -> task.higherIsBetter().stream().map(Map.Entry::getValue).toList())
            .toList();
    Map<String, OptionalDouble> index = new LinkedHashMap<>();
    CompositionalIndex scale = pool.size() < 2 ? null : CompositionalIndex.ofPool(signs, pool);
    values.forEach(
        (name, list) -> {
          double value =
              scale == null
                  ? Double.NaN
                  : scale.of(list.stream().mapToDouble(Double::doubleValue).toArray());
          index.put(
              name, Double.isFinite(value) ? OptionalDouble.of(value) : OptionalDouble.empty());
        });
    return index;
  }

  /**
   * How alike two patterns rank attentions: Pearson's correlation of the indices of those that ran
   * in both, the control left out.
   *
   * @param one a pattern
   * @param other another
   * @return -1 to 1; empty with fewer than three attentions in both
   */
  public static OptionalDouble correlation(Finding one, Finding other) {
    List<double[]> pairs = new ArrayList<>();
    one.index()
        .forEach(
            (name, x) -> {
              OptionalDouble y = other.index().getOrDefault(name, OptionalDouble.empty());
              if (!name.equals(CONTROL) && x.isPresent() && y.isPresent()) {
                pairs.add(new double[] {x.getAsDouble(), y.getAsDouble()});
              }
            });
    if (pairs.size() < 3) {
      return OptionalDouble.empty();
    }
    double meanX = pairs.stream().mapToDouble(p -> p[0]).average().orElseThrow();
    double meanY = pairs.stream().mapToDouble(p -> p[1]).average().orElseThrow();
    double xx = 0;
    double yy = 0;
    double xy = 0;
    for (double[] p : pairs) {
      xx += (p[0] - meanX) * (p[0] - meanX);
      yy += (p[1] - meanY) * (p[1] - meanY);
      xy += (p[0] - meanX) * (p[1] - meanY);
    }
    double value = xy / Math.sqrt(xx * yy);
    return Double.isFinite(value) ? OptionalDouble.of(value) : OptionalDouble.empty();
  }
}
