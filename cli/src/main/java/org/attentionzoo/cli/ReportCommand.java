package org.attentionzoo.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.attentionzoo.blocks.AtomicFile;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.eval.report.HtmlReport;
import org.attentionzoo.eval.report.Plots;
import org.attentionzoo.eval.report.RunHistory;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows runs. */
@Command(
    name = "report",
    mixinStandardHelpOptions = true,
    description = {
      "Write one HTML page that shows runs side by side.",
      "It holds figures, curves, samples, config and provenance, and needs no other file."
    })
final class ReportCommand implements Callable<Integer> {

  private static final String PAGE = "report.html";

  @Spec private CommandSpec spec;

  @Parameters(
      arity = "1..*",
      paramLabel = "RUN",
      description = "Run folders; one that is still training will do.")
  private List<Path> runs;

  @Option(
      names = {"-o", "--out"},
      paramLabel = "FILE",
      description = "The page; by default report.html of the only run, or report.html here.")
  private Path out;

  @Option(
      names = "--png",
      paramLabel = "DIR",
      description = "Write each curve as a PNG for print into this folder too.")
  private Path png;

  @Override
  public Integer call() {
    if (png != null && Files.exists(png) && !Files.isDirectory(png)) {
      throw new UserException("--png " + png + " is a file; give a folder, which may be new");
    }
    PrintWriter stdout = spec.commandLine().getOut();
    List<RunHistory> histories = runs.stream().map(RunHistory::read).toList();
    Path file = out != null ? out : runs.size() == 1 ? runs.get(0).resolve(PAGE) : Path.of(PAGE);
    if (Files.isDirectory(file)) {
      throw new UserException(
          file + " is a folder; give a file for the page, for example -o " + file.resolve(PAGE));
    }
    try {
      AtomicFile.write(file, HtmlReport.of(histories));
      if (png != null) {
        Files.createDirectories(png);
        for (String metric : Plots.metrics(histories)) {
          String name = metric.replaceAll("[^A-Za-z0-9._-]", "_") + ".png";
          Plots.png(metric, histories, png.resolve(name));
        }
        stdout.println("plots: " + png);
      }
    } catch (IOException e) {
      throw new UserException("cannot write the report: " + e, e);
    }
    stdout.println("report: " + file);
    stdout.flush();
    return ExitCode.OK;
  }
}
