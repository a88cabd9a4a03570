package org.attentionzoo.models.djl;

import ai.djl.Model;
import ai.djl.modality.Classifications;
import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.transform.Normalize;
import ai.djl.modality.cv.transform.Resize;
import ai.djl.modality.cv.transform.ToTensor;
import ai.djl.modality.cv.translator.ImageClassificationTranslator;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.translate.NoopTranslator;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorContext;
import ai.djl.translate.TranslatorFactory;
import ai.djl.util.Pair;
import java.lang.reflect.Type;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.attentionzoo.models.ModelKind;

/** What can be asked of each kind of model besides arrays. */
final class Translators implements TranslatorFactory {

  private static final float[] IMAGENET_MEAN = {0.485f, 0.456f, 0.406f};
  private static final float[] IMAGENET_DEVIATION = {0.229f, 0.224f, 0.225f};
  private static final int COLOURS = 3;
  private static final int USUAL_SIDE = 224;

  private final ModelKind kind;

  Translators(ModelKind kind) {
    this.kind = kind;
  }

  /** How an output for one input, without the batch's axis, is told. */
  private interface Reading<O> {
    O of(NDArray output);
  }

  /** Tokens or items in, whatever the model's kind makes of them out. */
  private record Tokens<O>(long count, Reading<O> reading) implements Translator<long[], O> {
    @Override
    public NDList processInput(TranslatorContext context, long[] tokens) {
      if (tokens.length == 0) {
        throw new IllegalArgumentException("no token was given; the model needs at least one");
      }
      for (long token : tokens) {
        if (token < 0 || token >= count) {
          throw new IllegalArgumentException(
              token + " was given; the model's numbers are 0 to " + (count - 1));
        }
      }
      return new NDList(context.getNDManager().create(tokens));
    }

    @Override
    public O processOutput(TranslatorContext context, NDList outputs) {
      return reading.of(outputs.head());
    }
  }

  /** Numbers in, numbers out. */
  private static final class Numbers implements Translator<float[], float[]> {
    @Override
    public NDList processInput(TranslatorContext context, float[] values) {
      return new NDList(context.getNDManager().create(values));
    }

    @Override
    public float[] processOutput(TranslatorContext context, NDList outputs) {
      return outputs.head().toFloatArray();
    }
  }

  /** {@inheritDoc} */
  @Override
  public Set<Pair<Type, Type>> getSupportedTypes() {
    Set<Pair<Type, Type>> types = new LinkedHashSet<>();
    types.add(new Pair<>(NDList.class, NDList.class));
    switch (kind) {
      case CAUSAL_LANGUAGE_MODEL, RECOMMENDER -> types.add(new Pair<>(long[].class, float[].class));
      case MASKED_LANGUAGE_MODEL -> types.add(new Pair<>(long[].class, float[][].class));
      case SEQUENCE_CLASSIFIER -> types.add(new Pair<>(long[].class, Classifications.class));
      case IMAGE_CLASSIFIER -> types.add(new Pair<>(Image.class, Classifications.class));
      case REGRESSOR -> types.add(new Pair<>(float[].class, float[].class));
      default -> {
        return types;
      }
    }
    return types;
  }

  /** {@inheritDoc} */
  @Override
  public boolean isSupported(Class<?> input, Class<?> output) {
    return getSupportedTypes().contains(new Pair<Type, Type>(orArrays(input), orArrays(output)));
  }

  private static Class<?> orArrays(Class<?> type) {
    return type == null ? NDList.class : type;
  }

  /** {@inheritDoc} */
  @Override
  public <I, O> Translator<I, O> newInstance(
      Class<I> input, Class<O> output, Model model, Map<String, ?> arguments) {
    return newInstance(input, output, Map.of(), List.of());
  }

  /**
   * Makes a translator of supported types.
   *
   * @param config the model's config by key: an image's size is asked of it
   * @param labels the names of classes; empty for numbers
   */
  @SuppressWarnings("unchecked")
  <I, O> Translator<I, O> newInstance(
      Class<I> input, Class<O> output, Map<String, Object> config, List<String> labels) {
    if (orArrays(input) == NDList.class) {
      return (Translator<I, O>) new NoopTranslator();
    }
    // An item's number is at least 1; 0 is padding.
    long count =
        config.get("vocabulary") instanceof Number size
            ? size.longValue()
            : config.get("items") instanceof Number items ? items.longValue() + 1 : Long.MAX_VALUE;
    Translator<?, ?> made =
        switch (kind) {
          case CAUSAL_LANGUAGE_MODEL ->
              new Tokens<>(count, logits -> logits.get("-1").softmax(-1).toFloatArray());
          case MASKED_LANGUAGE_MODEL -> new Tokens<>(count, Translators::rows);
          case RECOMMENDER -> new Tokens<>(count, scores -> scores.toFloatArray());
          case SEQUENCE_CLASSIFIER ->
              new Tokens<>(
                  count, logits -> new Classifications(names(labels, logits), logits.softmax(-1)));
          case REGRESSOR -> new Numbers();
          case IMAGE_CLASSIFIER -> images(config, labels);
          default -> throw new IllegalArgumentException(kind + " has no translator");
        };
    return (Translator<I, O>) made;
  }

  private static float[][] rows(NDArray logits) {
    float[] all = logits.softmax(-1).toFloatArray();
    int width = (int) logits.getShape().get(1);
    float[][] rows = new float[all.length / width][width];
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(all, i * width, rows[i], 0, width);
    }
    return rows;
  }

  private static List<String> names(List<String> labels, NDArray logits) {
    int classes = (int) logits.size();
    return labels.size() == classes
        ? labels
        : IntStream.range(0, classes).mapToObj(String::valueOf).toList();
  }

  private static Translator<Image, Classifications> images(
      Map<String, Object> config, List<String> labels) {
    int side = number(config, "image", USUAL_SIDE);
    boolean grey = number(config, "channels", COLOURS) == 1;
    ImageClassificationTranslator.Builder builder =
        ImageClassificationTranslator.builder()
            .setImageSize(side, side)
            .addTransform(new Resize(side, side))
            .addTransform(new ToTensor());
    if (grey) {
      builder.optFlag(Image.Flag.GRAYSCALE);
    } else {
      builder.addTransform(new Normalize(IMAGENET_MEAN, IMAGENET_DEVIATION));
    }
    int classes = number(config, "classes", labels.size());
    List<String> names =
        labels.size() == classes
            ? labels
            : IntStream.range(0, classes).mapToObj(String::valueOf).toList();
    return builder.optSynset(names).optApplySoftmax(true).build();
  }

  private static int number(Map<String, Object> config, String key, int fallback) {
    return config.get(key) instanceof Number number ? number.intValue() : fallback;
  }
}
