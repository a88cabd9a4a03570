package org.attentionzoo.datasets.text;

import java.util.Arrays;
import java.util.Optional;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.BatchSource;

/**
 * Text as the tokens of a tokenizer, one text without beginning or end: none of the tokens that a
 * tokenizer adds to a text stand in it. It is encoded in pieces that end with a line, of some
 * hundred thousand characters.
 */
public final class TokenCorpus {

  private static final int PIECE = 1 << 18;

  private final String source;
  private final TextTokenizer tokenizer;
  private final int[] tokens;
  private final int trainingLength;
  private final TextCorpus text;
  private final boolean lossless;

  /**
   * Encodes a text. One that is not published in parts is cut behind the word in which the first
   * nine tenths of its bytes end.
   *
   * @param corpus the text
   * @param tokenizer makes the tokens, without a limit of their number; not closed
   * @throws UserException if the text is too long for the heap
   */
  public TokenCorpus(TextCorpus corpus, TextTokenizer tokenizer) {
    this.tokenizer = tokenizer;
    source = corpus.provenance().source();
    TextParts parts = TextParts.of(corpus);
    Encoder encoder = new Encoder(tokenizer);
    encoder.add(parts.training());
    trainingLength = encoder.count;
    encoder.lossless = true;
    encoder.add(parts.validation());
    tokens = Arrays.copyOf(encoder.tokens, encoder.count);
    lossless = encoder.lossless;
    text = parts.text();
  }

  /** Tokens of pieces of text, one behind the other. */
  private static final class Encoder {

    private final TextTokenizer tokenizer;
    private int[] tokens = new int[1 << 16];
    private int count;

    /** Whether all that was added can be told from its tokens. */
    private boolean lossless = true;

    private Encoder(TextTokenizer tokenizer) {
      this.tokenizer = tokenizer;
    }

    private void add(String text) {
      for (int start = 0; start < text.length(); ) {
        int end = end(text, start);
        String piece = text.substring(start, end);
        long[] ids = tokenizer.encodePlainly(piece);
        lossless = lossless && tokenizer.decode(ids, false).equals(piece);
        if (tokens.length - count < ids.length) {
          tokens = Arrays.copyOf(tokens, Math.addExact(2 * count, ids.length));
        }
        for (long id : ids) {
          tokens[count++] = Math.toIntExact(id);
        }
        start = end;
      }
    }

    /** Behind the last line end that is near enough; a longer line is cut between characters. */
    private static int end(String text, int start) {
      if (text.length() - start <= PIECE) {
        return text.length();
      }
      int line = text.lastIndexOf('\n', start + PIECE - 1);
      if (line >= start) {
        return line + 1;
      }
      int end = start + PIECE;
      return Character.isLowSurrogate(text.charAt(end)) ? end - 1 : end;
    }
  }

  /**
   * How many tokens are for training.
   *
   * @return the number
   */
  public int trainingLength() {
    return trainingLength;
  }

  /**
   * How many tokens are for validation.
   *
   * @return the number
   */
  public int validationLength() {
    return tokens.length - trainingLength;
  }

  /**
   * Whether the validation part can be told from its tokens, so that a loss over them is one over
   * its bytes.
   *
   * @return false for tokenizers that know not all words, or change letters or blanks
   */
  public boolean isLossless() {
    return lossless;
  }

  /**
   * How many bytes of UTF-8 a token of the validation part stands for.
   *
   * @return the mean
   */
  public double bytesPerToken() {
    return (double) text.validationLength() / validationLength();
  }

  /**
   * Windows for language modelling, as {@link ByteWindows} of bytes.
   *
   * @param batch B, how many windows a batch has
   * @param length L, how many tokens a window predicts
   * @return the windows, which are {@link Tokenized}
   * @throws UserException if the text is too short, or B or L is not sensible
   */
  public BatchSource windows(int batch, int length) {
    return new TokenizedWindows(
        new TokenWindows(
            new TokenWindows.Source(source, "tokens"),
            place -> tokens[place],
            tokens.length,
            trainingLength,
            batch,
            length),
        tokenizer,
        lossless ? Optional.of(text) : Optional.empty());
  }
}
