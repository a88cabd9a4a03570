package org.attentionzoo.eval.generate;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class Utf8StreamTest {

  @Test
  void holdsCharactersBackUntilTheyAreWhole() {
    Utf8Stream stream = new Utf8Stream();
    assertThat(stream.accept('a')).isEqualTo("a");
    assertThat(stream.accept(0xC3)).isEmpty();
    assertThat(stream.accept(0xA4)).isEqualTo("ä");
    assertThat(all("grüße 🦓, 東京".getBytes(StandardCharsets.UTF_8))).isEqualTo("grüße 🦓, 東京");
  }

  @Test
  void replacesWhatIsNoUtf8() {
    assertThat(all(new byte[] {(byte) 0xFF, 'a', (byte) 0xE2, (byte) 0x82, 'b', (byte) 0xC3}))
        .isEqualTo("\uFFFDa\uFFFDb\uFFFD");
    byte[] continuations = new byte[50];
    java.util.Arrays.fill(continuations, (byte) 0x80);
    assertThat(all(continuations)).isEqualTo("\uFFFD".repeat(50));
  }

  @Test
  void canBeUsedAgainAfterItsEnd() {
    Utf8Stream stream = new Utf8Stream();
    stream.accept(0xC3);
    assertThat(stream.finish()).isEqualTo("\uFFFD");
    assertThat(stream.accept('b')).isEqualTo("b");
    assertThat(stream.finish()).isEmpty();
  }

  private static String all(byte[] bytes) {
    Utf8Stream stream = new Utf8Stream();
    StringBuilder text = new StringBuilder();
    for (byte b : bytes) {
      text.append(stream.accept(b & 0xFF));
    }
    return text.append(stream.finish()).toString();
  }
}
