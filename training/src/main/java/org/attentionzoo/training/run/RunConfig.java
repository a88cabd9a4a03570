package org.attentionzoo.training.run;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.models.Configs;
import org.attentionzoo.training.optimize.OptimizerConfig;
import org.attentionzoo.training.schedule.ScheduleConfig;
import org.attentionzoo.training.tasks.Tasks;

/**
 * Everything that decides a training run. A recipe is this record as YAML; every key can be
 * overridden by {@code key=value}, those of the model as {@code model.<key>}, those of the task as
 * {@code task.<key>}.
 *
 * @param model the model's preset, for example {@code titans-mac-tiny}
 * @param modelOverrides what differs from the preset's config
 * @param initialFrom a run folder, the folder of a checkpoint, or a Hugging Face folder, whose
 *     weights the run begins with; if it is of another model, there must be a {@link
 *     org.attentionzoo.training.Surgery} for the two. What it decides about the model is a default
 *     below {@code modelOverrides}, and its tokenizer one below {@code task}. Absent for weights
 *     that are drawn
 * @param data what to train on, {@code <scheme>:<location>}; empty if it must be given
 * @param task what differs from the defaults of the task's options
 * @param optimizer the optimizer
 * @param schedule the learning rate's course
 * @param clip the largest 2-norm of all gradients together; 0 for no limit
 * @param accumulate how many batches make one step
 * @param steps how many steps to train
 * @param seed decides the initial weights, the batches and every random choice
 * @param emaDecay the decay of the exponential moving average of the weights, which evaluations,
 *     the best checkpoint and everything that loads a trained model then take; 0 for none
 * @param device {@code cpu}, {@code gpu} or {@code gpu:<number>}
 * @param precision of the large products of a training step: {@code float32}, or {@code bfloat16}
 *     with float32 master weights
 * @param allowSlowPrecision whether a precision may be used for which the device has no units
 * @param gradientCheckpointing whether layers compute their activations again in the backward pass
 *     instead of keeping them
 * @param prefetch how many batches are prepared ahead on another thread; 0 for none
 * @param logEvery steps between two training lines of the metrics
 * @param evaluateEvery steps between two evaluations on the validation part; 0 for never
 * @param evaluateBatches how many validation batches each evaluation takes; 0 for all
 * @param checkpointEvery steps between two checkpoints; 0 for none but the last
 * @param keep how many of the newest checkpoints are kept, beside the best
 */
public record RunConfig(
    String model,
    Map<String, Object> modelOverrides,
    Optional<String> initialFrom,
    String data,
    Map<String, Object> task,
    OptimizerConfig optimizer,
    ScheduleConfig schedule,
    double clip,
    int accumulate,
    long steps,
    long seed,
    double emaDecay,
    String device,
    String precision,
    boolean allowSlowPrecision,
    boolean gradientCheckpointing,
    int prefetch,
    int logEvery,
    int evaluateEvery,
    int evaluateBatches,
    int checkpointEvery,
    int keep) {

  private static final int MOST_PREFETCHED = 1000;
  private static final String FLOAT32 = "float32";

  private static final String TOKENIZER = "tokenizer";
  private static final String BFLOAT16 = "bfloat16";

  /** Checks the values. */
  public RunConfig {
    require(clip >= 0 && Double.isFinite(clip), "clip", clip, "0 or more");
    require(accumulate >= 1, "accumulate", accumulate, "1 or more");
    long most = Long.MAX_VALUE / accumulate;
    require(steps >= 1, "steps", steps, "1 or more");
    require(steps <= most, "steps", steps, "at most " + most);
    require(logEvery >= 1, "logEvery", logEvery, "1 or more");
    require(evaluateEvery >= 0, "evaluateEvery", evaluateEvery, "0 or more");
    require(evaluateBatches >= 0, "evaluateBatches", evaluateBatches, "0 or more");
    require(checkpointEvery >= 0, "checkpointEvery", checkpointEvery, "0 or more");
    require(keep >= 1, "keep", keep, "1 or more");
    require(emaDecay >= 0 && emaDecay < 1, "emaDecay", emaDecay, "0 or more and below 1");
    require(
        prefetch >= 0 && prefetch <= MOST_PREFETCHED,
        "prefetch",
        prefetch,
        "0 to " + MOST_PREFETCHED);
    require(
        precision.equals(FLOAT32) || precision.equals(BFLOAT16),
        "precision",
        precision,
        FLOAT32 + " or " + BFLOAT16);
  }

  /**
   * The defaults, which suit a small model on a laptop.
   *
   * @param model the model's preset
   * @return a config without data
   */
  public static RunConfig of(String model) {
    return new RunConfig(
        model,
        Map.of(),
        Optional.empty(),
        "",
        Map.of(),
        OptimizerConfig.DEFAULT,
        ScheduleConfig.DEFAULT,
        1,
        1,
        1000,
        1,
        0,
        "cpu",
        FLOAT32,
        false,
        false,
        2,
        10,
        200,
        0,
        200,
        2);
  }

  /** Whether the products of a training step are in bfloat16. */
  boolean isBfloat16() {
    return precision.equals(BFLOAT16);
  }

  /**
   * Checks that the device suits the precision.
   *
   * @throws UserException if it has no units for it and that was not allowed
   */
  void requireSuitable() {
    if (isBfloat16() && device.equals("cpu") && !allowSlowPrecision) {
      throw new UserException(
          "precision=bfloat16 is for GPUs: libtorch multiplies matrices in it on this kind of CPU"
              + " about 95 times slower than in float32; give precision=float32, or"
              + " allowSlowPrecision=true to run it all the same");
    }
  }

  /**
   * Checks that the learning rate does not rise to where it should fall to.
   *
   * @throws UserException if its end is above its peak
   */
  void requireFallingRate() {
    // A constant rate has no end.
    boolean falls = !schedule.name().equals("constant");
    require(
        !falls || schedule.minimumLearningRate() <= optimizer.lr(),
        "schedule.minimumLearningRate",
        schedule.minimumLearningRate(),
        "at most optimizer.lr, which is " + optimizer.lr());
  }

  /** The same run with everything spelled out. */
  RunConfig with(
      String fullModel, Map<String, Object> fullModelConfig, Map<String, Object> fullTask) {
    return with(fullModel, fullModelConfig, data, fullTask);
  }

  /** The same with other settings of the model. */
  RunConfig withModelOverrides(Map<String, Object> settings) {
    return with(model, settings, data, task);
  }

  /** Whether the data gives bytes, whatever a model's tokens mean. */
  boolean givesBytes() {
    return data.startsWith("text:");
  }

  /** Whether the task was given a tokenizer. */
  boolean namesTokenizer() {
    return !String.valueOf(task.getOrDefault(TOKENIZER, "")).isBlank();
  }

  /** The same with another tokenizer, if its data takes one. */
  RunConfig withTokenizer(Path tokenizer) {
    if (data.isEmpty()) {
      return this;
    }
    Record options = Tasks.parse(data).provider().defaults();
    if (!Configs.toMap(options).containsKey(TOKENIZER)) {
      return this;
    }
    Map<String, Object> tokenized = new LinkedHashMap<>(task);
    tokenized.put(TOKENIZER, tokenizer.toString());
    return with(model, modelOverrides, data, tokenized);
  }

  /** The same with other data; the task's options are those of the data's scheme again. */
  RunConfig withData(String other) {
    boolean sameScheme = scheme(other).equals(scheme(data));
    return with(model, modelOverrides, other, sameScheme ? task : Map.of());
  }

  private RunConfig with(
      String otherModel,
      Map<String, Object> otherOverrides,
      String otherData,
      Map<String, Object> otherTask) {
    return new RunConfig(
        otherModel,
        otherOverrides,
        initialFrom,
        otherData,
        otherTask,
        optimizer,
        schedule,
        clip,
        accumulate,
        steps,
        seed,
        emaDecay,
        device,
        precision,
        allowSlowPrecision,
        gradientCheckpointing,
        prefetch,
        logEvery,
        evaluateEvery,
        evaluateBatches,
        checkpointEvery,
        keep);
  }

  private static String scheme(String data) {
    int colon = data.indexOf(':');
    return colon < 0 ? data : data.substring(0, colon);
  }

  private static void require(boolean fine, String key, Object value, String expected) {
    if (!fine) {
      throw new UserException(key + "=" + value + " was given; it must be " + expected);
    }
  }
}
