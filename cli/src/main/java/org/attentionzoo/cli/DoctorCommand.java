package org.attentionzoo.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.attentionzoo.cli.Examination.Finding;
import org.attentionzoo.cli.Examination.Status;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Looks at the machine and says what is wrong and how to mend it. */
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    description =
        "Look at Java, the engine, devices, memory, disk and data; say what is wrong and how to mend"
            + " it. Exit code 1 if something keeps the zoo from working.")
final class DoctorCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Option(names = "--json", description = "Print the findings as JSON.")
  private boolean json;

  @Override
  public Integer call() {
    List<Finding> findings = new Examination(System.getenv()).run();
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      Json.print(out, findings);
    } else {
      print(out, findings);
    }
    out.flush();
    boolean broken = findings.stream().anyMatch(f -> f.status() == Status.BROKEN);
    return broken ? ExitCode.SOFTWARE : ExitCode.OK;
  }

  private static void print(PrintWriter out, List<Finding> findings) {
    Table table = new Table();
    for (Finding finding : findings) {
      String mark = finding.status() == Status.GOOD ? "" : finding.status().name();
      table.row(finding.topic(), mark.toLowerCase(Locale.ROOT), finding.found());
      finding.remedy().forEach(step -> table.row("", "", "  -> " + step));
    }
    table.print(out, "");
  }
}
