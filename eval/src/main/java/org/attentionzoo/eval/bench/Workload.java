package org.attentionzoo.eval.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.BackwardPass;
import org.attentionzoo.blocks.DecodeCache;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Segments;
import org.attentionzoo.blocks.Taps;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.eval.verify.GoldenCase;
import org.attentionzoo.models.Configs;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.Papers;
import org.attentionzoo.training.tasks.LanguageModelObjective;

/**
 * A model with random weights and random inputs of its kind. Language models have their
 * cross-entropy as loss, all others the mean of the squared outputs and the auxiliary losses.
 *
 * <p>For one thread. Closing frees the model.
 */
public final class Workload implements AutoCloseable {

  private static final List<ModelKind> LANGUAGE_MODELS =
      List.of(
          ModelKind.CAUSAL_LANGUAGE_MODEL,
          ModelKind.MASKED_LANGUAGE_MODEL,
          ModelKind.SEQUENCE_TO_SEQUENCE);
  private static final long SEED = 1;
  private static final int DECODED = 16;

  private final NDManager manager;
  private final ZooBlock model;
  private final ParameterStore store;
  private final NDList inputs;
  private final NDArray labels;
  private final long items;
  private final Taps taps;
  private final Body body;

  /** What is run in a pass. */
  @FunctionalInterface
  private interface Body {
    NDList run(Pass pass, NDList inputs);
  }

  private Workload(
      NDManager manager, ZooBlock model, NDList inputs, NDArray labels, long items, Taps taps) {
    this(manager, model, inputs, labels, items, taps, model::forward);
  }

  private Workload(
      NDManager manager,
      ZooBlock model,
      NDList inputs,
      NDArray labels,
      long items,
      Taps taps,
      Body body) {
    this.manager = manager;
    this.body = body;
    this.model = model;
    this.inputs = inputs;
    this.labels = labels;
    this.items = items;
    this.taps = taps;
    store = new ParameterStore(manager, false);
  }

  /**
   * Builds and initialises a preset with inputs.
   *
   * @param parent what the model's memory belongs to; decides the device
   * @param preset the model
   * @param settings what differs from the preset's config, {@code key=value}
   * @param batch how many examples
   * @param length how many tokens each has; images, windows and vectors have their config's size
   * @return the workload
   * @throws UserException if the length is too large for the model or a key is unknown
   */
  public static Workload of(
      NDManager parent, Papers.Preset<?> preset, List<String> settings, int batch, int length) {
    return build(parent, preset, settings, batch, length);
  }

  /**
   * A component of a golden case with the official weights and inputs. All its passes are of
   * training or all of prediction, as the case is; those of an exported module are, too.
   *
   * @param parent what its memory belongs to; decides the device
   * @param folder the case
   * @param papers where its target is looked up
   * @return the workload; its loss is the mean of the squares of the case's first output alone
   * @throws UserException if the case cannot be read or does not fit its target
   */
  public static Workload ofCase(NDManager parent, Path folder, Papers papers) {
    NDManager manager = parent.newSubManager();
    try {
      GoldenCase golden = GoldenCase.open(folder, papers, manager);
      Body body = (pass, inputs) -> new NDList(golden.run(pass.store(), inputs));
      NDList inputs = golden.inputs();
      long items = inputs.head().getShape().get(0);
      return new Workload(manager, golden.block(), inputs, null, items, Taps.NONE, body);
    } catch (RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  private static <C extends Record> Workload build(
      NDManager parent, Papers.Preset<C> preset, List<String> settings, int batch, int length) {
    C config = Configs.override(preset.config(), settings);
    Map<String, Object> keys = Configs.toMap(config);
    ModelKind kind = preset.model().kind();
    boolean hasLength = !kind.lengths().isEmpty();
    long longest = ModelKind.longest(keys);
    if (hasLength && length > longest) {
      throw new UserException(
          "length " + length + " was given; " + preset.name() + " takes at most " + longest);
    }
    NDManager manager = parent.newSubManager();
    try {
      JniUtils.setSeed(SEED);
      ZooBlock model = preset.model().factory().apply(config);
      model.initialize(manager, DataType.FLOAT32);
      NDList inputs = kind.random(manager, keys, kind.sizes(batch, length));
      NDArray labels = null;
      if (LANGUAGE_MODELS.contains(kind)) {
        Shape shape = new Shape(batch, length);
        long vocabulary = Configs.size(keys, "vocabulary");
        labels = manager.randomInteger(0, vocabulary, shape, DataType.INT64);
      }
      long items = hasLength ? (long) batch * length : batch;
      return new Workload(manager, model, inputs, labels, items, Taps.NONE);
    } catch (IllegalArgumentException e) {
      manager.close();
      throw new UserException(preset.name() + " cannot be built: " + e.getMessage(), e);
    } catch (RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  /**
   * The same model and inputs with the mean of the squared outputs as loss, whatever the kind.
   *
   * @return shares this workload's memory; is not to be closed
   */
  public Workload withPlainLoss() {
    return new Workload(manager, model, inputs, null, items, taps, body);
  }

  /**
   * The same model and inputs with listeners in every pass but decoding.
   *
   * @param listeners who listens; made for this workload's model
   * @return shares this workload's memory; is not to be closed
   */
  Workload with(Taps listeners) {
    return new Workload(manager, model, inputs, labels, items, listeners, body);
  }

  /**
   * Counts the bytes of all arrays that a forward pass with gradients makes on the plain path,
   * where nothing is hidden in kernels. Views count as arrays.
   *
   * @return the number
   */
  long plainBytes() {
    try (NDManager scope = manager.newSubManager();
        GradientMode ignored = GradientMode.on()) {
      model.forward(Pass.training(store).with(taps).onPlainPath(), borrowed(inputs, scope));
      return scope.getManagedArrays().stream()
          .mapToLong(a -> a.size() * a.getDataType().getNumOfBytes())
          .sum();
    }
  }

  /**
   * The model.
   *
   * @return initialised
   */
  public ZooBlock model() {
    return model;
  }

  /**
   * What the model is fed.
   *
   * @return the inputs; they belong to the workload
   */
  public NDList inputs() {
    return inputs;
  }

  /**
   * How many tokens or examples one pass takes.
   *
   * @return the number
   */
  public long items() {
    return items;
  }

  /**
   * Whether the inputs have a length that can be chosen.
   *
   * @return true for what reads tokens
   */
  public boolean hasLength() {
    return inputs.head().getShape().dimension() == 2
        && inputs.head().getDataType() == DataType.INT64;
  }

  /** Predicts once, without gradients, and waits for the result. */
  public void predict() {
    try (NDManager scope = manager.newSubManager();
        GradientMode ignored = GradientMode.off()) {
      await(body.run(predicting(), borrowed(inputs, scope)).head());
    }
  }

  /** As evaluation does: what a layer made is given back, unless somebody listens. */
  private Pass predicting() {
    Pass pass = Pass.inference(store).with(taps);
    return taps.isEmpty() ? pass.with(Segments.released()) : pass;
  }

  /**
   * Reads one example into an empty decode cache, then goes on token by token.
   *
   * @return milliseconds of the first pass, and of each token after it
   */
  double[] decode() {
    try (NDManager scope = manager.newSubManager();
        GradientMode ignored = GradientMode.off();
        DecodeCache cache = new DecodeCache(scope)) {
      NDArray tokens = inputs.head().get("0:1");
      tokens.attach(scope);
      NDArray next = tokens.get(":, 0:1");
      long start = System.nanoTime();
      await(model.forward(predicting().with(cache), new NDList(tokens)).head());
      long filled = System.nanoTime();
      for (int i = 0; i < DECODED; i++) {
        try (NDManager step = scope.newSubManager()) {
          NDArray token = next.reshape(1, 1);
          token.attach(step);
          await(model.forward(predicting().with(cache), new NDList(token)).head());
        }
      }
      return new double[] {(filled - start) / 1e6, (System.nanoTime() - filled) / 1e6 / DECODED};
    }
  }

  /**
   * The first output of a forward pass with gradients.
   *
   * @return its shape and numbers
   */
  Output output() {
    try (NDManager scope = manager.newSubManager();
        GradientMode ignored = GradientMode.on()) {
      return Output.of(body.run(Pass.training(store).with(taps), borrowed(inputs, scope)).head());
    }
  }

  /**
   * Does a forward pass with gradients and waits for the loss.
   *
   * @throws UserException if the output is of whole numbers, as that of some golden cases
   */
  public void forward() {
    try (NDManager scope = manager.newSubManager();
        GradientMode ignored = GradientMode.on()) {
      await(loss(scope));
    }
  }

  /**
   * Does a forward and a backward pass and waits for both; gradients add up.
   *
   * @throws UserException if the output has no gradient, as that of some golden cases
   */
  public void forwardBackward() {
    try (NDManager scope = manager.newSubManager();
        GradientMode ignored = GradientMode.on()) {
      NDArray loss = loss(scope);
      await(loss);
      if (!BackwardPass.tryFrom(loss)) {
        throw new UserException(
            "the first output depends on no parameter that learns; expected one that does, whose"
                + " backward pass can be timed");
      }
    }
  }

  /**
   * The mean of the squares of an output: the loss of what has no labels.
   *
   * @param output any shape
   * @return a scalar
   */
  static NDArray meanSquare(NDArray output) {
    return output.square().mean();
  }

  private static NDArray floating(NDArray output) {
    if (!output.getDataType().isFloating()) {
      throw new UserException(
          "the first output is of type "
              + output.getDataType()
              + "; expected floating numbers, which have gradients");
    }
    return output;
  }

  private NDArray loss(NDManager scope) {
    Pass pass = Pass.training(store).with(taps);
    NDList outputs = body.run(pass, borrowed(inputs, scope));
    NDArray loss;
    if (labels == null) {
      loss = meanSquare(floating(outputs.head()));
    } else {
      Batch batch = new Batch(inputs, new NDList(labels), new long[0]);
      loss = LanguageModelObjective.ofTokens().evaluate(outputs, batch).loss();
    }
    for (NDArray auxiliary : pass.auxiliaryLosses().values()) {
      loss = loss.add(auxiliary);
    }
    return loss;
  }

  /** Views that belong to a step, so that all that follows does too. */
  static NDList borrowed(NDList values, NDManager scope) {
    NDList views = new NDList();
    for (NDArray value : values) {
      NDArray view = value.reshape(value.getShape());
      view.attach(scope);
      views.add(view);
    }
    return views;
  }

  /** Reads one number, which waits for all that it depends on. */
  static void await(NDArray array) {
    try (NDArray flat = array.reshape(-1);
        NDArray first = flat.get(0)) {
      first.toType(DataType.FLOAT32, false).getFloat();
    }
  }

  /** Frees the model and its inputs. */
  @Override
  public void close() {
    manager.close();
  }
}
