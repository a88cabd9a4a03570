package org.attentionzoo.datasets.text;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The contents of a {@code tokenizer.json}. */
final class TokenizerFiles {

  /** The added tokens, in their order. */
  static final List<String> SPECIAL = List.of("[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]");

  private TokenizerFiles() {}

  /** Words in lower case, split at white space. */
  static Map<String, Object> words(Map<String, Object> vocabulary) {
    return file(
        vocabulary,
        Map.of("type", "Lowercase"),
        Map.of("type", "WhitespaceSplit"),
        null,
        Map.of("type", "WordLevel", "vocab", vocabulary, "unk_token", "[UNK]"));
  }

  /** Words as they stand, split at white space; a line ends with a word of its own. */
  static Map<String, Object> lines(Map<String, Object> vocabulary, String unknown, String end) {
    Map<String, Object> file = new LinkedHashMap<>();
    file.put("version", "1.0");
    file.put("truncation", null);
    file.put("padding", null);
    file.put("added_tokens", List.of());
    file.put(
        "normalizer",
        sequence(
            "normalizers",
            replace("String", "\n", " " + end + " "),
            // white space to Java, but not to the library
            replace("Regex", "[\\x1c-\\x1f]", " ")));
    file.put("pre_tokenizer", Map.of("type", "WhitespaceSplit"));
    file.put("post_processor", null);
    file.put(
        "decoder",
        sequence(
            "decoders",
            // only for the blanks that it puts between words: none begins with a line end
            Map.of("type", "WordPiece", "prefix", "\n", "cleanup", false),
            Map.of("type", "Fuse"),
            replace("Regex", "(?:\\A| )" + end + "(?= |\\z)", "\n"),
            replace("String", "\n ", "\n")));
    file.put("model", Map.of("type", "WordLevel", "vocab", vocabulary, "unk_token", unknown));
    return file;
  }

  private static Map<String, Object> sequence(String name, Object... steps) {
    return Map.of("type", "Sequence", name, List.of(steps));
  }

  private static Map<String, Object> replace(String kind, String pattern, String content) {
    return Map.of("type", "Replace", "pattern", Map.of(kind, pattern), "content", content);
  }

  /** GPT-2's pairs of bytes, a text between [CLS] and [SEP]. */
  static Map<String, Object> bytePairs(Map<String, Object> vocabulary, List<String> merges) {
    Map<String, Object> model = new LinkedHashMap<>();
    model.put("type", "BPE");
    model.put("vocab", vocabulary);
    model.put("merges", merges);
    Map<String, Object> bytes = new LinkedHashMap<>();
    bytes.put("type", "ByteLevel");
    bytes.put("add_prefix_space", false);
    bytes.put("trim_offsets", true);
    bytes.put("use_regex", true);
    return file(vocabulary, null, bytes, bytes, model);
  }

  private static Map<String, Object> file(
      Map<String, Object> vocabulary,
      Object normalizer,
      Object preTokenizer,
      Object decoder,
      Map<String, Object> model) {
    Map<String, Object> file = new LinkedHashMap<>();
    file.put("version", "1.0");
    file.put("truncation", null);
    file.put("padding", null);
    List<Object> added = new ArrayList<>();
    for (String content : SPECIAL) {
      if (vocabulary.containsKey(content)) {
        added.add(added(content, vocabulary.get(content)));
      }
    }
    file.put("added_tokens", added);
    file.put("normalizer", normalizer);
    file.put("pre_tokenizer", preTokenizer);
    file.put("post_processor", template(vocabulary));
    file.put("decoder", decoder);
    file.put("model", model);
    return file;
  }

  private static Map<String, Object> added(String content, Object id) {
    Map<String, Object> token = new LinkedHashMap<>();
    token.put("id", id);
    token.put("content", content);
    token.put("single_word", false);
    // the blank before a mask belongs to what the mask hides
    token.put("lstrip", content.equals("[MASK]"));
    token.put("rstrip", false);
    token.put("normalized", false);
    token.put("special", true);
    return token;
  }

  /** [CLS] A [SEP], or [CLS] A [SEP] B [SEP] with type 1 from B on. */
  private static Map<String, Object> template(Map<String, Object> vocabulary) {
    List<Object> single = List.of(token("[CLS]", 0), sequence("A", 0), token("[SEP]", 0));
    List<Object> pair = new ArrayList<>(single);
    pair.add(sequence("B", 1));
    pair.add(token("[SEP]", 1));
    Map<String, Object> tokens = new LinkedHashMap<>();
    for (String content : List.of("[CLS]", "[SEP]")) {
      tokens.put(
          content,
          Map.of(
              "id", content, "ids", List.of(vocabulary.get(content)), "tokens", List.of(content)));
    }
    return Map.of(
        "type", "TemplateProcessing", "single", single, "pair", pair, "special_tokens", tokens);
  }

  private static Object token(String content, int type) {
    return Map.of("SpecialToken", Map.of("id", content, "type_id", type));
  }

  private static Object sequence(String name, int type) {
    return Map.of("Sequence", Map.of("id", name, "type_id", type));
  }
}
