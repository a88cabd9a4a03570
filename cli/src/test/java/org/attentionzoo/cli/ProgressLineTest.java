package org.attentionzoo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.concurrent.atomic.AtomicLong;
import org.attentionzoo.eval.bench.Rounds;
import org.junit.jupiter.api.Test;

class ProgressLineTest {

  private static final long SECOND = 1_000_000_000;

  private final StringWriter err = new StringWriter();
  private final AtomicLong now = new AtomicLong();

  private Rounds.Watcher line(int columns) {
    return ProgressLine.on(new PrintWriter(err), columns, now::get).watch("length 512");
  }

  @Test
  void writesALineNowAndThenWhereThereIsNoTerminal() {
    Rounds.Watcher line = line(0);
    for (int second = 0; second < 25; second++) {
      line.next("forward", second, 25);
      now.addAndGet(SECOND);
    }
    line.finished();
    assertThat(err.toString().lines())
        .containsExactly("length 512: 10 of 25, forward", "length 512: 20 of 25, forward");
  }

  @Test
  void drawsOneLineOverItselfOnATerminalAndRemovesIt() {
    Rounds.Watcher line = line(20);
    line.next("forward", 0, 3);
    line.next("forward", 1, 3);
    assertThat(err.toString()).isEqualTo("\r\u001B[Klength 512: 0 of 3,");
    now.set(SECOND);
    line.next("forward", 2, 3);
    line.finished();
    line.finished();
    assertThat(err.toString())
        .endsWith("\r\u001B[Klength 512: 2 of 3,\r\u001B[K")
        .doesNotContain("\n");
  }
}
