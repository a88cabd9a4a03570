package org.attentionzoo.eval.generate;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PrintableTest {

  @Test
  void keepsTabsAndLineEnds() {
    assertThat(Printable.of("a\tb\nc\r\nd \u00e9\u4e2d")).isEqualTo("a\tb\nc\r\nd \u00e9\u4e2d");
  }

  @Test
  void replacesWhatATerminalObeys() {
    assertThat(Printable.of("a\u001b[2Jb\u0007\u009bc\u007f"))
        .isEqualTo("a\ufffd[2Jb\ufffd\ufffdc\ufffd");
    assertThat(Printable.of("what was\rwritten over")).isEqualTo("what was\ufffdwritten over");
  }

  @Test
  void waitsForWhatFollowsACarriageReturn() {
    PrintableStream stream = new PrintableStream();
    assertThat(stream.accept("a\r")).isEqualTo("a");
    assertThat(stream.accept("\nb\r")).isEqualTo("\r\nb");
    assertThat(stream.accept("\u001b")).isEqualTo("\ufffd\ufffd");
    assertThat(stream.accept("\r") + stream.finish() + stream.finish()).isEqualTo("\ufffd");
  }
}
