package org.attentionzoo.datasets.text;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.IntStream;
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
   * Reads a text as the words of its training part. One that is not published in parts is cut
   * behind the word in which the first nine tenths of its bytes end.
   *
   * @param corpus the text
   * @param words how many tokens there are at most; 0 for as many as the training part has
   * @throws UserException if the text is too long, or the number of words is not sensible
   */
  public WordCorpus(TextCorpus corpus, int words) {
    this(corpus, text -> vocabulary(counts(text, corpus.isInParts()), requireSensible(words)));
  }

  /**
   * Reads a text as given words; the rest is {@link #UNKNOWN}.
   *
   * @param corpus the text
   * @param vocabulary the words in the order of their tokens, as of {@link #vocabulary()}
   * @throws UserException if the text is too long
   */
  public WordCorpus(TextCorpus corpus, List<String> vocabulary) {
    this(corpus, text -> List.copyOf(vocabulary));
  }

  private WordCorpus(TextCorpus corpus, Function<String, List<String>> vocabularyOfTraining) {
    source = corpus.provenance().source();
    TextParts parts = TextParts.of(corpus);
    vocabulary = vocabularyOfTraining.apply(parts.training());
    Map<String, Integer> places = new HashMap<>();
    for (String word : vocabulary) {
      places.put(word, places.size());
    }
    IntStream.Builder found = IntStream.builder();
    int[] count = new int[1];
    Consumer<String> put =
        word -> {
          found.add(places.getOrDefault(word, 0));
          count[0]++;
        };
    forEach(parts.training(), corpus.isInParts(), put);
    trainingLength = count[0];
    forEach(parts.validation(), true, put);
    tokens = found.build().toArray();
  }

  private static int requireSensible(int words) {
    if (words < 0 || words == 1 || words == 2) {
      throw new UserException(
          String.format(
              Locale.ROOT,
              "words=%d; expected 0 for all, or at least 3: %s, %s and a word",
              words,
              UNKNOWN,
              END));
    }
    return words;
  }

  /**
   * The words that a tokenizer knows.
   *
   * @param tokenizer what {@link Tokenized} windows of words keep, or its folder
   * @return the words in the order of their tokens
   * @throws UserException if it is no tokenizer of words
   */
  public static List<String> vocabulary(Path tokenizer) {
    try (TextTokenizer opened = TextTokenizer.open(tokenizer, 0)) {
      List<String> words = opened.words();
      if (words.size() < 2 || !words.get(0).equals(UNKNOWN) || !words.get(1).equals(END)) {
        throw new UserException(
            tokenizer
                + " is no tokenizer of words with "
                + UNKNOWN
                + " and "
                + END
                + "; give that of a run on words:, or take tokens: instead");
      }
      return words;
    }
  }

  private static Map<String, Integer> counts(String text, boolean ends) {
    Map<String, Integer> counts = new HashMap<>();
    forEach(text, ends, word -> counts.merge(word, 1, Integer::sum));
    return counts;
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
      boolean space = TextParts.isSpace(c);
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

  /** The token at a place of both parts, one behind the other. */
  int token(int place) {
    return tokens[place];
  }

  /**
   * Windows for language modelling, as {@link ByteWindows} of bytes.
   *
   * @param batch B, how many windows a batch has
   * @param length L, how many words a window predicts
   * @return the windows, which are {@link Tokenized}
   * @throws UserException if the text is too short, or B or L is not sensible
   */
  public BatchSource windows(int batch, int length) {
    TokenWindows windows =
        new TokenWindows(
            new TokenWindows.Source(source, "words"),
            this::token,
            tokens.length,
            trainingLength,
            batch,
            length);
    // lives as long as the windows, of which nobody says when they end
    return new TokenizedWindows(
        windows, TextTokenizer.ofLines(vocabulary, UNKNOWN, END), Optional.empty());
  }
}
