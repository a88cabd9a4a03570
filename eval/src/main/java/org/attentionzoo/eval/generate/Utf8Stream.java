package org.attentionzoo.eval.generate;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Turns bytes that come one by one into text, holding back characters that are not whole yet. Bytes
 * that are no UTF-8 become U+FFFD. For one thread.
 */
public final class Utf8Stream {

  private final CharsetDecoder decoder =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .onUnmappableCharacter(CodingErrorAction.REPLACE);
  private final ByteBuffer pending = ByteBuffer.allocate(8);
  private final CharBuffer text = CharBuffer.allocate(16);

  /**
   * Takes a byte.
   *
   * @param value 0 to 255
   * @return the text that is whole with it, possibly empty
   */
  public String accept(int value) {
    pending.put((byte) value);
    return decode(false);
  }

  /**
   * Ends the text.
   *
   * @return what was held back
   */
  public String finish() {
    String rest = decode(true);
    decoder.flush(text);
    decoder.reset();
    text.clear();
    return rest;
  }

  private String decode(boolean end) {
    pending.flip();
    decoder.decode(pending, text, end);
    pending.compact();
    text.flip();
    String whole = text.toString();
    text.clear();
    return whole;
  }
}
