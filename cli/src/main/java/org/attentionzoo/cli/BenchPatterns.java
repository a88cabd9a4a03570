package org.attentionzoo.cli;

import ai.djl.ndarray.NDManager;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.attentionzoo.blocks.AttentionPattern;
import org.attentionzoo.blocks.Devices;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.eval.cab.CabBench;
import org.attentionzoo.models.MixerEntry;
import org.attentionzoo.models.Papers;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The Comprehensive Attention Benchmark. */
@Command(
    name = "cab",
    mixinStandardHelpOptions = true,
    description = {
      "Run mixers in the four patterns of CAB, noncausal or causal, self or cross: does each do "
          + "what the pattern means, and from which length on does it cost less than plain "
          + "attention.",
      "Without names: plain attention and bounded memory, which support all patterns, and linear "
          + "attention. 'zoo compare --list' names the mixers, each causal self attention.",
      "Memory is that of all arrays of a pass without kernels. No crossing: by the fits, one of "
          + "the two costs less at all lengths."
    })
final class BenchPatterns implements Callable<Integer> {

  private static final String PLAIN = "cab-attention";

  @Spec private CommandSpec spec;
  @Mixin private BenchOptions common;

  @Parameters(
      paramLabel = "MIXER",
      arity = "0..*",
      defaultValue = PLAIN + " cab-abc elu",
      split = " ",
      description = "The mixers. Default: ${DEFAULT-VALUE}.")
  private List<String> mixers;

  @Option(
      names = "--patterns",
      paramLabel = "PATTERN",
      split = ",",
      description =
          "The patterns: ${COMPLETION-CANDIDATES}. Default: those that each mixer declares.")
  private List<AttentionPattern> patterns = List.of();

  @Option(
      names = "--lengths",
      paramLabel = "N",
      split = ",",
      defaultValue = "128,256,512,1024",
      description = "The lengths, at least three. Default: ${DEFAULT-VALUE}.")
  private List<Integer> lengths;

  @Option(
      names = "--width",
      paramLabel = "N",
      defaultValue = "64",
      description = "The size of hidden states. Default: ${DEFAULT-VALUE}; CAB has 512.")
  private int width;

  @Option(
      names = "--heads",
      paramLabel = "N",
      defaultValue = "2",
      description = "The number of heads. Default: ${DEFAULT-VALUE}; CAB has 8.")
  private int heads;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "4",
      description = "Examples in a batch. Default: ${DEFAULT-VALUE}.")
  private int batch;

  @Override
  public Integer call() {
    common.check();
    if (width < 1 || heads < 1 || width % heads != 0) {
      throw new UserException(
          "--width " + width + " --heads " + heads + " was given; heads must divide width");
    }
    Papers papers = Papers.load();
    CabBench.Plan plan =
        new CabBench.Plan(new MixerEntry.Sizes(width, heads, 1), batch, lengths, common.plan());
    List<CabBench.Row> rows;
    try (NDManager manager = NDManager.newBaseManager(Devices.find(common.device), "PyTorch")) {
      rows =
          new CabBench(plan, papers.patternMixer(PLAIN))
              .run(
                  manager,
                  mixers.stream().distinct().map(papers::patternMixer).toList(),
                  patterns.stream().distinct().toList());
    }
    PrintWriter out = spec.commandLine().getOut();
    if (common.json) {
      Json.print(out, rows.stream().map(BenchPatterns::describe).toList());
    } else {
      print(out, rows);
    }
    boolean holds = rows.stream().allMatch(row -> row.finding().holds());
    return holds ? ExitCode.OK : ExitCode.SOFTWARE;
  }

  private static Map<String, Object> describe(CabBench.Row row) {
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("mixer", row.mixer());
    figures.put("pattern", name(row));
    figures.put("holds", row.finding().holds());
    figures.put("leaks", row.finding().leaks());
    figures.put("reads", row.finding().reads());
    Map<Integer, Object> times = new LinkedHashMap<>();
    row.times().forEach((length, timing) -> times.put(length, BenchFigures.timed(timing)));
    figures.put("milliseconds", times);
    figures.put("bytes", row.bytes());
    figures.put("efficiency_length_time", orNull(row.timeLength()));
    figures.put("efficiency_length_memory", orNull(row.memoryLength()));
    return figures;
  }

  private static String name(CabBench.Row row) {
    return row.finding().pattern().name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  private static Double orNull(OptionalDouble value) {
    return value.isPresent() ? value.getAsDouble() : null;
  }

  private void print(PrintWriter out, List<CabBench.Row> rows) {
    out.printf(
        Locale.ROOT, "width %d, heads %d, batch %d, lengths %s%n", width, heads, batch, lengths);
    Table table = new Table();
    table.row("pattern", "mixer", "does it", "ms", "MB", "cheaper from (time)", "(memory)", "");
    for (CabBench.Row row : rows) {
      table.row(
          name(row),
          row.mixer(),
          row.finding().holds() ? "yes" : "no",
          row.times().values().stream().map(BenchFigures::millis).collect(Collectors.joining(", ")),
          row.bytes().values().stream()
              .map(b -> BenchFigures.number(b / 1e6))
              .collect(Collectors.joining(", ")),
          length(row.timeLength(), row),
          length(row.memoryLength(), row),
          "");
    }
    table.print(out, "");
    out.flush();
  }

  private static String length(OptionalDouble length, CabBench.Row row) {
    return row.mixer().equals(PLAIN)
        ? "-"
        : length.isPresent()
            ? String.format(Locale.ROOT, "%.0f", length.getAsDouble())
            : "no crossing";
  }
}
