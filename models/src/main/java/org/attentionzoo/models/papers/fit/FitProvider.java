package org.attentionzoo.models.papers.fit;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.papers.fit.FitClassifier;
import org.attentionzoo.blocks.papers.fit.FitConfig;
import org.attentionzoo.blocks.papers.fit.FitConfig.Places;
import org.attentionzoo.blocks.papers.fit.FitEncoder;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;

/** FIT: Far-reaching Interleaved Transformers (Chen and Li 2023). */
@AutoService(PaperProvider.class)
public final class FitProvider implements PaperProvider {

  private static final String ID = "fit";

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
            "fit",
            ID,
            ModelKind.IMAGE_CLASSIFIER,
            "image classifier of interleaved local and global Transformers",
            FitModelConfig.class,
            Map.of("tiny", new FitModelConfig(32, 3, 4, 10, 2, "(1)1(1)1(1)1", 4, 64, 64, 2, 2, 4)),
            c -> new FitClassifier(c.encoder(), c.patch(), c.channels(), c.classes())));
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    return List.of(
        encoder("interleaved", new FitConfig("(1)1(1)2", 6, 2, 3, 8, 12, 2, 4, 2, false, 5, 0)),
        encoder("causal", new FitConfig("(1)2(1)1", 6, 3, 2, 12, 8, 4, 2, 2, true, 5, 0)),
        encoder("with a condition", new FitConfig("(0)1(2)1", 8, 2, 2, 8, 8, 2, 2, 1, false, 3, 2)),
        encoder("one group", new FitConfig("(2)1", 5, 1, 2, 8, 8, 2, 2, 2, false, 3, 0)),
        encoder(
            "fixed places",
            new FitConfig(
                "(1)1(1)", 8, 2, 2, 8, 8, 2, 2, 2, false, 3, 0, Places.SQUARE, Places.LINE)));
  }

  private static Specimen encoder(String label, FitConfig config) {
    return Specimen.of(
        "fit/encoder, " + label,
        ID,
        () -> new FitEncoder(config),
        (m, batch, length) -> {
          NDList inputs =
              new NDList(
                  m.randomNormal(
                      new Shape(
                          batch,
                          config.groups(),
                          config.tokens() / config.groups(),
                          config.features())));
          if (config.conditionFeatures() > 0) {
            inputs.add(
                m.randomNormal(new Shape(batch, config.groups(), 2, config.conditionFeatures())));
          }
          return inputs;
        });
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return List.of(new GoldenTarget("fit/encoder", FitProvider::golden));
  }

  /**
   * {@code FIT(layers, x_size, num_groups, latents_per_group, x_dim, latent_dim, x_num_heads,
   * latent_num_heads, mlp_ratio=4, drop_path=0, drop_units=0, drop_att=0, x_pos_encoding='learned',
   * latent_pos_encoding='learned', mask='none')}; c and y_dim are the widths of its inputs, which
   * Keras infers.
   */
  private static GoldenTarget.Case golden(GoldenConfig config) {
    config.ignore("drop_path", "drop_units", "drop_att");
    String mask = config.text("mask", "none");
    if (!"none".equals(mask) && !"causal".equals(mask)) {
      throw new IllegalArgumentException(
          "config key 'mask' is " + mask + "; expected none or causal");
    }
    FitConfig sizes =
        new FitConfig(
            config.text("layers", ""),
            config.integer("x_size"),
            config.integer("num_groups"),
            config.integer("latents_per_group"),
            config.integer("x_dim"),
            config.integer("latent_dim"),
            config.integer("x_num_heads"),
            config.integer("latent_num_heads"),
            config.integer("mlp_ratio", 4),
            "causal".equals(mask),
            config.integer("c"),
            config.integer("y_dim", 0),
            places(config, "x_pos_encoding"),
            places(config, "latent_pos_encoding"));
    config.finish();
    FitEncoder encoder = new FitEncoder(sizes);
    return new GoldenTarget.Case(
        encoder,
        (pass, inputs) -> {
          NDArray condition = sizes.conditionFeatures() > 0 ? inputs.get("y") : null;
          NDList outputs = encoder.encode(pass, inputs.get("x"), condition);
          return Map.of("x", outputs.get(0), "latents", outputs.get(1));
        },
        FitProvider::rename);
  }

  private static Places places(GoldenConfig config, String key) {
    String encoding = config.text(key, "learned");
    return switch (String.valueOf(encoding)) {
      case "learned" -> Places.LEARNED;
      case "sin_cos" -> Places.LINE;
      case "sin_cos2d" -> Places.SQUARE;
      default ->
          throw new IllegalArgumentException(
              "config key '"
                  + key
                  + "' is "
                  + encoding
                  + "; expected learned, sin_cos or, for x, sin_cos2d");
    };
  }

  /** Keras' slashes to dots, its norms' gamma and beta to weight and bias. */
  static String rename(String official) {
    return official
        .replace("/kernel/vis_pos_embedding", "")
        .replaceAll("/gamma$", "/weight")
        .replaceAll("(^|/)([^/]*ln)/beta$", "$1$2/bias")
        .replace('/', '.');
  }
}
