package org.attentionzoo.eval.sweep;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.jni.JniUtils;
import java.util.Map;
import java.util.Set;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Mixer;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.models.Configs;
import org.attentionzoo.models.Papers;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Property;
import org.attentionzoo.models.Specimen.Trait;

/** What the sweep walks over: a specimen, or a model's first preset made into one. */
record Subject(Specimen specimen) {

  static Subject of(Papers.Preset<?> preset) {
    return new Subject(
        new Specimen(
            preset.name(),
            preset.model().paper(),
            preset::build,
            inputs(preset),
            traits(preset),
            ModelExceptions.properties(preset.model().paper(), preset.name()),
            2e-5,
            "float32 rounding"));
  }

  private static Set<Trait> traits(Papers.Preset<?> preset) {
    return switch (preset.model().kind()) {
      case CAUSAL_LANGUAGE_MODEL -> Set.of(Trait.CAUSAL, Trait.STREAMING, Trait.MASKED);
      case MASKED_LANGUAGE_MODEL -> Set.of(Trait.MASKED);
      default -> Set.of();
    };
  }

  /** By the names that configs give to what the data decides. */
  private static Specimen.Inputs inputs(Papers.Preset<?> preset) {
    Record config = preset.config();
    return switch (preset.model().kind()) {
      case CAUSAL_LANGUAGE_MODEL, MASKED_LANGUAGE_MODEL, SEQUENCE_CLASSIFIER ->
          (manager, batch, length) ->
              new NDList(tokens(manager, size(config, "vocabulary"), batch, length));
      case SEQUENCE_TO_SEQUENCE ->
          (manager, batch, length) ->
              new NDList(
                  tokens(manager, size(config, "vocabulary"), batch, length + 2),
                  tokens(manager, size(config, "vocabulary"), batch, length));
      case RECOMMENDER ->
          (manager, batch, length) ->
              new NDList(tokens(manager, size(config, "items"), batch, length));
      case IMAGE_CLASSIFIER ->
          (manager, batch, length) ->
              new NDList(
                  manager.randomNormal(
                      new Shape(
                          batch,
                          size(config, "channels"),
                          size(config, "image"),
                          size(config, "image"))));
      case DIFFUSION ->
          (manager, batch, length) ->
              new NDList(
                  manager.randomNormal(
                      new Shape(
                          batch,
                          size(config, "channels"),
                          size(config, "image"),
                          size(config, "image"))),
                  manager.randomUniform(0, 1000, new Shape(batch)),
                  manager.randomInteger(
                      0, size(config, "classes"), new Shape(batch), DataType.INT64));
      case FORECASTER ->
          (manager, batch, length) ->
              new NDList(
                  manager.randomNormal(
                      new Shape(batch, size(config, "window"), size(config, "channels"))));
      case REGRESSOR ->
          (manager, batch, length) ->
              new NDList(manager.randomNormal(new Shape(batch, size(config, "features"))));
    };
  }

  private static NDArray tokens(NDManager manager, long count, int batch, int length) {
    return manager.randomInteger(0, count, new Shape(batch, length), DataType.INT64);
  }

  private static long size(Record config, String key) {
    Object value = find(Configs.toMap(config), key);
    if (value instanceof Number number) {
      return number.longValue();
    }
    throw new IllegalStateException(
        config.getClass().getName()
            + " has no component '"
            + key
            + "': the sweep does not know what to feed its model");
  }

  private static Object find(Map<?, ?> map, String key) {
    if (map.containsKey(key)) {
      return map.get(key);
    }
    for (Object value : map.values()) {
      Object inner = value instanceof Map<?, ?> nested ? find(nested, key) : null;
      if (inner != null) {
        return inner;
      }
    }
    return null;
  }

  boolean has(Trait trait) {
    return specimen.traits().contains(trait);
  }

  boolean has(Property property) {
    return !specimen.exceptions().containsKey(property);
  }

  double tolerance() {
    return specimen.tolerance();
  }

  /** Initialised, then moved a little, so that nothing is zero or equal by its initial value. */
  ZooBlock build(NDManager manager, long seed) {
    JniUtils.setSeed(seed);
    ZooBlock block = specimen.factory().get();
    block.initialize(manager, DataType.FLOAT32);
    try (GradientMode ignored = GradientMode.off();
        NDManager scope = manager.newSubManager()) {
      for (Parameter parameter : StateDict.of(block).values()) {
        if (parameter.requiresGradient()) {
          NDArray noise = scope.randomNormal(parameter.getShape()).mul(0.02);
          parameter.getArray().addi(noise);
        }
      }
    }
    return block;
  }

  NDList inputs(NDManager manager, long seed, int batch, int length) {
    JniUtils.setSeed(seed);
    try (GradientMode ignored = GradientMode.off()) {
      return specimen.inputs().make(manager, batch, length);
    }
  }

  /** One pass; {@code valid} (B, L) is false where padded, null if nothing is. */
  NDList run(Pass pass, ZooBlock block, NDList inputs, NDArray valid) {
    if (valid == null) {
      return block.forward(pass, inputs);
    }
    if (block instanceof Mixer mixer) {
      return new NDList(mixer.mix(pass, inputs.head(), Sequences.padded(valid)));
    }
    NDList padded = new NDList(inputs);
    padded.add(valid);
    return block.forward(pass, padded);
  }

  @Override
  public String toString() {
    return specimen.name();
  }
}
