package org.attentionzoo.models.onnx;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.models.ModelKind;

/** How models of each kind are called, by the names that configs give to their sizes. */
public final class ModelSignatures {

  /** The input that tells tokens, 1, from padding, 0. */
  public static final String MASK = "attention_mask";

  private static final int LEAST_IMAGE = 32;

  private final ZooBlock model;
  private final NDManager manager;
  private final Map<String, Object> config;
  private final Options options;

  /**
   * Choices.
   *
   * @param mask whether a model of tokens takes a mask of padding if it can
   * @param dynamicImage whether images may have any size if the model takes any
   */
  public record Options(boolean mask, boolean dynamicImage) {}

  private ModelSignatures(
      ZooBlock model, NDManager manager, Map<String, Object> config, Options options) {
    this.model = model;
    this.manager = manager;
    this.config = config;
    this.options = options;
  }

  /**
   * How a model is called.
   *
   * @param model the model, initialised
   * @param manager the parent of what is tried
   * @param kind what it computes
   * @param config its config
   * @param options choices
   * @return inputs, outputs and free sizes
   */
  public static Signature of(
      ZooBlock model,
      NDManager manager,
      ModelKind kind,
      Map<String, Object> config,
      Options options) {
    return new ModelSignatures(model, manager, config, options).of(kind);
  }

  private Signature of(ModelKind kind) {
    return switch (kind) {
      case CAUSAL_LANGUAGE_MODEL, MASKED_LANGUAGE_MODEL, SEQUENCE_CLASSIFIER -> tokens();
      case SEQUENCE_TO_SEQUENCE -> pairs();
      case RECOMMENDER ->
          new Signature(
              List.of(Signature.Size.batch(), Signature.Size.length(number("maxlen"))),
              List.of("histories"),
              List.of("scores"),
              (m, sizes) -> new NDList(histories(m, sizes.get("batch"), sizes.get("length"))),
              (pass, in) -> model.forward(pass, in));
      case IMAGE_CLASSIFIER -> images();
      case DIFFUSION ->
          new Signature(
              List.of(Signature.Size.batch()),
              List.of("images", "timesteps", "labels"),
              List.of("noise"),
              (m, sizes) -> {
                int batch = sizes.get("batch");
                return new NDList(
                    m.randomNormal(image(batch, number("image"), number("image"))),
                    m.randomUniform(0, 1000, new Shape(batch)),
                    m.randomInteger(0, number("classes"), new Shape(batch), DataType.INT64));
              },
              (pass, in) -> model.forward(pass, in));
      case FORECASTER ->
          rows("windows", "forecasts", new Shape(number("window"), number("channels")));
      case REGRESSOR -> rows("features", "values", new Shape(number("features")));
    };
  }

  /** Source and target each have a length of their own. */
  private Signature pairs() {
    int vocabulary = number("vocabulary");
    return new Signature(
        List.of(
            Signature.Size.batch(),
            new Signature.Size("source_length", 1, Integer.MAX_VALUE),
            new Signature.Size("target_length", 1, Integer.MAX_VALUE)),
        List.of("source_ids", "target_ids"),
        List.of("logits"),
        (m, sizes) -> {
          int batch = sizes.get("batch");
          Shape source = new Shape(batch, sizes.get("source_length"));
          Shape target = new Shape(batch, sizes.get("target_length"));
          return new NDList(
              m.randomInteger(0, vocabulary, source, DataType.INT64),
              m.randomInteger(0, vocabulary, target, DataType.INT64));
        },
        (pass, in) -> model.forward(pass, in));
  }

  private Signature rows(String input, String output, Shape row) {
    return new Signature(
        List.of(Signature.Size.batch()),
        List.of(input),
        List.of(output),
        (m, sizes) -> new NDList(m.randomNormal(new Shape(sizes.get("batch")).addAll(row))),
        (pass, in) -> model.forward(pass, in));
  }

  private Signature tokens() {
    int most = find(config, "maximumPositions") ? number("maximumPositions") : Integer.MAX_VALUE;
    boolean masked = options.mask() && takes(m -> masked(m, 2, 5), 2);
    List<String> inputs = new ArrayList<>(List.of("input_ids"));
    if (masked) {
      inputs.add(MASK);
    }
    return new Signature(
        List.of(Signature.Size.batch(), Signature.Size.length(most)),
        inputs,
        List.of("logits"),
        (m, sizes) -> {
          NDList both = masked(m, sizes.get("batch"), sizes.get("length"));
          return masked ? both : new NDList(both.get(0));
        },
        (pass, in) ->
            model.forward(
                pass, masked ? new NDList(in.get(0), in.get(1).neq(0)) : new NDList(in.get(0))));
  }

  private Signature images() {
    int side = number("image");
    boolean any =
        options.dynamicImage()
            && takes(m -> new NDList(m.randomNormal(image(2, side + 7, side + 12))), 1);
    List<Signature.Size> sizes = new ArrayList<>(List.of(Signature.Size.batch()));
    if (any) {
      int least = Math.min(side, LEAST_IMAGE);
      sizes.add(new Signature.Size("height", least, Integer.MAX_VALUE));
      sizes.add(new Signature.Size("width", least, Integer.MAX_VALUE));
    }
    return new Signature(
        sizes,
        List.of("images"),
        List.of("logits"),
        (m, given) ->
            new NDList(
                m.randomNormal(
                    image(
                        given.get("batch"),
                        given.getOrDefault("height", side),
                        given.getOrDefault("width", side)))),
        (pass, in) -> model.forward(pass, in));
  }

  private Shape image(long batch, long height, long width) {
    return new Shape(batch, number("channels"), height, width);
  }

  /** Tokens, and a mask of rows that are padded on the left, on the right or not at all. */
  private NDList masked(NDManager m, int batch, int length) {
    Shape shape = new Shape(batch, length);
    long[] mask = new long[batch * length];
    for (int row = 0; row < batch; row++) {
      int count = row % 3 == 0 ? length : 1 + (row * 5 + length) % length;
      int from = row % 3 == 1 ? length - count : 0;
      Arrays.fill(mask, row * length + from, row * length + from + count, 1);
    }
    return new NDList(
        m.randomInteger(0, number("vocabulary"), shape, DataType.INT64), m.create(mask, shape));
  }

  /** Items, padded on the left with 0 in every second row. */
  private NDArray histories(NDManager m, int batch, int length) {
    Shape shape = new Shape(batch, length);
    long[] real = new long[batch * length];
    for (int row = 0; row < batch; row++) {
      int from = row % 2 == 0 ? 0 : (row * 3) % length;
      Arrays.fill(real, row * length + from, (row + 1) * length, 1);
    }
    return m.randomInteger(1, number("items") + 1L, shape, DataType.INT64)
        .mul(m.create(real, shape));
  }

  /** Makes inputs of a probe. */
  @FunctionalInterface
  private interface Probe {
    NDList make(NDManager manager);
  }

  private boolean takes(Probe probe, int inputs) {
    try (NDManager scope = manager.newSubManager();
        GradientMode ignored = GradientMode.off()) {
      NDList made = probe.make(scope);
      if (inputs == 2) {
        made = new NDList(made.get(0), made.get(1).neq(0));
      }
      return !model.forward(Pass.inference(new ParameterStore(scope, false)), made).isEmpty();
    } catch (IllegalArgumentException
        | IllegalStateException
        | IndexOutOfBoundsException
        | EngineException e) {
      return false;
    }
  }

  private int number(String key) {
    Object value = value(config, key);
    if (value instanceof Number number) {
      return number.intValue();
    }
    throw new UserException(
        "the model's config has no size '" + key + "', so that it is unknown what to feed it");
  }

  private static boolean find(Map<?, ?> map, String key) {
    return value(map, key) instanceof Number;
  }

  private static Object value(Map<?, ?> map, String key) {
    if (map.containsKey(key)) {
      return map.get(key);
    }
    for (Object inner : map.values()) {
      Object found = inner instanceof Map<?, ?> nested ? value(nested, key) : null;
      if (found != null) {
        return found;
      }
    }
    return null;
  }
}
