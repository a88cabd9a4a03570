package org.attentionzoo.models.papers.inlineattention;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.attentionzoo.blocks.Mixer;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.JointAttention;
import org.attentionzoo.blocks.papers.inlineattention.FeatureKernel;
import org.attentionzoo.blocks.papers.inlineattention.InLineAttention;
import org.attentionzoo.blocks.papers.inlineattention.InLineConfig;
import org.attentionzoo.blocks.shells.Deit;
import org.attentionzoo.blocks.shells.VisionConfig;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Trait;
import org.attentionzoo.models.papers.inlineattention.InLineDeitConfig.Normalizer;

/** Bridging the Divide: Reconsidering Softmax and Linear Attention (Han et al. 2024). */
@AutoService(PaperProvider.class)
public final class InLineAttentionProvider implements PaperProvider {

  private static final String ID = "inline-attention";

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<ModelEntry<?>> models() {
    Map<String, InLineDeitConfig> presets = new LinkedHashMap<>();
    presets.put(
        "tiny",
        new InLineDeitConfig(
            32, 3, 4, 10, 64, 4, 4, 256, 0, Normalizer.INLINE, FeatureKernel.IDENTITY, true));
    presets.put("imagenet-tiny", imageNet(224, 192, 6));
    presets.put("imagenet-small", imageNet(288, 320, 10));
    presets.put("imagenet-base", imageNet(448, 384, 12));
    return List.of(
        new ModelEntry<>(
            "inline-deit",
            ID,
            ModelKind.IMAGE_CLASSIFIER,
            "DeiT with injective linear attention",
            InLineDeitConfig.class,
            presets,
            InLineAttentionProvider::build));
  }

  private static InLineDeitConfig imageNet(int image, int width, int heads) {
    return new InLineDeitConfig(
        image,
        3,
        16,
        1000,
        width,
        12,
        heads,
        4 * width,
        0,
        Normalizer.INLINE,
        FeatureKernel.IDENTITY,
        true);
  }

  private static ZooBlock build(InLineDeitConfig config) {
    return new Deit(config.vision(), layer -> attention(config));
  }

  private static Mixer attention(InLineDeitConfig config) {
    if (config.attention() == Normalizer.SOFTMAX) {
      return new JointAttention(config.width(), config.heads(), true);
    }
    return new InLineAttention(
        new InLineConfig(
            config.width(),
            config.heads(),
            config.localResidual() ? config.image() / config.patch() : 0,
            true,
            true,
            config.kernel(),
            config.attention() == Normalizer.INLINE));
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    return List.of(
        onGrid("with a class token", InLineConfig.deit(12, 4, 4)),
        onGrid("window", new InLineConfig(12, 2, 3, false, true, FeatureKernel.LEAKYRELU, true)),
        onGrid("divided", new InLineConfig(12, 3, 3, true, false, FeatureKernel.EXP, false)),
        anywhere("identity", FeatureKernel.IDENTITY, true),
        anywhere("exponential", FeatureKernel.EXP, true),
        anywhere("exponential, divided", FeatureKernel.EXP, false));
  }

  private static Specimen onGrid(String label, InLineConfig config) {
    long tokens = (long) config.side() * config.side() + (config.classToken() ? 1 : 0);
    return specimen(label, config, tokens);
  }

  private static Specimen anywhere(String label, FeatureKernel kernel, boolean injective) {
    InLineConfig config = new InLineConfig(12, 4, 0, false, true, kernel, injective);
    return specimen("without residual, " + label, config, 0, Trait.MASKED);
  }

  private static Specimen specimen(
      String label, InLineConfig config, long tokens, Trait... traits) {
    return Specimen.of(
        "inline-attention/attention, " + label,
        ID,
        () -> new InLineAttention(config),
        (m, batch, length) ->
            new NDList(
                m.randomNormal(new Shape(batch, tokens == 0 ? length : tokens, config.width()))),
        traits);
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return List.of(
        new GoldenTarget("inline-attention/deit-attention", InLineAttentionProvider::deitAttention),
        new GoldenTarget("inline-attention/swin-attention", InLineAttentionProvider::windowed),
        new GoldenTarget("inline-attention/deit", InLineAttentionProvider::deit));
  }

  /**
   * {@code InLineAttention(dim, num_heads=8, qkv_bias=False, attn_drop=0, proj_drop=0, window=14)}
   * of inline_deit.py.
   */
  private static GoldenTarget.Case deitAttention(GoldenConfig config) {
    config.ignore("attn_drop", "proj_drop");
    return finish(
        config,
        new InLineAttention(
            new InLineConfig(
                config.integer("dim"),
                config.integer("num_heads", 8),
                config.integer("window", 14),
                true,
                config.flag("qkv_bias", false),
                FeatureKernel.IDENTITY,
                true)));
  }

  /**
   * {@code InLineAttention(dim, window_size, num_heads, qkv_bias=True, qk_scale=None, attn_drop=0,
   * proj_drop=0, shift_size=0, kernel_func='identity')} of inline_swin.py, which reads neither
   * qk_scale nor shift_size. The window is square.
   */
  private static GoldenTarget.Case windowed(GoldenConfig config) {
    config.ignore("attn_drop", "proj_drop", "qk_scale", "shift_size");
    List<Integer> window = config.integers("window_size", List.of());
    if (window == null || window.size() != 2 || !window.get(0).equals(window.get(1))) {
      throw new IllegalArgumentException(
          "config key 'window_size' is " + window + "; expected two equal numbers");
    }
    String kernel = config.text("kernel_func", "identity");
    if (kernel == null || !Set.of("identity", "relu", "leakyrelu", "exp").contains(kernel)) {
      throw new IllegalArgumentException(
          "config key 'kernel_func' is " + kernel + "; expected identity, relu, leakyrelu or exp");
    }
    return finish(
        config,
        new InLineAttention(
            new InLineConfig(
                config.integer("dim"),
                config.integer("num_heads"),
                window.get(0),
                false,
                config.flag("qkv_bias", true),
                FeatureKernel.valueOf(kernel.toUpperCase(Locale.ROOT)),
                true)));
  }

  /** {@code VisionTransformer} of inline_deit.py. */
  private static GoldenTarget.Case deit(GoldenConfig config) {
    config.ignore("drop_rate", "attn_drop_rate", "drop_path_rate", "weight_init");
    if (config.flag("distilled", false)) {
      throw new IllegalArgumentException(
          "config key 'distilled' is true; the official attention takes one class token");
    }
    int width = config.integer("embed_dim", 768);
    int heads = config.integer("num_heads", 12);
    int image = config.integer("img_size", 224);
    int patch = config.integer("patch_size", 16);
    boolean bias = config.flag("qkv_bias", true);
    VisionConfig vision =
        new VisionConfig(
            image,
            config.integer("in_chans", 3),
            patch,
            config.integer("num_classes", 1000),
            width,
            config.integer("depth", 12),
            (int) (width * config.decimal("mlp_ratio", 4)),
            0);
    InLineConfig attention =
        new InLineConfig(width, heads, image / patch, true, bias, FeatureKernel.IDENTITY, true);
    return finish(
        config,
        new Deit(
            vision,
            config.integer("representation_size", 0),
            layer -> new InLineAttention(attention)));
  }

  private static GoldenTarget.Case finish(GoldenConfig config, ZooBlock block) {
    config.finish();
    return new GoldenTarget.Case(
        block,
        (pass, inputs) ->
            Map.of("output", block.forward(pass, new NDList(inputs.get("x"))).head()));
  }
}
