package org.attentionzoo.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.attentionzoo.blocks.Devices;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.eval.verify.CaseReport;
import org.attentionzoo.eval.verify.GoldenVerifier;
import org.attentionzoo.models.Papers;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Compares components with golden cases. */
@Command(
    name = "verify",
    mixinStandardHelpOptions = true,
    description =
        "Compare outputs and gradients with golden cases of official code, on the kernel path and"
            + " on the plain path. Exit code 1 if one is outside its tolerance.")
final class VerifyCommand implements Callable<Integer> {

  private static final String CASE = "config.json";

  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "FOLDER",
      arity = "1..*",
      description = "A golden case (it holds config.json), or a folder with cases somewhere in it.")
  private List<Path> folders;

  @Option(names = "--device", paramLabel = "DEVICE", description = "cpu, gpu or gpu:<number>.")
  private String device = "cpu";

  @Override
  public Integer call() throws IOException {
    List<Path> cases = new ArrayList<>();
    for (Path folder : folders) {
      cases.addAll(casesIn(folder));
    }
    PrintWriter out = spec.commandLine().getOut();
    GoldenVerifier verifier = new GoldenVerifier(Papers.load(), Devices.find(device));
    int failed = 0;
    for (Path folder : cases) {
      CaseReport report = verifier.verify(folder);
      report.describe().forEach(out::println);
      out.flush();
      failed += report.passed() ? 0 : 1;
    }
    out.println(
        cases.size() == 1
            ? (failed == 0 ? "passed" : "failed")
            : cases.size()
                + " cases, "
                + (cases.size() - failed)
                + " passed, "
                + failed
                + " failed");
    out.flush();
    return failed == 0 ? ExitCode.OK : ExitCode.SOFTWARE;
  }

  private static List<Path> casesIn(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new UserException(
          folder
              + (Files.exists(folder) ? " is no folder" : " does not exist")
              + "; give a folder");
    }
    try (Stream<Path> files = Files.walk(folder)) {
      List<Path> cases =
          files
              .filter(file -> file.getFileName().toString().equals(CASE))
              .map(Path::getParent)
              .sorted()
              .toList();
      if (cases.isEmpty()) {
        throw new UserException("no golden case in " + folder + ": no " + CASE + " is there");
      }
      return cases;
    }
  }
}
