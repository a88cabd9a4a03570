package org.attentionzoo.datasets.text;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.attentionzoo.blocks.UserException;

/**
 * A text's two parts, as characters too. One that is not published in parts is cut behind the word
 * in which the first nine tenths of its bytes end.
 *
 * @param text the bytes, with the cut where it is here
 * @param training what is learned from
 * @param validation what is evaluated on
 */
record TextParts(TextCorpus text, String training, String validation) {

  /** Characters, what stands for them as tokens, and copies between. */
  private static final int MEMORY_PER_BYTE = 8;

  /**
   * Reads a text.
   *
   * @throws UserException if it is too long for the heap
   */
  static TextParts of(TextCorpus corpus) {
    long most = Runtime.getRuntime().maxMemory() / MEMORY_PER_BYTE;
    if (corpus.length() > most) {
      throw new UserException(
          String.format(
              Locale.ROOT,
              "'%s' holds %,d bytes; with this heap at most %,d can be taken as words or tokens:"
                  + " give more, as with JAVA_OPTS=-Xmx8g",
              corpus.provenance().source(),
              corpus.length(),
              most));
    }
    TextCorpus text = corpus.cutBehindWord();
    return new TextParts(
        text,
        new String(text.training(), StandardCharsets.UTF_8),
        new String(text.validation(), StandardCharsets.UTF_8));
  }

  /** What separates words. */
  static boolean isSpace(int c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == 0x85;
  }
}
