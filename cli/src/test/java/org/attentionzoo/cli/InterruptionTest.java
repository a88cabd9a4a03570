package org.attentionzoo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class InterruptionTest {

  @Test
  void asksToStopAndHoldsTheProcessUntilTheWorkIsDone() throws InterruptedException {
    StringWriter err = new StringWriter();
    CountDownLatch asked = new CountDownLatch(1);
    Interruption interruption = Interruption.asking(asked::countDown, new PrintWriter(err));
    Thread ending = new Thread(interruption::end);
    ending.start();
    asked.await();
    ending.join(50);
    assertThat(ending.isAlive()).isTrue();
    interruption.close();
    ending.join();
    assertThat(err.toString()).contains("finishing the step");
  }

  @Test
  void leavesNothingBehind() {
    Interruption interruption = Interruption.asking(() -> {}, new PrintWriter(new StringWriter()));
    assertThat(interruption.isArmed()).isTrue();
    interruption.close();
    assertThat(interruption.isArmed()).isFalse();
  }
}
