package org.attentionzoo.cli;

import java.io.PrintWriter;
import java.io.Writer;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.ExitCode;

/**
 * Runs the commands that do not compute once, so that a class archive recorded meanwhile holds what
 * they load, and prints what {@code zoo list} prints. {@code scripts/zoo} does this after a build
 * and keeps both.
 */
final class ArchiveRun {

  private ArchiveRun() {}

  public static void main(String[] args) {
    List<String[]> commands =
        List.of(
            new String[] {"--help"},
            new String[] {"--version"},
            new String[] {"list", "--json"},
            new String[] {"show", "titans"},
            new String[] {"show", "titans-mac-tiny"},
            new String[] {"train", "--help"},
            new String[] {"unknown"});
    for (String[] command : commands) {
      CommandLine zoo = Zoo.commandLine();
      zoo.setOut(new PrintWriter(Writer.nullWriter()));
      zoo.setErr(new PrintWriter(Writer.nullWriter()));
      zoo.execute(command);
    }
    if (Zoo.commandLine().execute("list") != ExitCode.OK) {
      throw new IllegalStateException("zoo list fails");
    }
  }
}
