package org.attentionzoo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StandardOutputTest {

  @ParameterizedTest
  @CsvSource({
    "No space left on device, 0, 1, true",
    "No space left on device, 2, 2, true",
    "Broken pipe, 0, 0, false",
  })
  void failsIfOutputWasLost(String reason, int exit, int expected, boolean told) {
    StandardOutput output =
        new StandardOutput(
            new OutputStream() {
              @Override
              public void write(int b) throws IOException {
                throw new IOException(reason);
              }
            });
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    try (PrintStream out = output.printStream();
        PrintStream errors = new PrintStream(err, true, StandardCharsets.UTF_8)) {
      out.println("{}");
      out.flush();
      assertThat(output.exitCode(exit, errors)).isEqualTo(expected);
    }
    assertThat(err.toString(StandardCharsets.UTF_8).contains(reason)).isEqualTo(told);
  }

  @Test
  void isWrittenThrough() {
    ByteArrayOutputStream written = new ByteArrayOutputStream();
    StandardOutput output = new StandardOutput(written);
    try (PrintStream out = output.printStream()) {
      out.print("whole");
    }
    assertThat(written.toString(StandardCharsets.UTF_8)).isEqualTo("whole");
    assertThat(output.exitCode(0, System.err)).isZero();
  }
}
