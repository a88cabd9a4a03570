package org.attentionzoo.models.papers.gaam;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.papers.gaam.GaussianBlock;
import org.attentionzoo.blocks.papers.gaam.GaussianBlock.Layer;
import org.attentionzoo.blocks.papers.gaam.GaussianSignalClassifier;
import org.attentionzoo.blocks.papers.gaam.MultiHeadGaussianAdaptiveAttention;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.papers.gaam.GaamConfig.Axis;

/** Gaussian Adaptive Attention is All You Need (Ioannides et al. 2024). */
@AutoService(PaperProvider.class)
public final class GaamProvider implements PaperProvider {

  private static final String ID = "gaam";

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<ModelEntry<?>> models() {
    Map<String, GaamConfig> presets = new LinkedHashMap<>();
    presets.put("tiny", new GaamConfig(256, 4, 32, 9, true, 3, Axis.TIME, 1, 4));
    presets.put("features", new GaamConfig(256, 4, 32, 9, true, 3, Axis.FEATURES, 4, 4));
    presets.put("pooling", new GaamConfig(256, 4, 32, 9, true, 0, Axis.TIME, 1, 4));
    return List.of(
        new ModelEntry<>(
            "gaam",
            ID,
            ModelKind.SEQUENCE_CLASSIFIER,
            "classifier of signals: frozen features weighed by Gaussians",
            GaamConfig.class,
            presets,
            GaamProvider::build));
  }

  private static ZooBlock build(GaamConfig config) {
    return new GaussianSignalClassifier(
        config.vocabulary(),
        config.classes(),
        config.width(),
        config.kernel(),
        config.frozen(),
        config.attention());
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    return List.of(
        features("two axes", List.of(new Layer(1, 1, 3), new Layer(2, 3, 2), new Layer(-1, 1, 4))),
        features("one head", List.of(new Layer(2, 1, 1))),
        signals("trained encoder", new GaamConfig(16, 3, 8, 3, false, 2, Axis.TIME, 1, 2)),
        signals("features", new GaamConfig(16, 3, 8, 3, true, 2, Axis.FEATURES, 2, 3)),
        signals("plain pooling", new GaamConfig(16, 3, 8, 3, true, 0, Axis.TIME, 1, 1)));
  }

  private static Specimen features(String label, List<Layer> layers) {
    return Specimen.of(
        "gaam/block, " + label,
        ID,
        () -> new GaussianBlock(layers, OptionalDouble.empty()),
        (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, length, 7))));
  }

  private static Specimen signals(String label, GaamConfig config) {
    return Specimen.of(
        "gaam/classifier, " + label,
        ID,
        () -> build(config),
        (m, batch, length) ->
            new NDList(
                m.randomInteger(0, config.vocabulary(), new Shape(batch, length), DataType.INT64)));
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return List.of(
        new GoldenTarget("gaam/multi-head", GaamProvider::multiHead),
        new GoldenTarget("gaam/gaussian-block", GaamProvider::block));
  }

  /**
   * {@code MultiHeadGaussianAdaptiveAttention(norm_axis, num_heads, num_gaussians,
   * padding_value=None, eps=1e-8)}; the official code hands eps to another argument, so that it has
   * no effect.
   */
  private static GoldenTarget.Case multiHead(GoldenConfig config) {
    config.ignore("eps");
    MultiHeadGaussianAdaptiveAttention block =
        new MultiHeadGaussianAdaptiveAttention(
            config.integer("norm_axis"),
            config.integer("num_heads"),
            config.integer("num_gaussians"),
            padding(config));
    config.finish();
    return new GoldenTarget.Case(
        block,
        (pass, inputs) -> {
          NDList results = block.forward(pass, new NDList(inputs.get("x")));
          return Map.of("output", results.get(0), "mixture", results.get(1));
        });
  }

  /**
   * {@code GaussianBlock(norm_axes, num_heads, num_gaussians, num_layers, padding_value=None,
   * eps=1e-8)}.
   */
  private static GoldenTarget.Case block(GoldenConfig config) {
    config.ignore("eps");
    List<Integer> axes = config.integers("norm_axes", null);
    List<Integer> heads = config.integers("num_heads", null);
    List<Integer> gaussians = config.integers("num_gaussians", null);
    int count = config.integer("num_layers");
    for (List<Integer> each : Arrays.asList(axes, heads, gaussians)) {
      if (each == null || each.size() != count) {
        throw new IllegalArgumentException(
            "norm_axes "
                + axes
                + ", num_heads "
                + heads
                + " and num_gaussians "
                + gaussians
                + " must each be a list of as many numbers as num_layers says: "
                + count);
      }
    }
    List<Layer> layers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      layers.add(new Layer(axes.get(i), heads.get(i), gaussians.get(i)));
    }
    GaussianBlock block = new GaussianBlock(layers, padding(config));
    config.finish();
    return new GoldenTarget.Case(
        block,
        (pass, inputs) -> {
          NDList results = block.forward(pass, new NDList(inputs.get("x")));
          Map<String, NDArray> outputs = new LinkedHashMap<>();
          outputs.put("output", results.get(0));
          for (int i = 1; i < results.size(); i++) {
            outputs.put("mixture.layer_" + (i - 1), results.get(i));
          }
          return outputs;
        });
  }

  private static OptionalDouble padding(GoldenConfig config) {
    return config.has("padding_value")
        ? OptionalDouble.of(config.decimal("padding_value", 0))
        : OptionalDouble.empty();
  }
}
