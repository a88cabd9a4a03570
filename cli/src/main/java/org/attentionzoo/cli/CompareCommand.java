package org.attentionzoo.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.attentionzoo.blocks.AtomicFile;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.eval.compare.MixerComparison;
import org.attentionzoo.eval.compare.MixerComparison.Arm;
import org.attentionzoo.eval.compare.MixerComparison.Row;
import org.attentionzoo.eval.report.HtmlReport;
import org.attentionzoo.eval.report.RunHistory;
import org.attentionzoo.models.MixerEntry;
import org.attentionzoo.models.Papers;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Compares mixers in one decoder. */
@Command(
    name = "compare",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Train mixers in the same decoder and print what they reach.",
      "",
      "  zoo compare attention taylor elu --data mqar: --seeds 1,2,3 steps=600",
      "  zoo compare attention lightning --data text:input.txt task.length=128",
      "  zoo compare --list",
      "",
      "Data, batches, seeds and steps are the same for all, and the number of parameters is that of"
          + " the first: the feed-forward networks make up for what a mixer has more or less."
          + " Several mixers joined by + take turns in the layers. A run that is finished is not"
          + " trained again.",
      ""
    })
final class CompareCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "MIXER|KEY=VALUE",
      arity = "0..*",
      description = "Mixers, then changes of the config.")
  private List<String> arguments = List.of();

  @Option(names = "--list", description = "List the mixers there are.")
  private boolean list;

  @Option(
      names = "--data",
      paramLabel = "SCHEME:LOCATION",
      description = "What to train on, for example mqar: or text:<file>.")
  private String data;

  @Option(
      names = "--seeds",
      paramLabel = "SEED",
      split = ",",
      defaultValue = "1,2,3",
      description = "The seeds, each for every mixer (default ${DEFAULT-VALUE}).")
  private List<Long> seeds;

  @Option(
      names = "--recipe",
      paramLabel = "MODEL|RECIPE",
      defaultValue = "transformer/compare",
      description = "The decoder and its training (default ${DEFAULT-VALUE}).")
  private String recipe;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "runs/compare",
      description = "Holds a run for each mixer and seed (default ${DEFAULT-VALUE}).")
  private Path out;

  @Option(names = "--json", description = "Print the rows as JSON.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    Papers papers = Papers.load();
    PrintWriter stdout = spec.commandLine().getOut();
    if (list && json) {
      Json.print(stdout, papers.mixers().stream().map(CompareCommand::json).toList());
      return ExitCode.OK;
    }
    if (list) {
      Table table = new Table();
      for (MixerEntry mixer : papers.mixers()) {
        table.row(mixer.name(), mixer.paper(), mixer.summary());
      }
      table.print(stdout, "");
      stdout.flush();
      return ExitCode.OK;
    }
    RunSeries.requireDistinct(seeds);
    List<String> mixers = new ArrayList<>();
    List<String> overrides = new ArrayList<>();
    arguments.forEach(a -> (a.contains("=") ? overrides : mixers).add(a));
    if (mixers.size() < 2) {
      throw new UserException(
          "a comparison needs at least two mixers; 'zoo compare --list' names them");
    }
    if (data != null) {
      overrides.add("data=" + data);
    }
    MixerComparison comparison = MixerComparison.plan(papers, recipe, mixers, seeds, overrides);
    Optional<List<Row>> rows;
    try (RunSeries series = new RunSeries(spec.commandLine().getErr())) {
      rows = comparison.run(out, series, series::isStopped);
      if (rows.isEmpty()) {
        RunSeries.tellThatItStopped(spec.commandLine(), json);
        return Interruption.EXIT;
      }
    }
    List<List<String>> cells = cells(rows.get());
    Path report = report(comparison, cells);
    if (json) {
      Json.print(stdout, rows.get().stream().map(CompareCommand::json).toList());
      return ExitCode.OK;
    }
    Table table = new Table();
    cells.forEach(row -> table.row(row.toArray(String[]::new)));
    table.print(stdout, "");
    stdout.println("runs: " + out);
    stdout.println("report: " + report);
    stdout.flush();
    return ExitCode.OK;
  }

  private Path report(MixerComparison comparison, List<List<String>> cells) throws IOException {
    List<RunHistory> runs = comparison.runs(out).stream().map(RunHistory::read).toList();
    Path report = out.resolve("report.html");
    AtomicFile.write(
        report,
        HtmlReport.of(
            comparison.arms().size() + " mixers in one decoder",
            "Mean and standard deviation over " + seeds.size() + " seeds, after the last step.",
            cells,
            runs));
    return report;
  }

  private static Map<String, Object> json(MixerEntry mixer) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("mixer", mixer.name());
    fields.put("paper", mixer.paper());
    fields.put("summary", mixer.summary());
    return fields;
  }

  private static Map<String, Object> json(Row row) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("mixer", row.arm().mixer());
    fields.put("parameters", row.parameters());
    fields.put("hidden", row.arm().hidden());
    Map<String, Object> metrics = new LinkedHashMap<>();
    row.metrics()
        .forEach(
            (metric, values) -> {
              Map<String, Object> figures = new LinkedHashMap<>();
              figures.put("mean", row.mean(metric));
              if (values.size() > 1) {
                figures.put("deviation", row.deviation(metric));
              }
              figures.put("seeds", values);
              metrics.put(metric, figures);
            });
    fields.put("metrics", metrics);
    return fields;
  }

  /** The table with its heading. */
  private static List<List<String>> cells(List<Row> rows) {
    List<String> metrics =
        rows.stream()
            .flatMap(r -> r.metrics().keySet().stream())
            .filter(m -> !m.contains("layers."))
            .distinct()
            .toList();
    List<List<String>> table = new ArrayList<>();
    List<String> heading = new ArrayList<>(List.of("mixer", "parameters", "hidden"));
    heading.addAll(metrics);
    table.add(heading);
    for (Row row : rows) {
      Arm arm = row.arm();
      List<String> cells =
          new ArrayList<>(
              List.of(
                  arm.mixer(),
                  String.format(Locale.ROOT, "%,d", row.parameters()),
                  Integer.toString(arm.hidden())));
      for (String metric : metrics) {
        cells.add(figure(row, metric));
      }
      table.add(cells);
    }
    return table;
  }

  /** The mean over the seeds, and the deviation where there are several. */
  static String figure(Row row, String metric) {
    double deviation = row.deviation(metric);
    return Double.isNaN(deviation)
        ? String.format(Locale.ROOT, "%.4f", row.mean(metric))
        : String.format(Locale.ROOT, "%.4f ± %.4f", row.mean(metric), deviation);
  }
}
