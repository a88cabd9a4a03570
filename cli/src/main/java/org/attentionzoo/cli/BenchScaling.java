package org.attentionzoo.cli;

import ai.djl.ndarray.NDManager;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.attentionzoo.blocks.Devices;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.eval.bench.Rounds;
import org.attentionzoo.eval.bench.Rounds.Timing;
import org.attentionzoo.eval.bench.Workload;
import org.attentionzoo.eval.cab.EfficiencyLength;
import org.attentionzoo.models.PaperCard;
import org.attentionzoo.models.PaperCard.Complexity;
import org.attentionzoo.models.Papers;
import org.attentionzoo.training.run.ProcessMemory;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Cost against length. */
@Command(
    name = "scaling",
    mixinStandardHelpOptions = true,
    description = {
      "Time a forward and a backward pass of a batch at growing lengths, the cost of a token "
          + "beside that of the first length, and the exponents of time and memory that fit best, "
          + "next to the paper's where it states one.",
      "With --beside and three lengths or more, also the length from which on the first model "
          + "costs less than the other, by CAB's fits: linear for the first, quadratic for the "
          + "other."
    })
final class BenchScaling implements Callable<Integer> {

  @Spec private CommandSpec spec;
  @Mixin private BenchOptions common;
  @Mixin private BenchModel choice;

  @Option(
      names = "--lengths",
      paramLabel = "N",
      split = ",",
      defaultValue = "512,1024,2048,4096",
      description = "The lengths. Default: ${DEFAULT-VALUE}.")
  private List<Integer> lengths;

  @Option(
      names = "--beside",
      paramLabel = "MODEL",
      description = "Another preset, timed in the same rounds, for example decoder-tiny.")
  private String beside;

  @Option(names = "--forward", description = "Time prediction instead of training.")
  private boolean forward;

  @Override
  public Integer call() {
    common.check();
    PrintWriter out = spec.commandLine().getOut();
    if (lengths.stream().anyMatch(length -> length < 1)) {
      throw new UserException("--lengths " + lengths + " was given; each must be 1 or more");
    }
    if (lengths.stream().distinct().count() < 2) {
      throw new UserException(
          "--lengths "
              + lengths
              + " was given; growth is between at least two different lengths, for example"
              + " --lengths 512,1024");
    }
    Papers papers = Papers.load();
    List<Papers.Preset<?>> presets = new ArrayList<>(List.of(choice.preset(papers)));
    if (beside != null) {
      presets.add(papers.preset(beside));
    }
    Map<String, Complexity> stated = new LinkedHashMap<>();
    presets.forEach(
        preset ->
            PaperCard.of(preset.model().paper())
                .complexity()
                .ifPresent(complexity -> stated.put(preset.name(), complexity)));
    Map<String, Map<Integer, Timing>> timings = new LinkedHashMap<>();
    presets.forEach(preset -> timings.put(preset.name(), new LinkedHashMap<>()));
    Map<Integer, Double> memory;
    try (NDManager manager = NDManager.newBaseManager(Devices.find(common.device), "PyTorch")) {
      memory = memory(manager, presets.get(0));
      for (int length : lengths) {
        Map<String, Runnable> work = new LinkedHashMap<>();
        List<Workload> open = new ArrayList<>();
        try {
          for (Papers.Preset<?> preset : presets) {
            List<String> overrides = preset == presets.get(0) ? choice.overrides() : List.of();
            Workload workload = Workload.of(manager, preset, overrides, choice.batch, length);
            open.add(workload);
            if (!workload.hasLength()) {
              throw new UserException(
                  preset.name() + " has no length; scaling is for models that read tokens");
            }
            work.put(preset.name(), forward ? workload::predict : workload::forwardBackward);
          }
          Rounds.run(work, 2, common.plan("length " + length))
              .forEach((name, timing) -> timings.get(name).put(length, timing));
        } finally {
          open.forEach(Workload::close);
        }
      }
    }
    if (common.json) {
      Json.print(out, describe(timings, memory, stated));
    } else {
      print(out, timings, memory, stated);
    }
    return ExitCode.OK;
  }

  /**
   * By how many bytes the process grows beyond the first pass of a single token, at growing
   * lengths, in a first pass of each; what is freed stays with the process, so lengths that do not
   * grow tell nothing.
   */
  private Map<Integer, Double> memory(NDManager manager, Papers.Preset<?> preset) {
    Map<Integer, Double> grown = new LinkedHashMap<>();
    OptionalLong before = OptionalLong.empty();
    List<Integer> all = new ArrayList<>(List.of(1));
    lengths.stream().sorted().distinct().forEach(all::add);
    for (int length : all) {
      try (Workload workload =
          Workload.of(manager, preset, choice.overrides(), choice.batch, length)) {
        if (forward) {
          workload.predict();
        } else {
          workload.forwardBackward();
        }
      }
      OptionalLong peak = ProcessMemory.peak();
      if (before.isEmpty()) {
        before = peak;
      } else if (peak.isPresent() && peak.getAsLong() > before.getAsLong()) {
        grown.put(length, (double) peak.getAsLong() - before.getAsLong());
      }
    }
    return grown;
  }

  private Map<String, Object> describe(
      Map<String, Map<Integer, Timing>> timings,
      Map<Integer, Double> memory,
      Map<String, Complexity> stated) {
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("bytes_grown_at_length", memory);
    figures.put("memory_exponent", memory.size() < 2 ? null : exponent(memory));
    OptionalDouble efficiency = efficiencyLength(timings);
    figures.put("efficiency_length", efficiency.isPresent() ? efficiency.getAsDouble() : null);
    timings.forEach(
        (name, byLength) -> {
          List<Map<String, Object>> rows = new ArrayList<>();
          byLength.forEach(
              (length, timing) -> {
                Map<String, Object> row = new LinkedHashMap<>();
                row.put("length", length);
                row.put("milliseconds", BenchFigures.timed(timing));
                row.put("token_cost_ratio", tokenCost(byLength, length));
                rows.add(row);
              });
          Map<String, Object> figure = new LinkedHashMap<>();
          figure.put("lengths", rows);
          figure.put("exponent", exponent(medians(byLength)));
          Complexity paper = stated.get(name);
          figure.put("paper_exponent", paper == null ? null : paper.exponent());
          figure.put("paper_statement", paper == null ? null : paper.statement());
          figures.put(name, figure);
        });
    return figures;
  }

  private void print(
      PrintWriter out,
      Map<String, Map<Integer, Timing>> timings,
      Map<Integer, Double> memory,
      Map<String, Complexity> stated) {
    out.println((forward ? "prediction" : "forward and backward") + ", batch " + choice.batch);
    Table table = new Table();
    table.row("", "length", "median ms", "us a token", "of the first");
    timings.forEach(
        (name, byLength) -> {
          byLength.forEach(
              (length, timing) ->
                  table.row(
                      name,
                      Integer.toString(length),
                      BenchFigures.number(timing.median()),
                      BenchFigures.number(1000 * timing.median() / length / choice.batch),
                      BenchFigures.number(tokenCost(byLength, length))));
        });
    table.print(out, "  ");
    timings.forEach(
        (name, byLength) ->
            out.printf(
                Locale.ROOT,
                "%s: cost grows as length^%.2f (1 is linear, 2 is quadratic%s)%n",
                name,
                exponent(medians(byLength)),
                Optional.ofNullable(stated.get(name))
                    .map(
                        c ->
                            String.format(
                                Locale.ROOT, "; the paper: %.2f, %s", c.exponent(), c.statement()))
                    .orElse("")));
    efficiencyLength(timings)
        .ifPresent(
            length ->
                out.printf(
                    Locale.ROOT,
                    "%s costs less than %s from length %.0f on (CAB's efficiency length)%n",
                    choice.model,
                    beside,
                    length));
    if (memory.size() > 1) {
      out.printf(
          Locale.ROOT,
          "%s: memory of a pass grows as length^%.2f (%s)%n",
          choice.model,
          exponent(memory),
          memory.entrySet().stream()
              .map(e -> String.format(Locale.ROOT, "%d: %.0f MB", e.getKey(), e.getValue() / 1e6))
              .collect(Collectors.joining(", ")));
    }
    out.flush();
  }

  /** Nothing without another model, with few lengths, or if the fitted costs do not meet. */
  private OptionalDouble efficiencyLength(Map<String, Map<Integer, Timing>> timings) {
    if (timings.size() < 2 || lengths.stream().distinct().count() < 3) {
      return OptionalDouble.empty();
    }
    List<double[]> costs = new ArrayList<>();
    double[] distinct = lengths.stream().distinct().mapToDouble(n -> n).toArray();
    timings
        .values()
        .forEach(
            byLength ->
                costs.add(medians(byLength).values().stream().mapToDouble(c -> c).toArray()));
    double length = EfficiencyLength.of(distinct, costs.get(1), costs.get(0), true);
    return length > 0 && Double.isFinite(length)
        ? OptionalDouble.of(length)
        : OptionalDouble.empty();
  }

  private static double tokenCost(Map<Integer, Timing> byLength, int length) {
    Map.Entry<Integer, Timing> first = byLength.entrySet().iterator().next();
    return byLength.get(length).median() / length / (first.getValue().median() / first.getKey());
  }

  private static Map<Integer, Double> medians(Map<Integer, Timing> timings) {
    Map<Integer, Double> medians = new LinkedHashMap<>();
    timings.forEach((length, timing) -> medians.put(length, timing.median()));
    return medians;
  }

  /** The slope of the least-squares line through the logarithms. */
  private static double exponent(Map<Integer, Double> costs) {
    double meanX = costs.keySet().stream().mapToDouble(Math::log).average().orElse(0);
    double meanY = costs.values().stream().mapToDouble(Math::log).average().orElse(0);
    double covariance = 0;
    double variance = 0;
    for (Map.Entry<Integer, Double> entry : costs.entrySet()) {
      double x = Math.log(entry.getKey()) - meanX;
      covariance += x * (Math.log(entry.getValue()) - meanY);
      variance += x * x;
    }
    return variance == 0 ? 0 : covariance / variance;
  }
}
