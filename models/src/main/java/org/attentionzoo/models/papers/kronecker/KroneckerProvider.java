package org.attentionzoo.models.papers.kronecker;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.attentionzoo.blocks.papers.kronecker.PolynomialTensorAttention;
import org.attentionzoo.blocks.papers.kronecker.TensorAttention;
import org.attentionzoo.blocks.papers.kronecker.TensorAttentionConfig;
import org.attentionzoo.blocks.papers.kronecker.TensorProductAttention;
import org.attentionzoo.blocks.papers.kronecker.TensorScale;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Trait;

/**
 * How to Capture Higher-order Correlations? Generalizing Matrix Softmax Attention to Kronecker
 * Computation (Alman and Song 2023).
 */
@AutoService(PaperProvider.class)
public final class KroneckerProvider implements PaperProvider {

  private static final String ID = "kronecker-tensor-attention";

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<ModelEntry<?>> models() {
    return List.of(
        new ModelEntry<>(
            "tensor-attention",
            ID,
            ModelKind.MASKED_LANGUAGE_MODEL,
            "encoder whose tokens attend to pairs of tokens, with a label for each token",
            TensorTaggerConfig.class,
            Map.of("tiny", new TensorTaggerConfig(31, 64, 1, 128, 2, 16, 3, TensorScale.SQRT)),
            TensorTagger::new));
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    return List.of(
        attention("order 3", 3, false, Trait.MASKED),
        attention("order 3, causal", 3, true, Trait.MASKED, Trait.CAUSAL),
        attention("order 2", 2, false, Trait.MASKED),
        Specimen.of(
            ID + "/core of order 4",
            ID,
            () -> new TensorProductAttention(TensorScale.D, true),
            (m, batch, length) -> new NDList(arrays(m, 7, new Shape(batch, 2, 4, 3)))),
        Specimen.of(
            ID + "/polynomial",
            ID,
            () -> new PolynomialTensorAttention(4, 0.8, TensorScale.D),
            (m, batch, length) -> {
              NDList inputs = new NDList();
              for (int i = 0; i < 5; i++) {
                inputs.add(m.randomUniform(-0.8f, 0.8f, new Shape(batch, 2, 5, 3)));
              }
              return inputs;
            }));
  }

  private static NDList arrays(NDManager manager, int count, Shape shape) {
    NDList arrays = new NDList();
    for (int i = 0; i < count; i++) {
      arrays.add(manager.randomNormal(shape));
    }
    return arrays;
  }

  private static Specimen attention(String label, int order, boolean causal, Trait... traits) {
    TensorAttentionConfig config =
        new TensorAttentionConfig(8, 2, 3, order, causal, TensorScale.SQRT);
    return Specimen.of(
        ID + "/attention of " + label,
        ID,
        () -> new TensorAttention(config),
        (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, length, 8))),
        traits);
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return List.of(
        new GoldenTarget(ID + "/core", KroneckerProvider::core),
        new GoldenTarget(ID + "/polynomial", KroneckerProvider::polynomial));
  }

  /** Config: order, scale (d or sqrt), causal. */
  private static GoldenTarget.Case core(GoldenConfig config) {
    int order = config.integer("order", 3);
    TensorProductAttention block =
        new TensorProductAttention(scale(config), config.flag("causal", false));
    config.finish();
    List<String> names = new ArrayList<>(List.of("q"));
    for (String kind : List.of("k", "v")) {
      for (int i = 1; i < order; i++) {
        names.add(kind + i);
      }
    }
    return new GoldenTarget.Case(
        block,
        (pass, inputs) -> {
          NDList arrays = new NDList();
          names.forEach(n -> arrays.add(inputs.get(n)));
          return Map.of("output", block.forward(pass, arrays).head());
        });
  }

  /** Config: degree, bound, scale (d or sqrt). */
  private static GoldenTarget.Case polynomial(GoldenConfig config) {
    PolynomialTensorAttention block =
        new PolynomialTensorAttention(
            config.integer("degree"), config.decimal("bound", 1), scale(config));
    config.finish();
    return new GoldenTarget.Case(
        block,
        (pass, inputs) -> {
          NDList arrays = new NDList();
          for (String name : List.of("q", "k1", "k2", "v1", "v2")) {
            arrays.add(inputs.get(name));
          }
          NDList outputs = block.forward(pass, arrays);
          return Map.of("output", outputs.get(0), "denominator", outputs.get(1));
        });
  }

  private static TensorScale scale(GoldenConfig config) {
    String name = config.text("scale", "d");
    if (!"d".equals(name) && !"sqrt".equals(name)) {
      throw new IllegalArgumentException("config key 'scale' is " + name + "; expected d or sqrt");
    }
    return TensorScale.valueOf(name.toUpperCase(Locale.ROOT));
  }
}
