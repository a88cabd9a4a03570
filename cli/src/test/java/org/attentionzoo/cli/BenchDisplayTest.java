package org.attentionzoo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class BenchDisplayTest {

  private static final long SECOND = 1_000_000_000;

  private final StringWriter err = new StringWriter();
  private final AtomicLong now = new AtomicLong();

  private BenchDisplay display(int columns) {
    BenchDisplay display = BenchDisplay.on(new PrintWriter(err), columns, now::get);
    display.about("length 512");
    return display;
  }

  @Test
  void writesALineNowAndThenWhereThereIsNoTerminal() {
    BenchDisplay display = display(0);
    for (int second = 0; second < 25; second++) {
      display.next("forward", second, 25);
      now.addAndGet(SECOND);
    }
    display.finished();
    assertThat(err.toString().lines())
        .containsExactly("length 512: 10 of 25, forward", "length 512: 20 of 25, forward");
  }

  @Test
  void drawsOneLineOverItselfOnATerminalAndRemovesIt() {
    BenchDisplay display = display(20);
    display.next("forward", 0, 2);
    assertThat(err.toString()).isEmpty();
    now.set(SECOND);
    display.next("forward", 1, 2);
    assertThat(err.toString()).isEqualTo("\r\u001B[Klength 512: 1 of 2,");
    display.finished();
    display.finished();
    assertThat(err.toString()).endsWith("of 2,\r\u001B[K").doesNotContain("\n");
  }
}
