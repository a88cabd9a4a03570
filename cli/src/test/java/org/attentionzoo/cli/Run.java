package org.attentionzoo.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import picocli.CommandLine;

/** What a command printed and how it ended. */
record Run(int exit, String out, String err) {

  /** Runs the command line in this process. */
  static Run zoo(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine zoo = Zoo.commandLine();
    zoo.setOut(new PrintWriter(out));
    zoo.setErr(new PrintWriter(err));
    int exit = zoo.execute(arguments);
    return new Run(exit, out.toString(), err.toString());
  }
}
