package org.attentionzoo.datasets.text;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.PairList;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.attentionzoo.blocks.AtomicFile;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Tensors;

/**
 * Text to tokens and back, by a {@code tokenizer.json} as Hugging Face writes it, or by GPT-2's
 * {@code vocab.json} and {@code merges.txt}, from which DeBERTa's first version makes its tokens. A
 * SentencePiece model ({@code spm.model}, as DeBERTa's later versions are published with) cannot be
 * read: it must be saved as {@code tokenizer.json} first.
 *
 * <p>The library behind it is native; it comes inside a jar, and nothing is downloaded. Close the
 * tokenizer to let go of its memory. Until then it may be used by several threads.
 */
public final class TextTokenizer implements AutoCloseable {

  private static final JsonMapper JSON = new JsonMapper();
  private static final long LARGEST_FILE = 1L << 27;
  private static final String FLAVOR = "RUST_FLAVOR";

  private final byte[] json;
  private final HuggingFaceTokenizer tokenizer;
  private final Map<String, Long> special;
  private final int vocabulary;
  private final long padding;

  /**
   * The tokens of a text or of a pair of texts.
   *
   * @param ids the tokens
   * @param types 0, or 1 for what belongs to the second text, as the tokenizer says
   * @param starts where each token's characters begin in its text, counted as {@link String} does;
   *     -1 for tokens that stand for no text
   * @param ends behind the last of its characters; -1 for tokens that stand for no text
   * @param truncated whether tokens were cut off
   */
  public record Tokens(long[] ids, long[] types, int[] starts, int[] ends, boolean truncated) {}

  private TextTokenizer(String origin, byte[] json, int maximum) {
    JsonNode root = parse(origin, json);
    this.json = json;
    special = new LinkedHashMap<>();
    vocabulary = count(origin, root);
    padding = padding(root);
    // without it a machine with a graphics card would ask the network for another library
    if (System.getenv(FLAVOR) == null && System.getProperty(FLAVOR) == null) {
      System.setProperty(FLAVOR, "cpu");
    }
    Map<String, String> options = new LinkedHashMap<>();
    options.put("padding", "false");
    options.put("truncation", String.valueOf(maximum > 0));
    options.put("withOverflowingTokens", "true");
    if (maximum > 0) {
      options.put("maxLength", String.valueOf(maximum));
    }
    try {
      tokenizer = HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json), options);
    } catch (IOException | RuntimeException e) {
      throw new UserException(origin + " holds no tokenizer that can be used: " + reason(e), e);
    }
  }

  private static String reason(Throwable e) {
    return e.getMessage() == null ? e.toString() : e.getMessage();
  }

  /**
   * Opens a tokenizer.
   *
   * @param location a {@code tokenizer.json}, or a folder that holds one, or else {@code
   *     vocab.json} and {@code merges.txt}
   * @param maximum the most tokens of an encoding, those at its ends included; what is longer is
   *     cut off; 0 for no limit
   * @return the tokenizer
   * @throws UserException if there is none, or none of a kind that can be read
   */
  public static TextTokenizer open(Path location, int maximum) {
    if (maximum < 0) {
      throw new UserException("maximum=" + maximum + "; give a number of tokens, or 0");
    }
    if (Files.isRegularFile(location)) {
      if (location.getFileName().toString().endsWith(".model")) {
        throw sentencePiece(location);
      }
      return new TextTokenizer(location.toString(), read(location), maximum);
    }
    if (!Files.isDirectory(location)) {
      throw new UserException("no file or folder '" + location + "' that holds a tokenizer");
    }
    Path file = location.resolve("tokenizer.json");
    if (Files.isRegularFile(file)) {
      return new TextTokenizer(file.toString(), read(file), maximum);
    }
    Path words = location.resolve("vocab.json");
    Path merges = location.resolve("merges.txt");
    if (Files.isRegularFile(words) && Files.isRegularFile(merges)) {
      return new TextTokenizer(words.toString(), bytePairs(words, merges), maximum);
    }
    for (String name : List.of("spm.model", "sentencepiece.bpe.model", "spiece.model")) {
      if (Files.isRegularFile(location.resolve(name))) {
        throw sentencePiece(location.resolve(name));
      }
    }
    throw new UserException(
        "folder '"
            + location
            + "' holds no tokenizer.json, and not both vocab.json and merges.txt; give a folder"
            + " that does");
  }

  /**
   * Writes the tokenizer, atomically.
   *
   * @param file a {@code tokenizer.json}
   * @throws IOException if it cannot be written
   */
  public void save(Path file) throws IOException {
    AtomicFile.write(file, new String(json, StandardCharsets.UTF_8));
  }

  private static UserException sentencePiece(Path file) {
    return new UserException(
        file
            + " is a SentencePiece model, which cannot be read; save it as tokenizer.json (with"
            + " transformers: AutoTokenizer.from_pretrained(folder).save_pretrained(folder)) and"
            + " give that");
  }

  /**
   * A tokenizer whose tokens are the most frequent words of texts, in lower case, split at white
   * space. Tokens: 0 {@code [PAD]}, 1 {@code [CLS]} at the beginning, 2 {@code [SEP]} at the end, 3
   * {@code [UNK]} for all other words, 4 {@code [MASK]}, then words by falling frequency, equally
   * frequent ones in the order of their characters.
   *
   * @param texts what is counted
   * @param size how many tokens there are at most, at least 6
   * @param maximum as of {@link #open}
   * @return the tokenizer
   */
  public static TextTokenizer ofWords(List<String> texts, int size, int maximum) {
    if (size < 6 || maximum < 0) {
      throw new UserException(
          "size=" + size + ", maximum=" + maximum + "; expected at least 6, and at least 0");
    }
    Map<String, Integer> counts = new TreeMap<>();
    for (String text : texts) {
      for (String word : text.toLowerCase(java.util.Locale.ROOT).split("(?U)\\s+")) {
        if (!word.isEmpty()) {
          counts.merge(word, 1, Integer::sum);
        }
      }
    }
    List<Map.Entry<String, Integer>> sorted = new ArrayList<>(counts.entrySet());
    sorted.sort(Map.Entry.<String, Integer>comparingByValue().reversed());
    Map<String, Object> words = new LinkedHashMap<>();
    TokenizerFiles.SPECIAL.forEach(word -> words.put(word, words.size()));
    for (Map.Entry<String, Integer> entry : sorted) {
      if (words.size() == size) {
        break;
      }
      words.putIfAbsent(entry.getKey(), words.size());
    }
    return new TextTokenizer("the tokenizer of words", write(TokenizerFiles.words(words)), maximum);
  }

  /**
   * A tokenizer of running text: words as they stand, split at white space, and a word of its own
   * for each end of a line. No tokens are added to a text.
   *
   * @param words by their tokens, those for unknown words and ends of lines among them
   * @param unknown what stands for all other words
   * @param end what stands for the end of a line
   * @return the tokenizer
   */
  static TextTokenizer ofLines(List<String> words, String unknown, String end) {
    Map<String, Object> vocabulary = new LinkedHashMap<>();
    words.forEach(word -> vocabulary.put(word, vocabulary.size()));
    return new TextTokenizer(
        "the tokenizer of words", write(TokenizerFiles.lines(vocabulary, unknown, end)), 0);
  }

  private static byte[] bytePairs(Path vocab, Path merges) {
    JsonNode words = parse(vocab.toString(), read(vocab));
    Map<String, Object> tokens = new LinkedHashMap<>();
    words
        .fields()
        .forEachRemaining(
            entry -> {
              if (!entry.getValue().isIntegralNumber()) {
                throw new UserException(
                    vocab + ": '" + entry.getKey() + "' is " + entry.getValue() + "; no number");
              }
              tokens.put(entry.getKey(), entry.getValue().intValue());
            });
    for (String word : List.of("[CLS]", "[SEP]")) {
      if (!tokens.containsKey(word)) {
        throw new UserException(vocab + " lacks " + word + ", which DeBERTa's tokenizer needs");
      }
    }
    List<String> pairs =
        new String(read(merges), StandardCharsets.UTF_8)
            .lines()
            .filter(line -> !line.isBlank() && !line.startsWith("#version"))
            .toList();
    return write(TokenizerFiles.bytePairs(tokens, pairs));
  }

  private static byte[] write(Object json) {
    try {
      return JSON.writeValueAsBytes(json);
    } catch (JsonProcessingException e) {
      throw new AssertionError("maps, lists, strings and numbers are JSON", e);
    }
  }

  private static byte[] read(Path file) {
    try {
      long size = Files.size(file);
      if (size > LARGEST_FILE) {
        throw new UserException(
            file + " has " + size + " bytes; at most " + LARGEST_FILE + " are read");
      }
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UserException(file + " cannot be read: " + e, e);
    }
  }

  private static JsonNode parse(String origin, byte[] json) {
    try {
      JsonNode root = JSON.readTree(json);
      if (root.isObject()) {
        return root;
      }
      throw new UserException(origin + " is no JSON object");
    } catch (JsonProcessingException e) {
      throw new UserException(origin + " is no JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new UserException(origin + " cannot be read: " + e, e);
    }
  }

  /** One more than the largest token; notes the added ones. */
  private int count(String origin, JsonNode root) {
    JsonNode words = root.path("model").path("vocab");
    if (!words.isContainerNode()) {
      throw new UserException(
          origin + " has no model with a vocab; a tokenizer.json of Hugging Face has one");
    }
    long largest = -1;
    if (words.isArray()) {
      largest = words.size() - 1L;
    } else {
      for (JsonNode id : words) {
        largest = Math.max(largest, id.asLong());
      }
    }
    for (JsonNode added : root.path("added_tokens")) {
      special.put(added.path("content").asText(), added.path("id").asLong());
      largest = Math.max(largest, added.path("id").asLong());
    }
    if (largest < 0 || largest >= Integer.MAX_VALUE) {
      throw new UserException(origin + ": the largest token is " + largest);
    }
    return (int) largest + 1;
  }

  private long padding(JsonNode root) {
    JsonNode given = root.path("padding").path("pad_id");
    if (given.isIntegralNumber()) {
      return given.asLong();
    }
    return special.getOrDefault("[PAD]", special.getOrDefault("<pad>", 0L));
  }

  /**
   * The words of a tokenizer that takes words as they are.
   *
   * @return in the order of their tokens; empty if it is another kind of tokenizer, or some tokens
   *     stand for no word
   */
  List<String> words() {
    JsonNode model = parse("the tokenizer", json).path("model");
    String[] words = new String[vocabulary];
    if (model.path("type").asText().equals("WordLevel")) {
      model
          .path("vocab")
          .fields()
          .forEachRemaining(entry -> words[entry.getValue().asInt()] = entry.getKey());
    }
    return Arrays.asList(words).contains(null) ? List.of() : List.of(words);
  }

  /**
   * How many tokens there are.
   *
   * @return one more than the largest token
   */
  public int vocabulary() {
    return vocabulary;
  }

  /**
   * The token that fills up short sequences.
   *
   * @return what the file says, else that of {@code [PAD]} or {@code <pad>}, else 0
   */
  public long paddingToken() {
    return padding;
  }

  /**
   * A token that was added to the tokenizer's model.
   *
   * @param content for example {@code [MASK]}
   * @return the token
   * @throws UserException if there is none; names those that there are
   */
  public long specialToken(String content) {
    Long token = special.get(content);
    if (token == null) {
      throw new UserException(
          "the tokenizer has no token '" + content + "'; added ones: " + special.keySet());
    }
    return token;
  }

  /**
   * Encodes texts.
   *
   * @param texts the texts
   * @return the tokens of each, without padding
   */
  public List<Tokens> encode(List<String> texts) {
    List<Tokens> all = new ArrayList<>();
    Encoding[] encodings = texts.isEmpty() ? new Encoding[0] : tokenizer.batchEncode(texts);
    for (int i = 0; i < encodings.length; i++) {
      all.add(tokens(encodings[i], texts.get(i), ""));
    }
    return all;
  }

  /**
   * Encodes pairs of texts.
   *
   * @param first the first of each pair
   * @param second the second of each pair, as many
   * @return the tokens of each pair, without padding
   */
  public List<Tokens> encode(List<String> first, List<String> second) {
    if (first.size() != second.size()) {
      throw new IllegalArgumentException(
          first.size() + " first texts and " + second.size() + " second ones are no pairs");
    }
    List<Tokens> all = new ArrayList<>();
    Encoding[] encodings =
        first.isEmpty() ? new Encoding[0] : tokenizer.batchEncode(new PairList<>(first, second));
    for (int i = 0; i < encodings.length; i++) {
      all.add(tokens(encodings[i], first.get(i), second.get(i)));
    }
    return all;
  }

  /**
   * Encodes a piece of a longer text: nothing is added at its ends or cut off.
   *
   * @param text the piece
   * @return its tokens
   */
  public long[] encodePlainly(String text) {
    return tokenizer.encode(text, false, false).getIds();
  }

  private static Tokens tokens(Encoding encoding, String first, String second) {
    CharSpan[] spans = encoding.getCharTokenSpans();
    long[] sequences = encoding.getSequenceIds();
    int[] starts = new int[spans.length];
    int[] ends = new int[spans.length];
    for (int i = 0; i < spans.length; i++) {
      if (spans[i] == null) {
        starts[i] = -1;
        ends[i] = -1;
        continue;
      }
      // the library counts code points
      String text = sequences[i] == 1 ? second : first;
      starts[i] = text.offsetByCodePoints(0, spans[i].getStart());
      ends[i] = text.offsetByCodePoints(starts[i], spans[i].getEnd() - spans[i].getStart());
    }
    boolean truncated = encoding.getOverflowing().length > 0;
    return new Tokens(encoding.getIds(), encoding.getTypeIds(), starts, ends, truncated);
  }

  /**
   * Arrays of sequences that are filled up on the right to the longest.
   *
   * @param manager owns the arrays
   * @param sequences the tokens, at least one sequence
   * @return ids (B, L) int64 and valid (B, L) boolean
   */
  public NDList arrays(NDManager manager, List<long[]> sequences) {
    int longest = sequences.stream().mapToInt(s -> s.length).max().orElseThrow();
    long[] ids = new long[sequences.size() * longest];
    long[] valid = new long[ids.length];
    Arrays.fill(ids, padding);
    for (int i = 0; i < sequences.size(); i++) {
      long[] sequence = sequences.get(i);
      System.arraycopy(sequence, 0, ids, i * longest, sequence.length);
      Arrays.fill(valid, i * longest, i * longest + sequence.length, 1);
    }
    Shape shape = new Shape(sequences.size(), longest);
    try (NDArray ones = Tensors.int64(manager, shape, valid)) {
      return new NDList(Tensors.int64(manager, shape, ids), ones.neq(0));
    }
  }

  /**
   * The text of tokens.
   *
   * @param ids the tokens
   * @param skipSpecial whether to leave out tokens such as {@code [CLS]}
   * @return the text
   */
  public String decode(long[] ids, boolean skipSpecial) {
    for (long id : ids) {
      if (id < 0 || id >= vocabulary) {
        throw new UserException("token " + id + " is none of the " + vocabulary + " tokens");
      }
    }
    return tokenizer.decode(ids, skipSpecial);
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
