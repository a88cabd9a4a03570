package org.attentionzoo.models.papers.deberta;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.attentionzoo.blocks.NearestName;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.papers.deberta.Deberta;
import org.attentionzoo.blocks.papers.deberta.DebertaActivation;
import org.attentionzoo.blocks.papers.deberta.DebertaConfig;
import org.attentionzoo.blocks.papers.deberta.DebertaMaskedLanguageModel;
import org.attentionzoo.blocks.papers.deberta.DebertaQuestionAnswering;
import org.attentionzoo.blocks.papers.deberta.DebertaTokenClassifier;

/**
 * What a DeBERTa's {@code config.json} says: Hugging Face's of model type {@code deberta} (version
 * 1) or {@code deberta-v2} (versions 2 and 3), or Microsoft's, which has no model type. An absent
 * key has its library's default. Every key is either understood, known not to change what the model
 * computes, or refused by its name.
 *
 * @param modelType {@code deberta}, {@code deberta-v2}, or empty for Microsoft's
 * @param architectures the classes that the file names, possibly none
 * @param vocabulary the number of tokens
 * @param classes the number of classes of a classifier
 * @param poolerDropout the rate on the first token's state
 * @param poolerActivation the pooler's activation
 * @param classifierDropout the rate on what the pooler gives
 * @param encoder the sizes and switches of the encoder
 */
public record DebertaConfigFile(
    String modelType,
    List<String> architectures,
    int vocabulary,
    int classes,
    double poolerDropout,
    DebertaActivation poolerActivation,
    double classifierDropout,
    DebertaConfig encoder) {

  private static final JsonMapper JSON =
      JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
  private static final long LARGEST_FILE = 1 << 20;
  private static final int LARGEST_WIDTH = 1 << 16;
  private static final int LARGEST_TABLE = 1 << 24;
  private static final int MOST_LAYERS = 1 << 10;

  private static final String VERSION_1 = "deberta";
  private static final String VERSION_2 = "deberta-v2";

  /** Hugging Face's keys that say nothing about what the model computes. */
  private static final List<String> SILENT =
      List.of(
          """
          _name_or_path _commit_hash _attn_implementation_autoset _attn_implementation
          attn_implementation transformers_version torch_dtype dtype model_type
          architectures id2label label2id num_labels problem_type finetuning_task
          task_specific_params tokenizer_class prefix bos_token_id eos_token_id
          sep_token_id cls_token_id mask_token_id decoder_start_token_id output_attentions
          output_hidden_states use_cache return_dict use_return_dict torchscript
          use_bfloat16 tf_legacy_loss chunk_size_feed_forward gradient_checkpointing
          legacy max_length min_length do_sample early_stopping num_beams num_beam_groups
          diversity_penalty temperature top_k top_p typical_p repetition_penalty
          length_penalty no_repeat_ngram_size encoder_no_repeat_ngram_size bad_words_ids
          num_return_sequences output_scores return_dict_in_generate forced_bos_token_id
          forced_eos_token_id remove_invalid_values exponential_decay_length_penalty
          suppress_tokens begin_suppress_tokens"""
              .split("\\s+"));

  /** Keys that are understood with one value only, which is also the default. */
  private static final Map<String, Object> FIXED =
      Map.of(
          "is_decoder", false,
          "is_encoder_decoder", false,
          "add_cross_attention", false,
          "tie_encoder_decoder", false,
          "talking_head", false,
          "tie_word_embeddings", true,
          "pruned_heads", Map.of());

  /** What Hugging Face's class of version 1 does not read. */
  private static final Map<String, Object> ABSENT_IN_VERSION_1 =
      Map.of(
          "position_buckets",
          -1,
          "share_att_key",
          false,
          "norm_rel_ebd",
          "none",
          "conv_kernel_size",
          0);

  /** Copies the list. */
  public DebertaConfigFile {
    architectures = List.copyOf(architectures);
  }

  /**
   * Reads a file.
   *
   * @param file a {@code config.json}
   * @return what it says
   * @throws UserException if it cannot be read, or describes no DeBERTa that can be built; names
   *     the key
   */
  public static DebertaConfigFile read(Path file) {
    String text;
    try {
      long size = Files.size(file);
      if (size > LARGEST_FILE) {
        throw new UserException(file + " has " + size + " bytes; a config.json has a few thousand");
      }
      text = Files.readString(file);
    } catch (IOException e) {
      throw new UserException(file + " cannot be read: " + e, e);
    }
    Map<String, Object> values;
    try {
      values = JSON.readValue(text, new TypeReference<LinkedHashMap<String, Object>>() {});
    } catch (JsonProcessingException e) {
      throw new UserException(file + " is no JSON object: " + e.getOriginalMessage(), e);
    }
    if (values == null) {
      throw new UserException(file + " is no JSON object: it is null");
    }
    try {
      return of(values);
    } catch (IllegalArgumentException e) {
      throw new UserException(file + ": " + e.getMessage(), e);
    }
  }

  private static DebertaConfigFile of(Map<String, Object> values) {
    Keys keys = new Keys(values);
    String type = keys.text("model_type", "");
    if (values.containsKey("model_type") && !Set.of(VERSION_1, VERSION_2).contains(type)) {
      throw new IllegalArgumentException(
          "model_type is '" + type + "'; expected " + VERSION_1 + " or " + VERSION_2);
    }
    boolean face = !type.isEmpty();
    boolean large = type.equals(VERSION_2);
    int width = keys.integer("hidden_size", large ? 1536 : 768, 1, LARGEST_WIDTH);
    int heads = keys.integer("num_attention_heads", large ? 24 : 12, 1, width);
    int headWidth = keys.integer("attention_head_size", Math.max(width / heads, 1), 1, width);
    if (headWidth * (long) heads != width) {
      throw new IllegalArgumentException(
          "attention_head_size="
              + headWidth
              + " times num_attention_heads="
              + heads
              + " is not hidden_size="
              + width);
    }
    int vocabulary =
        face
            ? keys.integer("vocab_size", large ? 128100 : 50265, 1, LARGEST_TABLE)
            : keys.integer("vocab_size", 0, 1, LARGEST_TABLE);
    double dropout = keys.rate("hidden_dropout_prob", 0.1);
    if (type.equals(VERSION_1)) {
      ABSENT_IN_VERSION_1.forEach(
          (key, neutral) -> keys.only(key, neutral, "; model_type " + VERSION_1 + " has none"));
    }
    FIXED.forEach((key, value) -> keys.only(key, value, ""));
    keys.known(SILENT);
    DebertaConfig encoder =
        new DebertaConfig(
            width,
            keys.integer("num_hidden_layers", large ? 24 : 12, 1, MOST_LAYERS),
            heads,
            keys.integer("intermediate_size", large ? 6144 : 3072, 1, LARGEST_TABLE),
            keys.activation("hidden_act", DebertaActivation.GELU),
            dropout,
            keys.rate("attention_probs_dropout_prob", 0.1),
            keys.integer("max_position_embeddings", 512, 1, LARGEST_TABLE),
            keys.integer("type_vocab_size", 0, 0, LARGEST_TABLE),
            keys.integer("embedding_size", width, 1, LARGEST_WIDTH),
            padding(keys, face, vocabulary),
            keys.flag("position_biased_input", true),
            keys.flag("relative_attention", false),
            keys.terms("pos_att_type", face ? "none" : "c2p"),
            keys.integer("max_relative_positions", -1, -1, LARGEST_TABLE),
            keys.integer("position_buckets", -1, -1, LARGEST_TABLE),
            keys.flag("share_att_key", false),
            DebertaGolden.normalizes(keys.text("norm_rel_ebd", "none")),
            keys.number("layer_norm_eps", 1e-7, 0, 1),
            keys.integer("conv_kernel_size", 0, 0, LARGEST_WIDTH),
            keys.activation("conv_act", DebertaActivation.TANH),
            keys.integer("conv_groups", 1, 1, width),
            keys.number("initializer_range", 0.02, 0, 100));
    Keys pooling = face ? keys : keys.nested("pooling");
    String prefix = face ? "pooler_" : "";
    int pooled = pooling.integer(prefix + "hidden_size", width, 1, LARGEST_WIDTH);
    if (pooled != width) {
      throw new IllegalArgumentException(
          "the pooler's hidden_size=" + pooled + " is not the encoder's hidden_size=" + width);
    }
    double poolerDropout = pooling.rate(prefix + "dropout", 0);
    DebertaActivation poolerActivation =
        pooling.activation(prefix + "hidden_act", DebertaActivation.GELU);
    DebertaConfigFile result =
        new DebertaConfigFile(
            type,
            keys.texts("architectures"),
            vocabulary,
            classes(keys),
            poolerDropout,
            poolerActivation,
            keys.rate("cls_dropout", dropout),
            encoder);
    pooling.finish();
    keys.finish();
    return result;
  }

  private static int padding(Keys keys, boolean face, int vocabulary) {
    // Hugging Face reads pad_token_id, Microsoft padding_idx; released files have one or both
    int index = keys.integer("padding_idx", 0, -vocabulary, vocabulary - 1);
    int token = keys.integer("pad_token_id", index, -vocabulary, vocabulary - 1);
    return DebertaGolden.padding(face ? token : index, vocabulary);
  }

  private static int classes(Keys keys) {
    Object labels = keys.get("id2label");
    if (labels instanceof Map<?, ?> map && !map.isEmpty()) {
      return map.size();
    }
    return keys.integer("num_labels", 2, 1, LARGEST_TABLE);
  }

  /**
   * The masked language model that Microsoft's code builds: with the enhanced mask decoder if the
   * input is not position-biased. Hugging Face's class never has it.
   *
   * @return the config
   */
  public MaskedLanguageModelConfig maskedLanguageModel() {
    boolean possible = encoder.layers() > 1 && (encoder.embeddingWidth() == encoder.width());
    return new MaskedLanguageModelConfig(
        vocabulary, !encoder.positionBiasedInput() && possible, encoder);
  }

  /**
   * The classifier of sequences.
   *
   * @return the config, without scale-invariant fine-tuning
   */
  public SequenceClassifierConfig sequenceClassifier() {
    SequenceClassifierConfig plain = SequenceClassifierConfig.of(vocabulary, classes, encoder);
    return new SequenceClassifierConfig(
        vocabulary,
        classes,
        false,
        plain.siftWeight(),
        plain.siftRate(),
        plain.siftDeviation(),
        poolerDropout,
        poolerActivation,
        classifierDropout,
        encoder);
  }

  /**
   * The model whose class the file names first, with Hugging Face's meaning: {@code ForMaskedLM}
   * (without the mask decoder), {@code ForSequenceClassification}, {@code ForTokenClassification},
   * {@code ForQuestionAnswering}, or {@code Model}; without a name the encoder alone.
   *
   * @return the model, uninitialised; {@link DebertaCheckpoint#load} loads its weights
   * @throws UserException if the class has no counterpart here
   */
  public ZooBlock build() {
    String name = architectures.isEmpty() ? "DebertaModel" : architectures.get(0);
    return switch (name.replaceFirst("^Deberta(V2)?", "")) {
      case "Model" -> Deberta.withoutUnusedPositions(vocabulary, encoder);
      case "ForMaskedLM" -> new DebertaMaskedLanguageModel(vocabulary, encoder, false);
      case "ForSequenceClassification" -> sequenceClassifier().build();
      case "ForTokenClassification" ->
          new DebertaTokenClassifier(vocabulary, classes, encoder, false);
      case "ForQuestionAnswering" -> new DebertaQuestionAnswering(vocabulary, encoder);
      default ->
          throw new UserException(
              "architectures names '"
                  + name
                  + "'; known: DebertaModel, DebertaForMaskedLM, DebertaForSequenceClassification,"
                  + " DebertaForTokenClassification, DebertaForQuestionAnswering, and the same with"
                  + " DebertaV2");
    };
  }

  /** The keys of an object, each asked for with its default. */
  private static final class Keys {
    private final Map<?, ?> values;
    private final Set<String> asked = new HashSet<>();

    Keys(Map<?, ?> values) {
      this.values = values;
    }

    /** Null for an absent key and for null: the libraries' defaults replace both. */
    Object get(String key) {
      asked.add(key);
      return values.get(key);
    }

    Keys nested(String key) {
      Object value = get(key);
      if (value == null) {
        return new Keys(Map.of());
      }
      if (value instanceof Map<?, ?> map) {
        return new Keys(map);
      }
      throw wrong(key, value, "an object");
    }

    String text(String key, String fallback) {
      Object value = get(key);
      if (value == null) {
        return fallback;
      }
      if (value instanceof String text) {
        return text;
      }
      throw wrong(key, value, "a string");
    }

    boolean flag(String key, boolean fallback) {
      Object value = get(key);
      if (value == null) {
        return fallback;
      }
      if (value instanceof Boolean flag) {
        return flag;
      }
      throw wrong(key, value, "true or false");
    }

    double number(String key, double fallback, double least, double most) {
      Object value = get(key);
      if (value == null) {
        return fallback;
      }
      if (value instanceof Number number
          && number.doubleValue() >= least
          && number.doubleValue() <= most) {
        return number.doubleValue();
      }
      throw wrong(key, value, "a number from " + least + " to " + most);
    }

    double rate(String key, double fallback) {
      double rate = number(key, fallback, 0, 1);
      if (rate == 1) {
        throw wrong(key, rate, "a number below 1");
      }
      return rate;
    }

    int integer(String key, int fallback, int least, int most) {
      Object value = get(key);
      if (value == null && fallback >= least) {
        return fallback;
      }
      if (value instanceof Number number
          && number.doubleValue() == Math.rint(number.doubleValue())
          && number.doubleValue() >= least
          && number.doubleValue() <= most) {
        return number.intValue();
      }
      throw wrong(
          key,
          value == null ? "missing" : value,
          String.format(Locale.ROOT, "a whole number from %d to %d", least, most));
    }

    DebertaActivation activation(String key, DebertaActivation fallback) {
      String name = text(key, fallback.name().toLowerCase(Locale.ROOT));
      return DebertaGolden.activation(name.equals("silu") ? "swish" : name, key);
    }

    /** A string joined by |, or a list. */
    String terms(String key, String fallback) {
      Object value = get(key);
      if (value instanceof List<?>) {
        List<String> terms = texts(key);
        return terms.isEmpty() ? "none" : String.join("|", terms);
      }
      return text(key, fallback);
    }

    List<String> texts(String key) {
      Object value = get(key);
      List<String> texts = new ArrayList<>();
      if (value instanceof List<?> list) {
        for (Object item : list) {
          if (!(item instanceof String text)) {
            throw wrong(key, value, "a list of strings");
          }
          texts.add(text);
        }
      } else if (value != null) {
        throw wrong(key, value, "a list of strings");
      }
      return texts;
    }

    /** A key that may be given, but only with one value. */
    void only(String key, Object neutral, String why) {
      Object value = get(key);
      if (value != null && !value.equals(neutral)) {
        throw new IllegalArgumentException(
            "key '" + key + "' is " + value + "; only " + neutral + " is supported" + why);
      }
    }

    void known(List<String> keys) {
      asked.addAll(keys);
    }

    void finish() {
      Set<String> unknown = new TreeSet<>();
      values.keySet().forEach(key -> unknown.add(key.toString()));
      unknown.removeAll(asked);
      if (!unknown.isEmpty()) {
        String first = unknown.iterator().next();
        throw new IllegalArgumentException(
            "unknown keys "
                + String.join(", ", unknown)
                + NearestName.suggestion(first, asked)
                + "; remove them if they do not change the model");
      }
    }

    private static IllegalArgumentException wrong(String key, Object value, String expected) {
      return new IllegalArgumentException(
          "key '" + key + "' is " + value + "; expected " + expected);
    }
  }
}
