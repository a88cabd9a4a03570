package org.attentionzoo.cli;

import java.io.BufferedOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.util.Locale;
import picocli.CommandLine.ExitCode;

/** Remembers why it could not be written; the print streams before it keep that to themselves. */
final class StandardOutput extends FilterOutputStream {

  private IOException failure;

  StandardOutput(OutputStream out) {
    super(out);
  }

  PrintStream printStream() {
    return new PrintStream(new BufferedOutputStream(this), false, Charset.defaultCharset());
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    try {
      out.write(bytes, offset, length);
    } catch (IOException e) {
      failure = e;
      throw e;
    }
  }

  /**
   * Says what was lost, unless the reader went away by itself, as {@code head} does.
   *
   * @param exit how the command ended
   * @return how the process ends
   */
  int exitCode(int exit, PrintStream err) {
    if (failure == null
        || String.valueOf(failure.getMessage()).toLowerCase(Locale.ROOT).contains("pipe")) {
      return exit;
    }
    err.println("zoo: standard output cannot be written: " + failure.getMessage());
    return exit == ExitCode.OK ? ExitCode.SOFTWARE : exit;
  }
}
