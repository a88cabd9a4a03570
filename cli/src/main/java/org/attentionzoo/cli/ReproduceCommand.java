package org.attentionzoo.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.attentionzoo.blocks.AtomicFile;
import org.attentionzoo.blocks.FileTree;
import org.attentionzoo.blocks.Processor;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.eval.claims.Claim;
import org.attentionzoo.eval.claims.ClaimResult;
import org.attentionzoo.eval.claims.Claims;
import org.attentionzoo.eval.claims.Interval;
import org.attentionzoo.eval.claims.Judgement;
import org.attentionzoo.eval.claims.Outcome;
import org.attentionzoo.eval.claims.Reproduction;
import org.attentionzoo.eval.claims.Verdict;
import org.attentionzoo.eval.report.HtmlReport;
import org.attentionzoo.eval.report.RunHistory;
import org.attentionzoo.models.Papers;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Puts a paper's claim to the test. */
@Command(
    name = "reproduce",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Put the claim of a paper to the test: train it, its baselines and its controls, and judge.",
      "",
      "  zoo reproduce                     the claims, and how long each takes",
      "  zoo reproduce deberta",
      "  zoo reproduce titans/recall --seeds 1,2,3,4,5",
      "  zoo reproduce deberta --candidate 'content only'   whether a broken candidate fails",
      "",
      "Runs are kept in the folder of --out. The same command goes on where it was interrupted, and"
          + " with more seeds adds to what is there.",
      ""
    })
final class ReproduceCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "CLAIM|KEY=VALUE",
      arity = "0..*",
      description = "A paper or one of its claims, then changes of all its recipes.")
  private List<String> arguments = List.of();

  @Option(
      names = "--seeds",
      split = ",",
      paramLabel = "SEED",
      description = "The seeds, instead of the claim's.")
  private List<Long> seeds;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Where runs and results go; by default runs/reproduce/<paper>/<claim>.")
  private Path out;

  @Option(
      names = "--candidate",
      paramLabel = "ARM",
      description = "Judge this arm in the candidate's place.")
  private String candidate;

  @Option(
      names = "--quick",
      description = "Only see whether everything runs, in at most a minute; gives no verdict.")
  private boolean quick;

  @Option(
      names = "--record",
      paramLabel = "DIR",
      description = "Also write the result as <DIR>/<paper>/<claim>.json, for zoo results.")
  private Path record;

  @Option(names = "--json", description = "Print the result as JSON.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    Papers papers = Papers.load();
    List<String> changes = new ArrayList<>(arguments);
    if (changes.isEmpty() && !quick && candidate == null && record == null && seeds == null) {
      list(papers);
      return ExitCode.OK;
    }
    if (changes.isEmpty() || changes.get(0).contains("=")) {
      throw new UserException(
          "no claim was given; 'zoo reproduce' lists the claims, for example zoo reproduce deberta");
    }
    if (seeds != null) {
      RunSeries.requireDistinct(seeds);
    }
    if (quick && json) {
      throw new UserException("--quick gives no verdict that --json could print; leave one out");
    }
    String name = changes.remove(0);
    for (String change : changes) {
      if (change.indexOf('=') < 1) {
        throw new UserException("'" + change + "' is no change of a config; expected key=value");
      }
    }
    Map<String, Claim> claims = Claims.find(papers, name);
    if (candidate != null && claims.size() > 1) {
      throw new UserException(
          "--candidate needs one claim; '" + name + "' has " + String.join(", ", claims.keySet()));
    }
    if (candidate != null && record != null) {
      throw new UserException("with --candidate the result is not the claim's; leave out --record");
    }
    try (RunSeries series = new RunSeries(spec.commandLine().getErr())) {
      return reproduce(papers, claims, changes, series);
    }
  }

  private int reproduce(
      Papers papers, Map<String, Claim> claims, List<String> changes, RunSeries series)
      throws IOException {
    Set<Verdict> verdicts = new LinkedHashSet<>();
    List<String> documents = new ArrayList<>();
    for (Map.Entry<String, Claim> claim : claims.entrySet()) {
      Path base = out == null ? Path.of("runs", "reproduce") : out;
      Path folder = out != null && claims.size() == 1 ? out : base.resolve(claim.getKey());
      Optional<Verdict> verdict =
          reproduce(papers, claim.getKey(), claim.getValue(), folder, changes, series, documents);
      if (series.isStopped()) {
        return Interruption.EXIT;
      }
      verdict.ifPresent(verdicts::add);
    }
    if (json) {
      // One document, whatever a paper claims.
      PrintWriter stdout = spec.commandLine().getOut();
      stdout.println(
          claims.size() == 1 ? documents.get(0) : "[ " + String.join(", ", documents) + " ]");
      stdout.flush();
    }
    return quick || verdicts.equals(Set.of(Verdict.REPRODUCED)) ? ExitCode.OK : ExitCode.SOFTWARE;
  }

  private void list(Papers papers) {
    PrintWriter stdout = spec.commandLine().getOut();
    if (json) {
      List<Map<String, Object>> rows = new ArrayList<>();
      Claims.all(papers).forEach((name, claim) -> rows.add(describe(name, claim)));
      Json.print(stdout, rows);
      return;
    }
    Table table = new Table();
    table.row("claim", "minutes", "seeds", "");
    Claims.all(papers)
        .forEach(
            (name, claim) ->
                table.row(
                    name,
                    String.format(Locale.ROOT, "%.0f", claim.minutes()),
                    Integer.toString(claim.seeds().size()),
                    claim.title()));
    table.print(stdout, "");
    stdout.flush();
  }

  private static Map<String, Object> describe(String name, Claim claim) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("claim", name);
    row.put("title", claim.title());
    row.put("minutes", claim.minutes());
    row.put("seeds", claim.seeds());
    row.put("arms", claim.arms().stream().map(Claim.Arm::name).toList());
    return row;
  }

  private Optional<Verdict> reproduce(
      Papers papers,
      String name,
      Claim claim,
      Path base,
      List<String> changes,
      RunSeries series,
      List<String> documents)
      throws IOException {
    PrintWriter stdout = spec.commandLine().getOut();
    PrintWriter stderr = spec.commandLine().getErr();
    String arm = candidate == null ? claim.candidate().name() : claim.arm(candidate).name();
    Path folder = base;
    List<Long> used = seeds == null ? claim.seeds() : seeds;
    List<String> all = new ArrayList<>();
    if (quick) {
      folder = base.resolveSibling(base.getFileName() + "-quick");
      FileTree.delete(folder);
      used = used.subList(0, 1);
      all.addAll(
          claim.quick().isEmpty()
              ? List.of("steps=5", "evaluateEvery=0", "checkpointEvery=0")
              : claim.quick());
    }
    all.addAll(changes);
    stderr.printf(
        Locale.ROOT,
        "%s: %s%n%d arms, %d seeds%s, in %s%n",
        name,
        claim.title(),
        claim.arms().size(),
        used.size(),
        quick
            ? ""
            : String.format(Locale.ROOT, ", about %.0f minutes on two cores", claim.minutes()),
        folder);
    stderr.flush();
    String command = Zoo.command(spec);
    Reproduction reproduction = new Reproduction(papers, claim, folder, used, all, quick ? 2 : 0);
    Optional<List<Outcome>> outcomes =
        reproduction.run(
            series,
            Map.of("command", command),
            outcome -> tell(stderr, claim, outcome),
            series::isStopped);
    if (outcomes.isEmpty()) {
      RunSeries.tellThatItStopped(spec.commandLine(), json);
      return Optional.empty();
    }
    if (quick) {
      print(stdout, claim, outcomes.get(), Optional.empty());
      stdout.println("everything ran; --quick gives no verdict");
      stdout.flush();
      return Optional.empty();
    }
    Judgement judgement = Judgement.of(claim, outcomes.get(), arm);
    ClaimResult result =
        new ClaimResult(
            name,
            claim.title(),
            claim.paper(),
            command,
            Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
            machine(),
            all,
            used,
            arm,
            outcomes.get(),
            judgement);
    boolean own = arm.equals(claim.candidate().name());
    Path file =
        folder.resolve(own ? "result.json" : "result-of-" + arm.replace(' ', '-') + ".json");
    AtomicFile.write(file, result.json());
    if (record != null) {
      Path kept = record.resolve(name + ".json");
      Files.createDirectories(kept.getParent());
      AtomicFile.write(kept, result.json());
    }
    report(folder, claim, name, reproduction, outcomes.get(), judgement);
    if (json) {
      documents.add(result.json());
    } else {
      print(stdout, claim, outcomes.get(), Optional.of(judgement));
      stdout.println("result: " + file);
      stdout.println("report: " + folder.resolve("report.html"));
    }
    stdout.flush();
    return Optional.of(judgement.verdict());
  }

  private static void tell(PrintWriter stderr, Claim claim, Outcome outcome) {
    StringBuilder line = new StringBuilder(outcome.arm());
    if (!outcome.run().isEmpty()) {
      line.append(", seed ").append(outcome.seed());
    }
    for (String metric : metrics(claim)) {
      Double value = outcome.metrics().get(metric);
      line.append(", ").append(metric).append(' ').append(value == null ? "-" : number(value));
    }
    stderr.println(line);
    stderr.flush();
  }

  private static Set<String> metrics(Claim claim) {
    Set<String> metrics = new LinkedHashSet<>();
    metrics.add(claim.metric());
    claim.checks().forEach(check -> metrics.add(claim.metric(check)));
    return metrics;
  }

  private static List<List<String>> arms(Claim claim, List<Outcome> outcomes) {
    List<List<String>> rows = new ArrayList<>();
    List<String> heading = new ArrayList<>(List.of("", "role"));
    heading.addAll(metrics(claim));
    heading.add("each seed");
    rows.add(heading);
    for (Claim.Arm arm : claim.arms()) {
      List<Outcome> mine = outcomes.stream().filter(o -> o.arm().equals(arm.name())).toList();
      List<String> row = new ArrayList<>();
      row.add(arm.name());
      row.add(arm.role().name().toLowerCase(Locale.ROOT));
      for (String metric : metrics(claim)) {
        double mean =
            mine.stream()
                .mapToDouble(o -> o.metrics().getOrDefault(metric, Double.NaN))
                .average()
                .orElse(Double.NaN);
        row.add(number(mean));
      }
      row.add(
          String.join(
              " ",
              mine.stream()
                  .map(o -> number(o.metrics().getOrDefault(claim.metric(), Double.NaN)))
                  .toList()));
      rows.add(row);
    }
    return rows;
  }

  private static List<List<String>> checks(Judgement judgement) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("check", "figure", "95% interval", ""));
    for (Judgement.Judged judged : judgement.checks()) {
      Interval figure = judged.figure();
      rows.add(
          List.of(
              judged.statement(),
              number(figure.mean()),
              Double.isNaN(figure.low())
                  ? "unknown: one seed"
                  : number(figure.low())
                      + " to "
                      + number(figure.high())
                      + " over "
                      + figure.basis(),
              switch (judged.verdict()) {
                case REPRODUCED -> "holds";
                case NOT_REPRODUCED -> "does not hold";
                case INCONCLUSIVE -> "undecided";
              }));
    }
    judgement
        .controls()
        .forEach(
            (arm, verdict) ->
                rows.add(
                    List.of(
                        "with " + arm + " as the candidate",
                        "",
                        "",
                        verdict == Verdict.REPRODUCED ? "passes too!" : verdict.words())));
    return rows;
  }

  private static void print(
      PrintWriter stdout, Claim claim, List<Outcome> outcomes, Optional<Judgement> judgement) {
    stdout.println(claim.title());
    stdout.println("paper: " + claim.paper());
    table(stdout, arms(claim, outcomes));
    judgement.ifPresent(
        judged -> {
          table(stdout, checks(judged));
          stdout.println(judged.verdict().words() + ": " + judged.reason());
        });
  }

  private static void table(PrintWriter stdout, List<List<String>> rows) {
    Table table = new Table();
    rows.forEach(row -> table.row(row.toArray(String[]::new)));
    table.print(stdout, "  ");
  }

  private static void report(
      Path folder,
      Claim claim,
      String name,
      Reproduction reproduction,
      List<Outcome> outcomes,
      Judgement judgement)
      throws IOException {
    List<List<String>> rows = new ArrayList<>(arms(claim, outcomes));
    rows.addAll(checks(judgement));
    String introduction =
        claim.title()
            + " Paper: "
            + claim.paper()
            + " Verdict: "
            + judgement.verdict().words()
            + ", "
            + judgement.reason()
            + ".";
    List<RunHistory> runs = reproduction.runs().stream().map(RunHistory::read).toList();
    AtomicFile.write(
        folder.resolve("report.html"), HtmlReport.of("Claim " + name, introduction, rows, runs));
  }

  private static Map<String, Object> machine() {
    Map<String, Object> machine = new LinkedHashMap<>();
    machine.put("os", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
    machine.put("processors", Runtime.getRuntime().availableProcessors());
    Processor.field("model name").ifPresent(model -> machine.put("processor", model));
    machine.put("java", System.getProperty("java.version"));
    return machine;
  }

  private static String number(double value) {
    return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.4f", value);
  }
}
