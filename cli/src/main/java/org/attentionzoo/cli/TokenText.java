package org.attentionzoo.cli;

import java.util.Arrays;
import org.attentionzoo.eval.predict.TextCodec;

/**
 * The text that tokens add to a text. A token alone is not always a text: it may be a part of a
 * character, and some tokenizers write a token at the beginning without its blank; so each is read
 * together with a few before it.
 */
final class TokenText {

  /** More than one, since some tokens stand for no text. */
  private static final int CONTEXT = 8;

  private final TextCodec codec;

  /** The end of what was shown, and what was held back. */
  private long[] tokens;

  private String shown;

  TokenText(TextCodec codec, long[] prompt) {
    this.codec = codec;
    tokens = prompt.clone();
    shorten();
  }

  /** All that the added tokens say. */
  static String after(TextCodec codec, long[] prompt, long[] added) {
    TokenText text = new TokenText(codec, prompt);
    StringBuilder said = new StringBuilder();
    for (long token : added) {
      said.append(text.accept(token));
    }
    return said.append(text.finish()).toString();
  }

  /** Takes a token; what became whole characters with it. */
  String accept(long token) {
    tokens = Arrays.copyOf(tokens, tokens.length + 1);
    tokens[tokens.length - 1] = token;
    String all = codec.decode(tokens);
    return all.endsWith("\uFFFD") ? "" : added(all);
  }

  /** What was held back. */
  String finish() {
    return added(codec.decode(tokens));
  }

  private String added(String all) {
    String more = all.startsWith(shown) ? all.substring(shown.length()) : "";
    shorten();
    return more;
  }

  private void shorten() {
    tokens = Arrays.copyOfRange(tokens, Math.max(0, tokens.length - CONTEXT), tokens.length);
    shown = codec.decode(tokens);
  }
}
