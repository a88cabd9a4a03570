package org.attentionzoo.models.onnx;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.models.Configs;
import org.attentionzoo.models.ModelInput;
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
    Signature plain =
        new Signature(
            sizes(kind),
            kind.inputs().stream().map(ModelInput::name).toList(),
            List.of(kind.output()),
            (m, sizes) -> kind.random(m, config, sizes),
            (pass, in) -> model.forward(pass, in));
    return switch (kind) {
      case CAUSAL_LANGUAGE_MODEL, MASKED_LANGUAGE_MODEL, SEQUENCE_CLASSIFIER ->
          options.mask() ? masked(plain) : plain;
      case IMAGE_CLASSIFIER -> options.dynamicImage() ? ofAnySize(plain) : plain;
      case RECOMMENDER -> padded(plain);
      default -> plain;
    };
  }

  /** Every length is free, up to what the model takes. */
  private List<Signature.Size> sizes(ModelKind kind) {
    int longest = (int) ModelKind.longest(config);
    List<Signature.Size> sizes = new ArrayList<>(List.of(Signature.Size.batch()));
    kind.lengths().forEach(length -> sizes.add(Signature.Size.length(length, longest)));
    return sizes;
  }

  /** With a mask of rows that are padded on the left, on the right or not at all. */
  private Signature masked(Signature plain) {
    Signature masked =
        new Signature(
            plain.sizes(),
            List.of(plain.inputs().get(0), MASK),
            plain.outputs(),
            (m, sizes) -> plain.maker().make(m, sizes).addAll(mask(m, sizes)),
            (pass, in) -> model.forward(pass, new NDList(in.get(0), in.get(1).neq(0))));
    return isPossible(masked, Map.of(ModelInput.BATCH, 2, ModelInput.LENGTH, 5)) ? masked : plain;
  }

  private static NDList mask(NDManager m, Map<String, Integer> sizes) {
    int batch = sizes.get(ModelInput.BATCH);
    int length = sizes.get(ModelInput.LENGTH);
    long[] mask = new long[batch * length];
    for (int row = 0; row < batch; row++) {
      int count = row % 3 == 0 ? length : 1 + (row * 5 + length) % length;
      int from = row % 3 == 1 ? length - count : 0;
      Arrays.fill(mask, row * length + from, row * length + from + count, 1);
    }
    return new NDList(m.create(mask, new Shape(batch, length)));
  }

  /** Images of any height and width, if the model takes them. */
  private Signature ofAnySize(Signature plain) {
    int side = (int) Configs.size(config, "image");
    int least = Math.min(side, LEAST_IMAGE);
    List<Signature.Size> sizes = new ArrayList<>(plain.sizes());
    sizes.add(new Signature.Size("height", least, Integer.MAX_VALUE));
    sizes.add(new Signature.Size("width", least, Integer.MAX_VALUE));
    Signature any =
        new Signature(
            sizes,
            plain.inputs(),
            plain.outputs(),
            (m, given) ->
                new NDList(
                    m.randomNormal(
                        new Shape(
                            given.get(ModelInput.BATCH),
                            Configs.size(config, "channels"),
                            given.get("height"),
                            given.get("width")))),
            plain.forward());
    return isPossible(any, Map.of(ModelInput.BATCH, 2, "height", side + 7, "width", side + 12))
        ? any
        : plain;
  }

  /** With items padded on the left by 0 in every second row. */
  private static Signature padded(Signature plain) {
    return new Signature(
        plain.sizes(),
        plain.inputs(),
        plain.outputs(),
        (m, sizes) -> {
          NDArray items = plain.maker().make(m, sizes).head();
          int batch = sizes.get(ModelInput.BATCH);
          int length = sizes.get(ModelInput.LENGTH);
          long[] real = new long[batch * length];
          for (int row = 0; row < batch; row++) {
            int from = row % 2 == 0 ? 0 : (row * 3) % length;
            Arrays.fill(real, row * length + from, (row + 1) * length, 1);
          }
          return new NDList(items.mul(m.create(real, items.getShape())));
        },
        plain.forward());
  }

  private boolean isPossible(Signature signature, Map<String, Integer> sizes) {
    try (NDManager scope = manager.newSubManager();
        GradientMode ignored = GradientMode.off()) {
      Pass pass = Pass.inference(new ParameterStore(scope, false));
      return !signature.forward().run(pass, signature.maker().make(scope, sizes)).isEmpty();
    } catch (IllegalArgumentException
        | IllegalStateException
        | IndexOutOfBoundsException
        | EngineException e) {
      return false;
    }
  }
}
