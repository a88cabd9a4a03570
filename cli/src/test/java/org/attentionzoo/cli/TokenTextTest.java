package org.attentionzoo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.attentionzoo.eval.predict.TextCodec;
import org.junit.jupiter.api.Test;

class TokenTextTest {

  @Test
  void holdsCharactersBackUntilTheyAreWhole() {
    TokenText text = new TokenText(TextCodec.bytes(), new long[] {'x'});
    assertThat(text.accept('a')).isEqualTo("a");
    assertThat(text.accept(0xC3)).isEmpty();
    assertThat(text.accept(0xA4)).isEqualTo("ä");
    assertThat(all("grüße 🦓, 東京".getBytes(StandardCharsets.UTF_8))).isEqualTo("grüße 🦓, 東京");
  }

  @Test
  void replacesWhatIsNoUtf8() {
    assertThat(all(new byte[] {(byte) 0xFF, 'a', (byte) 0xE2, (byte) 0x82, 'b', (byte) 0xC3}))
        .isEqualTo("\uFFFDa\uFFFDb\uFFFD");
    byte[] continuations = new byte[50];
    Arrays.fill(continuations, (byte) 0x80);
    assertThat(all(continuations)).isEqualTo("\uFFFD".repeat(50));
  }

  @Test
  void aLongTextIsReadAsItsTokensTogether() {
    String text = "grüße 🦓 und mehr\n".repeat(20);
    assertThat(all(text.getBytes(StandardCharsets.UTF_8))).isEqualTo(text);
  }

  private static String all(byte[] bytes) {
    long[] tokens = new long[bytes.length];
    Arrays.setAll(tokens, i -> bytes[i] & 0xFF);
    return TokenText.after(TextCodec.bytes(), new long[] {'x'}, tokens);
  }
}
