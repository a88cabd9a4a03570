package org.attentionzoo.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.eval.compare.MixerComparison;
import org.attentionzoo.eval.compare.MixerComparison.Arm;
import org.attentionzoo.eval.compare.MixerComparison.Row;
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

  @Override
  public Integer call() {
    Papers papers = Papers.load();
    PrintWriter stdout = spec.commandLine().getOut();
    if (list) {
      Table table = new Table();
      for (MixerEntry mixer : papers.mixers()) {
        table.row(mixer.name(), mixer.paper(), mixer.summary());
      }
      table.print(stdout, "");
      stdout.flush();
      return ExitCode.OK;
    }
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
    PrintWriter stderr = spec.commandLine().getErr();
    List<Row> rows =
        comparison.run(
            out,
            line -> {
              stderr.println(line);
              stderr.flush();
            });
    print(rows, stdout);
    stdout.println("runs: " + out);
    stdout.flush();
    return ExitCode.OK;
  }

  private static void print(List<Row> rows, PrintWriter out) {
    List<String> metrics =
        rows.stream()
            .flatMap(r -> r.metrics().keySet().stream())
            .filter(m -> !m.contains("layers."))
            .distinct()
            .toList();
    Table table = new Table();
    List<String> head = new ArrayList<>(List.of("mixer", "parameters", "hidden"));
    head.addAll(metrics);
    head.add("");
    table.row(head.toArray(String[]::new));
    for (Row row : rows) {
      Arm arm = row.arm();
      List<String> cells =
          new ArrayList<>(
              List.of(
                  arm.mixer(),
                  String.format(Locale.ROOT, "%,d", row.parameters()),
                  Integer.toString(arm.hidden())));
      for (String metric : metrics) {
        double deviation = row.deviation(metric);
        cells.add(
            Double.isNaN(deviation)
                ? String.format(Locale.ROOT, "%.4f", row.mean(metric))
                : String.format(Locale.ROOT, "%.4f ± %.4f", row.mean(metric), deviation));
      }
      cells.add("");
      table.row(cells.toArray(String[]::new));
    }
    table.print(out, "");
  }
}
