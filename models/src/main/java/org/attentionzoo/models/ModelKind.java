package org.attentionzoo.models;

import static org.attentionzoo.models.ModelInput.BATCH;
import static org.attentionzoo.models.ModelInput.LENGTH;
import static org.attentionzoo.models.ModelInput.ids;
import static org.attentionzoo.models.ModelInput.numbers;
import static org.attentionzoo.models.ModelInput.times;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.UserException;

/**
 * What a model computes, and so which tasks can train it: its inputs, with the names that configs
 * give to what the data decides, and its output.
 */
public enum ModelKind {
  /** Tokens (B, L) int64 to logits (B, L, vocabulary) of the next token. */
  CAUSAL_LANGUAGE_MODEL("causal-lm", "logits", tokens()),
  /** Tokens (B, L) int64 to logits (B, L, vocabulary) of the token at the same place. */
  MASKED_LANGUAGE_MODEL("masked-lm", "logits", tokens()),
  /** Tokens (B, L) int64 to logits (B, classes). */
  SEQUENCE_CLASSIFIER("sequence-classifier", "logits", tokens()),
  /** Source (B, Ls) and target (B, Lt) int64 to logits (B, Lt, vocabulary) of the next token. */
  SEQUENCE_TO_SEQUENCE(
      "sequence-to-sequence",
      "logits",
      ids("source_ids", "vocabulary", BATCH, "source_length"),
      ids("target_ids", "vocabulary", BATCH, "target_length")),
  /** Images (B, channels, height, width) to logits (B, classes). */
  IMAGE_CLASSIFIER("image-classifier", "logits", images()),
  /**
   * Noisy images (B, channels, height, width), times (B) and labels (B) int64 to the noise (B,
   * outputs, height, width).
   */
  DIFFUSION(
      "diffusion", "noise", images(), times("timesteps", BATCH), ids("labels", "classes", BATCH)),
  /** Item histories (B, L) int64, where 0 is no item, to scores of items. */
  RECOMMENDER("recommender", "scores", ids("histories", "items", BATCH, LENGTH)),
  /** Windows (B, L, channels) to forecasts (B, horizon, channels). */
  FORECASTER("forecaster", "forecasts", numbers("windows", BATCH, "window", "channels")),
  /** Vectors (B, features) to values (B, outputs). */
  REGRESSOR("regressor", "values", numbers("features", BATCH, "features"));

  private static final List<String> LIMITS = List.of("maxlen", "maximumPositions");

  private final String label;
  private final String output;
  private final List<ModelInput> inputs;

  ModelKind(String label, String output, ModelInput... inputs) {
    this.label = label;
    this.output = output;
    this.inputs = List.of(inputs);
  }

  private static ModelInput tokens() {
    return ids("input_ids", "vocabulary", BATCH, LENGTH);
  }

  private static ModelInput images() {
    return numbers("images", BATCH, "channels", "image", "image");
  }

  /**
   * The name used on the command line and in recipes.
   *
   * @return for example {@code causal-lm}
   */
  public String label() {
    return label;
  }

  /**
   * What the model takes.
   *
   * @return in order
   */
  public List<ModelInput> inputs() {
    return inputs;
  }

  /**
   * What the first output is.
   *
   * @return for example {@code logits}
   */
  public String output() {
    return output;
  }

  /**
   * The numbers of tokens that whoever feeds the model chooses.
   *
   * @return their names; none where a config decides all sizes of an example
   */
  public List<String> lengths() {
    return inputs.stream().flatMap(input -> input.lengths().stream()).toList();
  }

  /**
   * The most tokens that a model takes.
   *
   * @param config the model's config
   * @return the number; {@link Integer#MAX_VALUE} if there is no limit
   */
  public static long longest(Map<String, ?> config) {
    return LIMITS.stream()
        .flatMapToLong(key -> Configs.findSize(config, key).stream())
        .min()
        .orElse(Integer.MAX_VALUE);
  }

  /**
   * Sizes for {@link #random}.
   *
   * @param batch the number of examples
   * @param length the number of tokens, of each input that has them
   * @return by name
   */
  public Map<String, Integer> sizes(int batch, int length) {
    Map<String, Integer> sizes = new LinkedHashMap<>();
    sizes.put(BATCH, batch);
    lengths().forEach(name -> sizes.put(name, length));
    return sizes;
  }

  /**
   * Makes random inputs.
   *
   * @param manager owns them
   * @param config the model's config
   * @param sizes a number for {@link ModelInput#BATCH} and each of {@link #lengths}
   * @return one array for each input
   * @throws UserException if the config lacks a size
   */
  public NDList random(NDManager manager, Map<String, ?> config, Map<String, Integer> sizes) {
    NDList made = new NDList();
    inputs.forEach(input -> made.add(input.random(manager, config, sizes)));
    return made;
  }
}
