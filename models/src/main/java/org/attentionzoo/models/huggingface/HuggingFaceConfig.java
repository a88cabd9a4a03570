package org.attentionzoo.models.huggingface;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.attentionzoo.blocks.UserException;

/**
 * A {@code config.json}, read so that no field is passed over in silence: a field is read, must
 * have a value that changes nothing, or is ignored for a reason; {@link #finish} refuses the rest.
 *
 * <p>For one thread.
 */
public final class HuggingFaceConfig {

  private static final long MOST_BYTES = 16 << 20;
  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private static final String BOOKKEEPING = "says who wrote the file, not what is computed";
  private static final String GENERATION = "a default of text generation, which is asked for anew";
  private static final String MEMORY = "changes how it is computed, not what";
  private static final String TOKENIZER = "the tokenizer's own files say it";
  private static final String OUTPUTS = "which outputs Python returns";
  private static final String START = "acts only when training begins";

  /** Fields that any model may have and that never change what it computes. */
  private static final Map<String, String> HARMLESS = harmless();

  private final Path file;
  private final Map<String, Object> fields;
  private final Map<String, String> seen = new TreeMap<>();
  private final List<String> problems = new ArrayList<>();

  private HuggingFaceConfig(Path file, Map<String, Object> fields) {
    this.file = file;
    this.fields = fields;
    seen.put("model_type", "");
    seen.put("architectures", "");
    seen.put("id2label", "");
    seen.put("label2id", "");
  }

  private static Map<String, String> harmless() {
    Map<String, String> map = new LinkedHashMap<>();
    for (String field :
        List.of(
            "_name_or_path",
            "transformers_version",
            "torch_dtype",
            "dtype",
            "finetuning_task",
            "problem_type",
            "task_specific_params",
            "_commit_hash",
            "auto_map",
            "language",
            "license")) {
      map.put(field, BOOKKEEPING);
    }
    for (String field :
        List.of(
            "use_cache",
            "_attn_implementation",
            "_attn_implementation_autoset",
            "attn_implementation",
            "chunk_size_feed_forward",
            "gradient_checkpointing",
            "torchscript",
            "use_bfloat16",
            "pretraining_tp",
            "legacy")) {
      map.put(field, MEMORY);
    }
    for (String field :
        List.of(
            "bos_token_id",
            "eos_token_id",
            "sep_token_id",
            "cls_token_id",
            "mask_token_id",
            "decoder_start_token_id",
            "forced_bos_token_id",
            "forced_eos_token_id",
            "tokenizer_class")) {
      map.put(field, TOKENIZER);
    }
    for (String field :
        List.of(
            "temperature",
            "top_k",
            "top_p",
            "typical_p",
            "do_sample",
            "max_length",
            "min_length",
            "num_beams",
            "num_beam_groups",
            "early_stopping",
            "length_penalty",
            "repetition_penalty",
            "diversity_penalty",
            "no_repeat_ngram_size",
            "encoder_no_repeat_ngram_size",
            "num_return_sequences",
            "bad_words_ids",
            "begin_suppress_tokens",
            "suppress_tokens",
            "exponential_decay_length_penalty",
            "remove_invalid_values",
            "prefix")) {
      map.put(field, GENERATION);
    }
    for (String field :
        List.of(
            "output_attentions",
            "output_hidden_states",
            "output_scores",
            "return_dict",
            "return_dict_in_generate")) {
      map.put(field, OUTPUTS);
    }
    for (String field : List.of("initializer_range", "tie_encoder_decoder")) {
      map.put(field, START);
    }
    return Collections.unmodifiableMap(map);
  }

  /**
   * Reads a file.
   *
   * @param file a {@code config.json}
   * @return its fields
   * @throws UserException if it cannot be read or is no JSON object
   */
  public static HuggingFaceConfig read(Path file) {
    try {
      if (Files.size(file) > MOST_BYTES) {
        throw new UserException(file + " has more than " + MOST_BYTES + " bytes");
      }
      Map<String, Object> fields = JSON.readValue(Files.readAllBytes(file), new Fields());
      return new HuggingFaceConfig(file, fields == null ? Map.of() : fields);
    } catch (JsonProcessingException e) {
      throw new UserException(file + " is no JSON object: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new UserException(file + " cannot be read: " + e, e);
    }
  }

  private static final class Fields extends TypeReference<Map<String, Object>> {}

  /**
   * The file.
   *
   * @return its path
   */
  public Path file() {
    return file;
  }

  /**
   * What decides who understands the rest.
   *
   * @return the field {@code model_type}; empty if there is none
   */
  public String modelType() {
    return fields.get("model_type") instanceof String type ? type : "";
  }

  /**
   * The classes that saved the weights.
   *
   * @return for example {@code LlamaForCausalLM}; empty if it is not said
   */
  public List<String> architectures() {
    return fields.get("architectures") instanceof List<?> list
        ? list.stream().map(String::valueOf).toList()
        : List.of();
  }

  /**
   * The names of classes, by number.
   *
   * @return empty if there are none
   */
  public List<String> labels() {
    if (!(fields.get("id2label") instanceof Map<?, ?> map)) {
      return List.of();
    }
    List<String> labels = new ArrayList<>();
    for (int i = 0; i < map.size(); i++) {
      Object label = map.get(String.valueOf(i));
      if (label == null) {
        throw new UserException(
            file + ": id2label has " + map.size() + " entries but none for " + i);
      }
      labels.add(String.valueOf(label));
    }
    return List.copyOf(labels);
  }

  /**
   * The tokens that end a text.
   *
   * @return the field {@code eos_token_id}, which is a number or a list; empty if there is none
   */
  public List<Integer> endTokens() {
    Object value = fields.get("eos_token_id");
    List<?> values =
        value instanceof List<?> list ? list : value == null ? List.of() : List.of(value);
    List<Integer> tokens = new ArrayList<>();
    for (Object one : values) {
      if (!(one instanceof Integer token)) {
        throw wrong("eos_token_id", value, "a token or a list of tokens");
      }
      tokens.add(token);
    }
    return List.copyOf(tokens);
  }

  /**
   * A whole number that must be there.
   *
   * @param field its name
   * @return its value
   * @throws UserException if it is missing or none
   */
  public int integer(String field) {
    if (fields.get(field) == null) {
      throw new UserException(file + ": the field '" + field + "' is missing");
    }
    return integer(field, 0);
  }

  /**
   * A whole number.
   *
   * @param field its name
   * @param fallback the value if it is absent or null
   * @return its value
   * @throws UserException if it is none
   */
  public int integer(String field, int fallback) {
    Object value = value(field);
    if (value == null) {
      return fallback;
    }
    if (value instanceof Integer number) {
      return number;
    }
    throw wrong(field, value, "a whole number");
  }

  /**
   * A number.
   *
   * @param field its name
   * @param fallback the value if it is absent or null
   * @return its value
   * @throws UserException if it is none
   */
  public double real(String field, double fallback) {
    Object value = value(field);
    if (value == null) {
      return fallback;
    }
    if (value instanceof Number number && Double.isFinite(number.doubleValue())) {
      return number.doubleValue();
    }
    throw wrong(field, value, "a number");
  }

  /**
   * A switch.
   *
   * @param field its name
   * @param fallback the value if it is absent or null
   * @return its value
   * @throws UserException if it is none
   */
  public boolean flag(String field, boolean fallback) {
    Object value = value(field);
    if (value == null) {
      return fallback;
    }
    if (value instanceof Boolean flag) {
      return flag;
    }
    throw wrong(field, value, "true or false");
  }

  /**
   * A text.
   *
   * @param field its name
   * @param fallback the value if it is absent or null
   * @return its value
   * @throws UserException if it is none
   */
  public String text(String field, String fallback) {
    Object value = value(field);
    if (value == null) {
      return fallback;
    }
    if (value instanceof String text) {
      return text;
    }
    throw wrong(field, value, "a text");
  }

  /**
   * Whether a field is there, if only as null.
   *
   * @param field its name
   * @return false if the model's own default holds
   */
  public boolean has(String field) {
    return fields.containsKey(field);
  }

  /**
   * A field as JSON has it.
   *
   * @param field its name
   * @return a text, number, boolean, list, map, or null if it is absent or null
   */
  public Object value(String field) {
    seen.put(field, "");
    return fields.get(field);
  }

  /**
   * Takes a field for read that may only have values that the model is built with; another value is
   * refused by {@link #finish}.
   *
   * @param field its name
   * @param reason why another value cannot be built
   * @param allowed the values; an absent field and null are always allowed
   */
  public void expect(String field, String reason, Object... allowed) {
    Object value = value(field);
    if (value == null) {
      return;
    }
    for (Object one : allowed) {
      if (same(one, value)) {
        return;
      }
    }
    problems.add("'" + field + "' is " + shown(value) + ": " + reason);
  }

  private static boolean same(Object one, Object value) {
    return (one instanceof Number a && value instanceof Number b)
        ? a.doubleValue() == b.doubleValue()
        : Objects.equals(one, value);
  }

  /**
   * Takes a field for read that changes nothing.
   *
   * @param field its name
   * @param reason why not
   */
  public void ignore(String field, String reason) {
    if (fields.containsKey(field)) {
      seen.put(field, reason);
    }
  }

  /** Takes all fields for read: the provider reads the file itself, and as strictly. */
  public void readElsewhere() {
    fields.keySet().forEach(field -> seen.putIfAbsent(field, ""));
  }

  /**
   * Refuses what cannot be built and what nobody knows.
   *
   * @return the ignored fields and why, sorted
   * @throws UserException if there is a field that would change the model; names all of them
   */
  public Map<String, String> finish() {
    fields.forEach(
        (field, value) -> {
          if (seen.containsKey(field)) {
            return;
          }
          String reason = HARMLESS.get(field);
          if (reason == null && isOff(value)) {
            reason = "unknown, but switched off";
          }
          if (reason == null) {
            problems.add(
                "'"
                    + field
                    + "' is "
                    + shown(value)
                    + ": unknown to this model, and may change it");
          } else {
            seen.put(field, reason);
          }
        });
    if (!problems.isEmpty()) {
      throw new UserException(
          file
              + " describes a "
              + (modelType().isEmpty() ? "model" : modelType())
              + " that cannot be built: "
              + String.join("; ", problems));
    }
    Map<String, String> ignored = new TreeMap<>(seen);
    ignored.values().removeIf(String::isEmpty);
    return Collections.unmodifiableMap(ignored);
  }

  private static boolean isOff(Object value) {
    return value == null
        || Boolean.FALSE.equals(value)
        || (value instanceof Map<?, ?> map && map.isEmpty())
        || (value instanceof List<?> list && list.isEmpty());
  }

  private static String shown(Object value) {
    String text = String.valueOf(value).replaceAll("\\p{Cntrl}", " ");
    return text.length() <= 60 ? text : text.substring(0, 60) + "...";
  }

  private UserException wrong(String field, Object value, String expected) {
    return new UserException(
        file + ": '" + field + "' is " + shown(value) + "; expected " + expected);
  }
}
