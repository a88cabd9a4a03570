package org.attentionzoo.cli;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.jni.JniUtils;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.eval.systems.SystemReport;
import org.attentionzoo.models.Configs;
import org.attentionzoo.models.Papers;
import org.attentionzoo.training.run.TrainedModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Checks what papers prove. */
@Command(
    name = "theory",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    description = "Check numerically what papers prove.",
    subcommands = TheoryCommand.Systems.class)
final class TheoryCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    spec.commandLine().usage(spec.commandLine().getOut());
    return ExitCode.OK;
  }

  /** The dynamical systems framework. */
  @Command(
      name = "dsf",
      mixinStandardHelpOptions = true,
      sortOptions = false,
      description = {
        "Write attention, state-space models and recurrent networks as h_i = T_i h_(i-1) + B_i u_i,"
            + " y_i = C_i h_i + D u_i.",
        "",
        "  zoo theory dsf",
        "  zoo theory dsf dsf-s6 dsf-qlstm model.state=16 --length 64",
        "  zoo theory dsf runs/mine",
        "",
        "For each mixer: how far the layer's own form is from the recurrence and from the dense"
            + " kernel made of its matrices, the eigenvalues of T (1 forgets nothing) with the"
            + " half-life of the median, and the size of its state. A preset has random weights in"
            + " double precision, a run those that it learned. The exit code is 1 if the forms"
            + " differ.",
        ""
      })
  static final class Systems implements Callable<Integer> {

    private static final String PAPER = "dsf";
    private static final String PREFIX = "model.";

    @Spec private CommandSpec spec;

    @Parameters(
        paramLabel = "MODEL|RUN|KEY=VALUE",
        arity = "0..*",
        description = "Presets or run folders, and changes of the presets (default: all mixers).")
    private List<String> arguments = List.of();

    @Option(
        names = "--length",
        paramLabel = "N",
        defaultValue = "32",
        description = "Tokens in an example. Default: ${DEFAULT-VALUE}.")
    private int length;

    @Option(
        names = "--seed",
        paramLabel = "N",
        defaultValue = "1",
        description = "Of weights and hidden states. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(names = "--json", description = "Print as JSON.")
    private boolean json;

    @Override
    public Integer call() {
      if (length < 1) {
        throw new UserException("--length " + length + " was given; it must be 1 or more");
      }
      Papers papers = Papers.load();
      List<String> names = new ArrayList<>();
      List<String> settings = new ArrayList<>();
      for (String argument : arguments) {
        if (argument.startsWith(PREFIX) && argument.contains("=")) {
          settings.add(argument.substring(PREFIX.length()));
        } else {
          names.add(argument);
        }
      }
      Map<String, List<SystemReport>> found = new LinkedHashMap<>();
      if (names.isEmpty()) {
        papers.presets().stream()
            .filter(preset -> preset.model().paper().equals(PAPER))
            .forEach(preset -> found.put(preset.name(), examine(preset, settings)));
        found.values().removeIf(List::isEmpty);
      }
      for (String name : names) {
        List<SystemReport> reports = examine(papers, name, settings);
        if (reports.isEmpty()) {
          throw new UserException(
              name + " has no mixer that tells its matrices; those of the paper dsf do");
        }
        found.put(name, reports);
      }
      print(found);
      boolean holds = found.values().stream().flatMap(List::stream).allMatch(SystemReport::holds);
      return holds ? ExitCode.OK : ExitCode.SOFTWARE;
    }

    private List<SystemReport> examine(Papers papers, String name, List<String> settings) {
      Path folder = Path.of(name);
      if (Files.isDirectory(folder)) {
        try (TrainedModel model = TrainedModel.load(papers, folder, "cpu")) {
          return SystemReport.of(model.model(), model.manager(), DataType.FLOAT32, length, seed);
        }
      }
      return examine(papers.preset(name), settings);
    }

    private <C extends Record> List<SystemReport> examine(
        Papers.Preset<C> preset, List<String> settings) {
      ZooBlock model = preset.model().factory().apply(Configs.override(preset.config(), settings));
      if (SystemReport.systems(model).isEmpty()) {
        return List.of();
      }
      try (NDManager manager = NDManager.newBaseManager()) {
        JniUtils.setSeed(seed);
        model.initialize(manager, DataType.FLOAT64);
        return SystemReport.of(model, manager, DataType.FLOAT64, length, seed);
      }
    }

    private void print(Map<String, List<SystemReport>> found) {
      PrintWriter out = spec.commandLine().getOut();
      if (json) {
        Json.print(out, found);
        return;
      }
      Table table = new Table();
      table.row(
          "model",
          "mixer",
          "output",
          "recurrence off by",
          "kernel off by",
          "eigenvalues",
          "half-life",
          "n",
          "state",
          "");
      found.forEach(
          (name, reports) ->
              reports.forEach(
                  r ->
                      table.row(
                          name,
                          r.block(),
                          format("%.3g", r.largest()),
                          format("%.1e", r.recurrence()),
                          format("%.1e", r.kernel()),
                          format(
                              "%.3f, %.3f, %.3f",
                              r.decay().smallest(), r.decay().median(), r.decay().largest()),
                          format("%.1f", r.decay().halfLife()),
                          Long.toString(r.expansion()),
                          r.state() + " numbers",
                          r.holds() ? "the forms agree" : "the forms differ")));
      table.print(out, "");
      out.flush();
    }

    private static String format(String pattern, Object... values) {
      return String.format(Locale.ROOT, pattern, values);
    }
  }
}
