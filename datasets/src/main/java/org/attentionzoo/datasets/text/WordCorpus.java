package org.attentionzoo.datasets.text;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.BatchSource;

/**
 * Text as words, which are what whitespace separates; each line ends with the word {@code <eos>}.
 * These are the tokens that perplexities on WikiText-2 are given for (217,646 in its validation and
 * 245,569 in its test part).
 *
 * <p>Tokens: 0 is {@code <unk>}, for words that are not in the vocabulary; 1 is {@code <eos>}; then
 * the words of the training part, the most frequent first, of equally frequent ones the first in
 * the order of the alphabet.
 */
public final class WordCorpus {

  /** What stands for words that are not in the vocabulary. */
  public static final String UNKNOWN = "<unk>";

  /** What stands for the end of a line. */
  public static final String END = "<eos>";

  private final String source;
  private final List<String> vocabulary;
  private final int[] tokens;
  private final int trainingLength;

  /**
   * Reads a text as words. One that is not published in parts is cut behind the word in which the
   * first nine tenths of its bytes end.
   *
   * @param corpus the text
   * @param words how many tokens there are at most; 0 for as many as the training part has
   * @throws UserException if the text is too long, or the number of words is not sensible
   */
  public WordCorpus(TextCorpus corpus, int words) {
    if (words < 0 || words == 1 || words == 2) {
      throw new UserException(
          String.format(
              Locale.ROOT,
              "words=%d; expected 0 for all, or at least 3: %s, %s and a word",
              words,
              UNKNOWN,
              END));
    }
    long most = Runtime.getRuntime().maxMemory() / 8;
    if (corpus.length() > most) {
      throw new UserException(
          String.format(
              Locale.ROOT,
              "'%s' holds %,d bytes; with this heap at most %,d can be taken as words: give more, as"
                  + " with JAVA_OPTS=-Xmx8g",
              corpus.provenance().source(),
              corpus.length(),
              most));
    }
    source = corpus.provenance().source();
    byte[] content = corpus.content();
    int cut = corpus.trainingLength();
    while (!corpus.isInParts()
        && cut > 0
        && cut < content.length
        && !isSpace(content[cut - 1])
        && !isSpace(content[cut])) {
      cut++;
    }
    String training = new String(content, 0, cut, StandardCharsets.UTF_8);
    String validation = new String(content, cut, content.length - cut, StandardCharsets.UTF_8);
    int[] lengths = new int[2];
    Map<String, Integer> counts = new HashMap<>();
    forEach(
        training,
        corpus.isInParts(),
        word -> {
          counts.merge(word, 1, Integer::sum);
          lengths[0]++;
        });
    forEach(validation, true, word -> lengths[1]++);
    trainingLength = lengths[0];
    vocabulary = vocabulary(counts, words);
    Map<String, Integer> places = new HashMap<>();
    for (String word : vocabulary) {
      places.put(word, places.size());
    }
    tokens = new int[lengths[0] + lengths[1]];
    int[] next = new int[1];
    Consumer<String> put = word -> tokens[next[0]++] = places.getOrDefault(word, 0);
    forEach(training, corpus.isInParts(), put);
    forEach(validation, true, put);
  }

  private static List<String> vocabulary(Map<String, Integer> counts, int words) {
    Map<String, Integer> others = new HashMap<>(counts);
    others.keySet().removeAll(List.of(UNKNOWN, END));
    List<String> vocabulary = new ArrayList<>(List.of(UNKNOWN, END));
    others.entrySet().stream()
        .sorted(
            Map.Entry.<String, Integer>comparingByValue(Comparator.reverseOrder())
                .thenComparing(Map.Entry.comparingByKey()))
        .limit(words == 0 ? others.size() : words - 2L)
        .forEach(entry -> vocabulary.add(entry.getKey()));
    return List.copyOf(vocabulary);
  }

  /** Whether the last line ends with the text is for the caller to say. */
  private static void forEach(String text, boolean ends, Consumer<String> word) {
    int start = -1;
    boolean open = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean space = isSpace(c);
      if (space && start >= 0) {
        word.accept(text.substring(start, i));
        start = -1;
      }
      if (!space && start < 0) {
        start = i;
      }
      open = c != '\n';
      if (!open) {
        word.accept(END);
      }
    }
    if (start >= 0) {
      word.accept(text.substring(start));
    }
    if (open && ends) {
      word.accept(END);
    }
  }

  private static boolean isSpace(int c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == 0x85;
  }

  /**
   * What the tokens stand for.
   *
   * @return the words in the order of their tokens
   */
  public List<String> vocabulary() {
    return vocabulary;
  }

  /**
   * How many words are for training.
   *
   * @return with those at the ends of lines
   */
  public int trainingLength() {
    return trainingLength;
  }

  /**
   * How many words are for validation.
   *
   * @return with those at the ends of lines
   */
  public int validationLength() {
    return tokens.length - trainingLength;
  }

  /**
   * Windows for language modelling, as {@link ByteWindows} of bytes.
   *
   * @param batch B, how many windows a batch has
   * @param length L, how many words a window predicts
   * @return the windows
   * @throws UserException if the text is too short, or B or L is not sensible
   */
  public BatchSource windows(int batch, int length) {
    return new TokenWindows(
        new TokenWindows.Source(source, "words"),
        place -> tokens[place],
        tokens.length,
        trainingLength,
        batch,
        length);
  }
}
