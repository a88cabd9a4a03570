package org.attentionzoo.models.papers.moh;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.papers.moh.AggregatedMixtureOfHeadAttention;
import org.attentionzoo.blocks.papers.moh.ConvolutionalGlu;
import org.attentionzoo.blocks.papers.moh.CosineMixtureOfHeadAttention;
import org.attentionzoo.blocks.papers.moh.DiffusionTransformer;
import org.attentionzoo.blocks.papers.moh.DiffusionTransformerBlock;
import org.attentionzoo.blocks.papers.moh.DiffusionTransformerConfig;
import org.attentionzoo.blocks.papers.moh.HeadLists;
import org.attentionzoo.blocks.papers.moh.MixtureOfHeadAttention;
import org.attentionzoo.blocks.papers.moh.MohConfig;
import org.attentionzoo.blocks.papers.moh.TransNext;
import org.attentionzoo.blocks.papers.moh.TransNextConfig;
import org.attentionzoo.blocks.shells.VisionConfig;
import org.attentionzoo.blocks.shells.VisionTransformer;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Inputs;
import org.attentionzoo.models.Specimen.Trait;

/** What MoH has for images: classifiers and diffusion models, each with its plain baseline. */
final class MohVision {

  private static final double BALANCE = 0.01;

  private MohVision() {}

  static List<ModelEntry<?>> models() {
    return List.of(
        vision(
            "moh-vit",
            "Vision Transformer with a mixture of cosine attention heads",
            UnaryOperator.identity()),
        vision(
            "cosine-vit",
            "Vision Transformer with cosine attention: the baseline of moh-vit",
            MohVision::plain),
        transNext(
            "moh-transnext",
            "TransNeXt with a mixture of heads: the paper's image classifiers",
            transNextPresets()),
        transNext("transnext", "TransNeXt: the baseline of moh-transnext", plainTransNexts()),
        diffusion("moh-dit", "Diffusion Transformer with a mixture of heads", diffusionPresets()),
        diffusion("dit", "Diffusion Transformer: the baseline of moh-dit", plainPresets()));
  }

  private static ModelEntry<?> vision(
      String name, String summary, UnaryOperator<MohVisionConfig> change) {
    Map<String, MohVisionConfig> presets = new LinkedHashMap<>();
    presets.put(
        "tiny",
        new MohVisionConfig(32, 3, 4, 10, 96, 4, 6, 192, 0, repeat("4x2"), repeat("4x2"), BALANCE));
    presets.put("small", imageNet(384, 6, "2x2 8x3 2x6", "6x1 4x2 2x0"));
    presets.put("base", imageNet(768, 12, "2x4 8x6 2x12", "2x2 8x3 2x0"));
    presets.replaceAll((preset, config) -> change.apply(config));
    return new ModelEntry<>(
        name,
        MohProvider.ID,
        ModelKind.IMAGE_CLASSIFIER,
        summary,
        MohVisionConfig.class,
        presets,
        MohVision::build);
  }

  private static MohVisionConfig imageNet(int width, int heads, String shared, String routed) {
    return new MohVisionConfig(
        224, 3, 16, 1000, width, 12, heads, 4 * width, 0, repeat(shared), repeat(routed), BALANCE);
  }

  private static MohVisionConfig plain(MohVisionConfig c) {
    return new MohVisionConfig(
        c.image(),
        c.channels(),
        c.patch(),
        c.classes(),
        c.width(),
        c.layers(),
        c.heads(),
        c.hidden(),
        c.dropout(),
        List.of(),
        List.of(),
        0);
  }

  private static ZooBlock build(MohVisionConfig c) {
    boolean plain = c.sharedHeads().isEmpty();
    double balance = HeadLists.weightOfOne(c.balanceWeight(), c.routedHeads());
    return new VisionTransformer(
        new VisionConfig(
            c.image(),
            c.channels(),
            c.patch(),
            c.classes(),
            c.width(),
            c.layers(),
            c.hidden(),
            c.dropout()),
        layer ->
            plain
                ? CosineMixtureOfHeadAttention.withoutRouter(
                    new MohConfig(c.width(), c.heads(), true, false, c.heads(), 0, 0))
                : CosineMixtureOfHeadAttention.of(
                    new MohConfig(
                        c.width(),
                        c.heads(),
                        true,
                        false,
                        c.sharedHeads().get(layer),
                        c.routedHeads().get(layer),
                        balance)));
  }

  private static ModelEntry<?> transNext(
      String name, String summary, Map<String, TransNextConfig> presets) {
    return new ModelEntry<>(
        name,
        MohProvider.ID,
        ModelKind.IMAGE_CLASSIFIER,
        summary,
        TransNextConfig.class,
        presets,
        TransNext::new);
  }

  private static Map<String, TransNextConfig> transNextPresets() {
    List<Integer> small = List.of(3, 6, 12, 24);
    List<Integer> base = List.of(4, 8, 16, 32);
    Map<String, TransNextConfig> presets = new LinkedHashMap<>();
    presets.put(
        "tiny",
        new TransNextConfig(
            32,
            3,
            10,
            4,
            List.of(32, 64),
            List.of(1, 2),
            List.of(4, 8),
            List.of(4, 4),
            List.of(2, 1),
            3,
            List.of(2, 3),
            List.of(1, 3),
            BALANCE));
    presets.put("small-75", transNext(72, 22, small, List.of(3, 6, 3, 4), List.of(0, 0, 6, 12)));
    presets.put("small-80", transNext(72, 22, small, List.of(3, 6, 3, 8), List.of(0, 0, 6, 12)));
    presets.put("base-50", transNext(96, 23, base, List.of(2, 2, 2, 4), List.of(2, 4, 6, 8)));
    presets.put("base-75", transNext(96, 23, base, List.of(4, 8, 4, 5), List.of(0, 0, 8, 16)));
    return presets;
  }

  private static Map<String, TransNextConfig> plainTransNexts() {
    Map<String, TransNextConfig> mixtures = transNextPresets();
    Map<String, TransNextConfig> presets = new LinkedHashMap<>();
    presets.put("tiny", mixtures.get("tiny").plain());
    presets.put("small", mixtures.get("small-75").plain());
    presets.put("base", mixtures.get("base-75").plain());
    return presets;
  }

  private static TransNextConfig transNext(
      int width, int third, List<Integer> heads, List<Integer> shared, List<Integer> routed) {
    return new TransNextConfig(
        224,
        3,
        1000,
        4,
        List.of(width, 2 * width, 4 * width, 8 * width),
        List.of(5, 5, third, 5),
        heads,
        List.of(8, 8, 4, 4),
        List.of(8, 4, 2, 1),
        3,
        shared,
        routed,
        BALANCE);
  }

  /** The official presets; what ends their names is the share of active heads. */
  private static Map<String, DiffusionTransformerConfig> diffusionPresets() {
    Map<String, DiffusionTransformerConfig> presets = new LinkedHashMap<>();
    presets.put(
        "tiny",
        new DiffusionTransformerConfig(
            8,
            2,
            3,
            10,
            32,
            repeat("2x4"),
            8,
            64,
            repeat("2x1"),
            repeat("2x2"),
            BALANCE,
            0.1,
            true));
    presets.put("s2-75", latent(384, "12x6", 64, "2x2 8x3 2x6", "6x1 4x2 2x0"));
    presets.put("s2-90", latent(384, "12x6", 64, "8x3 4x6", "8x2 4x0"));
    presets.put("b2-75", latent(768, "12x12", 64, "2x4 8x6 2x12", "2x2 8x3 2x0"));
    presets.put("b2-90", latent(768, "12x12", 64, "5x6 5x7 2x12", "10x4 2x0"));
    presets.put("l2-75", latent(1024, "8x8 8x16 8x24", 64, "16x8 8x12", "8x0 16x4"));
    presets.put("l2-90", latent(1024, "8x8 8x16 8x24", 64, "8x8 16x16", "16x0 8x3"));
    presets.put("xl2-75", latent(1152, "9x8 10x16 9x24", 72, "9x8 10x10 9x14", "9x0 19x2"));
    presets.put("xl2-90", latent(1152, "9x8 10x16 9x24", 72, "9x8 19x16", "19x0 9x3"));
    return presets;
  }

  /** The baseline of a mixture is the same for every share of active heads. */
  private static Map<String, DiffusionTransformerConfig> plainPresets() {
    Map<String, DiffusionTransformerConfig> presets = new LinkedHashMap<>();
    presets.put("tiny", diffusionPresets().get("tiny").plain());
    presets.put("s2", latent(384, "12x6", 64, "", ""));
    presets.put("b2", latent(768, "12x12", 64, "", ""));
    presets.put("l2", latent(1024, "24x16", 64, "", ""));
    presets.put("xl2", latent(1152, "28x16", 72, "", ""));
    return presets;
  }

  private static ModelEntry<?> diffusion(
      String name, String summary, Map<String, DiffusionTransformerConfig> presets) {
    return new ModelEntry<>(
        name,
        MohProvider.ID,
        ModelKind.DIFFUSION,
        summary,
        DiffusionTransformerConfig.class,
        presets,
        DiffusionTransformer::new);
  }

  /** On latent images of 256 pixels' side. */
  private static DiffusionTransformerConfig latent(
      int width, String heads, int headWidth, String shared, String routed) {
    return new DiffusionTransformerConfig(
        32,
        2,
        4,
        1000,
        width,
        repeat(heads),
        headWidth,
        4 * width,
        repeat(shared),
        repeat(routed),
        BALANCE,
        0.1,
        true);
  }

  /** {@code "2x4 1x6"} is 4, 4, 6. */
  private static List<Integer> repeat(String runs) {
    List<Integer> all = new ArrayList<>();
    for (String run : runs.isEmpty() ? new String[0] : runs.split(" ")) {
      String[] parts = run.split("x");
      all.addAll(Collections.nCopies(Integer.parseInt(parts[0]), Integer.valueOf(parts[1])));
    }
    return all;
  }

  static List<Specimen> specimens() {
    MohConfig mixture = new MohConfig(12, 4, true, false, 2, 1, BALANCE);
    Inputs tokens = (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, length, 12)));
    return List.of(
        specimen(
            "cosine attention",
            () -> CosineMixtureOfHeadAttention.of(mixture),
            tokens,
            Trait.MASKED),
        specimen(
            "cosine attention without router",
            () -> CosineMixtureOfHeadAttention.withoutRouter(mixture),
            tokens,
            Trait.MASKED),
        specimen(
            "cosine attention on a grid",
            () -> CosineMixtureOfHeadAttention.onGrid(mixture, 2, 3),
            (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, 6, 12)))),
        specimen(
            "aggregated attention",
            () -> AggregatedMixtureOfHeadAttention.of(mixture, 4, 2, 3, 2),
            (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, 8, 12)))),
        specimen(
            "aggregated attention without router",
            () -> AggregatedMixtureOfHeadAttention.withoutRouter(mixture, 4, 2, 3, 2),
            (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, 8, 12)))),
        specimen(
            "convolutional GLU",
            () -> new ConvolutionalGlu(12, 5, 2, 3),
            (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, 6, 12)))),
        specimen(
            "attention without router",
            () -> MixtureOfHeadAttention.withoutRouter(mixture),
            tokens,
            Trait.MASKED),
        specimen(
            "adaLN block",
            () -> new DiffusionTransformerBlock(12, 16, new MixtureOfHeadAttention(mixture)),
            (m, batch, length) ->
                new NDList(
                    m.randomNormal(new Shape(batch, length, 12)),
                    m.randomNormal(new Shape(batch, 12)))));
  }

  private static Specimen specimen(
      String name, Supplier<ZooBlock> factory, Inputs inputs, Trait... traits) {
    return Specimen.of("moh/" + name, MohProvider.ID, factory, inputs, traits);
  }
}
