package org.attentionzoo.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.attentionzoo.blocks.AtomicFile;
import org.attentionzoo.eval.claims.ResultsTable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Writes the table of all results. */
@Command(
    name = "results",
    mixinStandardHelpOptions = true,
    description = {
      "Write RESULTS.md from the results of 'zoo reproduce'.",
      "",
      "  zoo results                       from the folder results",
      "  zoo results runs/reproduce --out mine.md",
      ""
    })
final class ResultsCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Parameters(
      arity = "0..*",
      paramLabel = "PATH",
      description = "JSON files of results, or folders that hold some; by default results.")
  private List<Path> paths = List.of(Path.of("results"));

  @Option(
      names = {"-o", "--out"},
      paramLabel = "FILE",
      description = "What is written; by default RESULTS.md.")
  private Path out = Path.of("RESULTS.md");

  @Override
  public Integer call() throws IOException {
    ResultsTable table = ResultsTable.read(paths);
    AtomicFile.write(out, table.markdown());
    spec.commandLine().getOut().printf(Locale.ROOT, "%s: %d results%n", out, table.size());
    spec.commandLine().getOut().flush();
    return ExitCode.OK;
  }
}
