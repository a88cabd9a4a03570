package org.attentionzoo.eval.sweep;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
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
import org.attentionzoo.models.ModelKind;
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

  /** A source is longer than its target, so that nothing can rely on one length. */
  private static Specimen.Inputs inputs(Papers.Preset<?> preset) {
    ModelKind kind = preset.model().kind();
    Map<String, Object> config = Configs.toMap(preset.config());
    return (manager, batch, length) -> {
      Map<String, Integer> sizes = kind.sizes(batch, length);
      sizes.computeIfPresent("source_length", (name, given) -> given + 2);
      return kind.random(manager, config, sizes);
    };
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
