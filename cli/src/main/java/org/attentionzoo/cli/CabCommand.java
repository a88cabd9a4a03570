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
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.attentionzoo.blocks.AtomicFile;
import org.attentionzoo.blocks.AttentionPattern;
import org.attentionzoo.eval.cab.PatternSuite;
import org.attentionzoo.eval.cab.PatternSuite.Finding;
import org.attentionzoo.eval.cab.PatternTask;
import org.attentionzoo.eval.report.HtmlReport;
import org.attentionzoo.eval.report.RunHistory;
import org.attentionzoo.models.Papers;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Trains attentions on small tasks of the four patterns. */
@Command(
    name = "cab",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Train attentions in the four patterns of CAB, noncausal or causal, self or cross, on small"
          + " tasks of each pattern, and print what they reach and CAB's compositional index.",
      "",
      "  zoo cab",
      "  zoo cab cab-attention cab-abc cab-nothing --patterns causal_cross --seeds 1",
      "  zoo cab cab-attention elu lightning --tasks markov,text steps=200",
      "",
      "An attention runs in the patterns that it supports; those of 'zoo compare --list' are causal"
          + " self attention. Data, batches, seeds and steps are the same for all, and the number"
          + " of parameters is that of the first. The index is the mean distance from the mean of"
          + " the attentions that ran, in deviations, turned so that more is better;"
          + " cab-nothing, which attends to nothing, is measured by it and not part of the mean."
          + " A run that is finished is not trained again. What attentions cost, 'zoo bench cab'"
          + " tells.",
      ""
    })
final class CabCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "ATTENTION|KEY=VALUE",
      arity = "0..*",
      description = {
        "Attentions, then changes of every recipe.",
        "Default: all whose name begins with cab-."
      })
  private List<String> arguments = List.of();

  @Option(
      names = "--patterns",
      paramLabel = "PATTERN",
      split = ",",
      description = "The patterns: ${COMPLETION-CANDIDATES}. Default: all.")
  private List<AttentionPattern> patterns = List.of();

  @Option(
      names = "--tasks",
      paramLabel = "TASK",
      split = ",",
      description = {
        "The tasks: permuted, masked-bytes (noncausal self), markov, text (causal self), waves,"
            + " etth1 (noncausal cross), extraction, copy (causal cross); or all.",
        "Default: those whose data is generated, all but masked-bytes, text and etth1."
      })
  private List<String> tasks = List.of();

  @Option(
      names = "--seeds",
      paramLabel = "SEED",
      split = ",",
      defaultValue = "1,2,3",
      description = "The seeds, each for every attention (default ${DEFAULT-VALUE}).")
  private List<Long> seeds;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "runs/cab",
      description = "Holds a folder for each task (default ${DEFAULT-VALUE}).")
  private Path out;

  @Option(names = "--json", description = "Print the figures as JSON.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    RunSeries.requireDistinct(seeds);
    Papers papers = Papers.load();
    List<String> attentions = new ArrayList<>();
    List<String> overrides = new ArrayList<>();
    arguments.forEach(a -> (a.contains("=") ? overrides : attentions).add(a));
    if (attentions.isEmpty()) {
      papers.patternMixers().stream()
          .map(entry -> entry.name())
          .filter(name -> name.startsWith("cab-"))
          .forEach(attentions::add);
    }
    List<AttentionPattern> asked =
        patterns.isEmpty() ? List.of(AttentionPattern.values()) : patterns;
    PatternSuite suite = PatternSuite.plan(papers, attentions, asked, chosen(), seeds, overrides);
    PrintWriter stdout = spec.commandLine().getOut();
    Optional<List<Finding>> findings;
    try (RunSeries series = new RunSeries(spec.commandLine().getErr())) {
      findings = suite.run(out, series, series::isStopped);
    }
    if (findings.isEmpty()) {
      RunSeries.tellThatItStopped(spec.commandLine(), json);
      return Interruption.EXIT;
    }
    Path report = report(suite, findings.get());
    if (json) {
      Json.print(stdout, findings.get().stream().map(CabCommand::describe).toList());
      return ExitCode.OK;
    }
    for (Finding finding : findings.get()) {
      stdout.println(name(finding.pattern()));
      Table table = new Table();
      cells(finding).forEach(row -> table.row(row.toArray(String[]::new)));
      table.print(stdout, "  ");
    }
    correlations(findings.get()).forEach(stdout::println);
    stdout.println("report: " + report);
    stdout.flush();
    return ExitCode.OK;
  }

  private List<PatternTask> chosen() {
    if (tasks.isEmpty()) {
      return PatternTask.ALL.stream().filter(PatternTask::generated).toList();
    }
    return tasks.contains("all")
        ? PatternTask.ALL
        : tasks.stream().distinct().map(PatternTask::named).toList();
  }

  private static String name(AttentionPattern pattern) {
    return pattern.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  private static List<List<String>> cells(Finding finding) {
    List<String> heading = new ArrayList<>(List.of("attention", "parameters"));
    finding
        .tasks()
        .forEach(
            task ->
                task.higherIsBetter()
                    .forEach(m -> heading.add(task.name() + " " + m.getKey().replace('_', ' '))));
    heading.add("index");
    List<List<String>> table = new ArrayList<>();
    table.add(heading);
    finding
        .rows()
        .forEach(
            (attention, rows) -> {
              List<String> cells = new ArrayList<>(List.of(attention));
              cells.add(
                  rows.values().stream()
                      .map(row -> String.format(Locale.ROOT, "%,d", row.parameters()))
                      .distinct()
                      .collect(Collectors.joining(" / ")));
              finding
                  .tasks()
                  .forEach(
                      task ->
                          task.higherIsBetter()
                              .forEach(
                                  m ->
                                      cells.add(
                                          CompareCommand.figure(rows.get(task), m.getKey()))));
              OptionalDouble index = finding.index().get(attention);
              cells.add(
                  index.isPresent()
                      ? String.format(Locale.ROOT, "%+.3f", index.getAsDouble())
                      : "-");
              table.add(cells);
            });
    return table;
  }

  private static List<String> correlations(List<Finding> findings) {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < findings.size(); i++) {
      for (int j = i + 1; j < findings.size(); j++) {
        Finding one = findings.get(i);
        Finding other = findings.get(j);
        PatternSuite.correlation(one, other)
            .ifPresent(
                value ->
                    lines.add(
                        String.format(
                            Locale.ROOT,
                            "correlation of the indices, %s and %s: %.2f",
                            name(one.pattern()),
                            name(other.pattern()),
                            value)));
      }
    }
    return lines;
  }

  private static Map<String, Object> describe(Finding finding) {
    Map<String, Object> attentions = new LinkedHashMap<>();
    finding
        .rows()
        .forEach(
            (attention, rows) -> {
              Map<String, Object> figures = new LinkedHashMap<>();
              rows.forEach(
                  (task, row) -> {
                    Map<String, Object> of = new LinkedHashMap<>();
                    of.put("parameters", row.parameters());
                    task.higherIsBetter()
                        .forEach(m -> of.put(m.getKey(), row.metrics().get(m.getKey())));
                    figures.put(task.name(), of);
                  });
              OptionalDouble index = finding.index().get(attention);
              figures.put("index", index.isPresent() ? index.getAsDouble() : null);
              attentions.put(attention, figures);
            });
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("pattern", name(finding.pattern()));
    all.put("attentions", attentions);
    return all;
  }

  private Path report(PatternSuite suite, List<Finding> findings) throws IOException {
    List<List<String>> cells = new ArrayList<>();
    for (Finding finding : findings) {
      cells.addAll(
          cells(finding).stream()
              .map(
                  row -> {
                    List<String> line = new ArrayList<>(List.of(name(finding.pattern())));
                    line.addAll(row);
                    return line;
                  })
              .toList());
    }
    List<RunHistory> runs = suite.runs(out).stream().map(RunHistory::read).toList();
    Path report = out.resolve("report.html");
    AtomicFile.write(
        report,
        HtmlReport.of(
            "Attentions in " + findings.size() + " patterns",
            "Mean and standard deviation over " + seeds.size() + " seeds, after the last step.",
            cells,
            runs));
    return report;
  }
}
