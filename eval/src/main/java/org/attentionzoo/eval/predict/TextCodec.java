package org.attentionzoo.eval.predict;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.text.TextTokenizer;

/** Text to a model's tokens and back. Close it when it is not needed any more. */
public interface TextCodec extends AutoCloseable {

  /**
   * The tokens of a text.
   *
   * @param text the text
   * @return its tokens, those that the tokenizer adds at the ends included
   */
  long[] encode(String text);

  /**
   * The text of tokens.
   *
   * @param tokens the tokens
   * @return the text; bytes that are no whole character become U+FFFD
   */
  String decode(long[] tokens);

  /**
   * The token that hides others.
   *
   * @return the token
   * @throws UserException if there is none
   */
  long mask();

  @Override
  void close();

  /**
   * Tokens that are the bytes of UTF-8.
   *
   * @return the codec
   */
  static TextCodec bytes() {
    return new TextCodec() {
      @Override
      public long[] encode(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return IntStream.range(0, bytes.length).mapToLong(i -> bytes[i] & 0xFF).toArray();
      }

      @Override
      public String decode(long[] tokens) {
        byte[] bytes = new byte[tokens.length];
        for (int i = 0; i < bytes.length; i++) {
          bytes[i] = (byte) tokens[i];
        }
        return new String(bytes, StandardCharsets.UTF_8);
      }

      @Override
      public long mask() {
        throw new UserException("bytes have no mask; give token numbers and --mask");
      }

      @Override
      public void close() {}
    };
  }

  /**
   * Tokens as numbers, for models whose tokens have no text here.
   *
   * @param mask the token that {@code _} stands for; negative for none
   * @return the codec
   */
  static TextCodec numbers(long mask) {
    return new TextCodec() {
      @Override
      public long[] encode(String text) {
        String[] words = text.strip().split("[\\s,]+", -1);
        return Arrays.stream(words)
            .mapToLong(word -> word.equals("_") ? mask() : number(word))
            .toArray();
      }

      private long number(String word) {
        if (!word.matches("\\d{1,18}")) {
          throw new UserException(
              "'" + word + "' is no number; this model takes numbers, with blanks between them");
        }
        return Long.parseLong(word);
      }

      @Override
      public String decode(long[] tokens) {
        return Arrays.stream(tokens).mapToObj(String::valueOf).collect(Collectors.joining(" "));
      }

      @Override
      public long mask() {
        if (mask < 0) {
          throw new UserException(
              "_ hides a token, but none was said to stand for it; give --mask");
        }
        return mask;
      }

      @Override
      public void close() {}
    };
  }

  /**
   * The tokens of a tokenizer.
   *
   * @param tokenizer closed with the codec
   * @return the codec
   */
  static TextCodec of(TextTokenizer tokenizer) {
    return of(tokenizer, text -> tokenizer.encode(List.of(text)).get(0).ids());
  }

  /**
   * The tokens of a tokenizer without those that it adds at the ends of a text, for models that
   * learned from {@code words:} or {@code tokens:}.
   *
   * @param tokenizer closed with the codec
   * @return the codec
   */
  static TextCodec ofPlain(TextTokenizer tokenizer) {
    return of(tokenizer, tokenizer::encodePlainly);
  }

  private static TextCodec of(TextTokenizer tokenizer, Function<String, long[]> encoder) {
    return new TextCodec() {
      @Override
      public long[] encode(String text) {
        return encoder.apply(text);
      }

      @Override
      public String decode(long[] tokens) {
        return tokenizer.decode(tokens, true);
      }

      @Override
      public long mask() {
        try {
          return tokenizer.specialToken("[MASK]");
        } catch (UserException e) {
          return tokenizer.specialToken("<mask>");
        }
      }

      @Override
      public void close() {
        tokenizer.close();
      }
    };
  }
}
