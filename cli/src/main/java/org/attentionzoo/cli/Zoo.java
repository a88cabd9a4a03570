package org.attentionzoo.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.RunLast;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command {@code zoo}. */
@Command(
    name = "zoo",
    header =
        "Attention papers as models that train, load official weights and are put to the test.",
    description = {
      "",
      "To begin: zoo list, then zoo train titans-mac-tiny --data text:<file or folder>"
    },
    synopsisSubcommandLabel = "COMMAND",
    commandListHeading = "%nCommands:%n",
    optionListHeading = "%nOptions:%n",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:done", "1:it ran and failed", "2:it was called wrongly", "130:interrupted"},
    versionProvider = Versions.class,
    mixinStandardHelpOptions = true,
    subcommands = {
      ListCommand.class,
      ShowCommand.class,
      TrainCommand.class,
      EvalCommand.class,
      GenerateCommand.class,
      PredictCommand.class,
      VerifyCommand.class,
      BenchCommand.class,
      ReportCommand.class,
      ReproduceCommand.class,
      ResultsCommand.class,
      CompareCommand.class,
      CabCommand.class,
      TheoryCommand.class,
      EditCommand.class,
      PullCommand.class,
      DataCommand.class,
      InspectCommand.class,
      ConvertCommand.class,
      ExportCommand.class,
      DoctorCommand.class,
      CompletionCommand.class,
      CommandLine.HelpCommand.class
    })
public final class Zoo implements Callable<Integer> {

  /** DJL passes over values that are no numbers, and libtorch's refusal of others names neither. */
  private static final List<String> THREADS =
      List.of("ai.djl.pytorch.num_threads", "ai.djl.pytorch.num_interop_threads");

  @Spec private CommandSpec spec;

  @Option(
      names = {"-v", "--verbose"},
      scope = ScopeType.INHERIT,
      description = "Show what the libraries log, and stack traces of errors.")
  private boolean verbose;

  /** The command that {@code scripts/zoo} runs. */
  public static void main(String[] args) {
    Interruption.endAtOnce();
    StandardOutput output = new StandardOutput(new FileOutputStream(FileDescriptor.out));
    System.setOut(output.printStream());
    int exit = run(args);
    System.out.flush();
    System.exit(output.exitCode(exit, System.err));
  }

  private static int run(String[] args) {
    for (String property : THREADS) {
      String value = System.getProperty(property);
      if (value != null && !value.matches("[1-9][0-9]{0,3}")) {
        System.err.println(
            "zoo: -D" + property + "=" + value + " was given; it must be a number from 1 to 9999");
        return CommandLine.ExitCode.USAGE;
      }
    }
    try {
      return commandLine().execute(args);
    } catch (OutOfMemoryError e) {
      // Picocli hands exceptions to its handler, errors to nobody.
      System.err.println(
          "zoo: out of memory ("
              + e.getMessage()
              + "); ask for less, or give Java more, for example JAVA_OPTS=-Xmx4g");
      return CommandLine.ExitCode.SOFTWARE;
    } finally {
      Interruption.commandHasEnded();
    }
  }

  /**
   * Makes the command, for running it inside another program; it writes where its {@code setOut}
   * and {@code setErr} say.
   *
   * @return the command, for one thread
   */
  public static CommandLine commandLine() {
    CommandLine zoo = new CommandLine(new Zoo());
    Errors errors = new Errors();
    zoo.setExecutionStrategy(Zoo::execute);
    zoo.setParameterExceptionHandler(errors);
    zoo.setExecutionExceptionHandler(errors);
    zoo.setUsageHelpAutoWidth(true);
    zoo.setCaseInsensitiveEnumValuesAllowed(true);
    return zoo;
  }

  private static int execute(ParseResult parsed) {
    Logging.configure(isVerbose(parsed.commandSpec().commandLine()));
    return new RunLast().execute(parsed);
  }

  /** Whether {@code -v} was given anywhere on the command line. */
  static boolean isVerbose(CommandLine commandLine) {
    return ((Zoo) commandLine.getCommandSpec().root().userObject()).verbose;
  }

  /** What was typed, from {@code zoo} on, as provenance. */
  static String command(CommandSpec spec) {
    return "zoo " + String.join(" ", spec.root().commandLine().getParseResult().originalArgs());
  }

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    spec.commandLine().usage(out);
    return ExitCode.OK;
  }
}
