package org.attentionzoo.models.papers.transformer;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.attentionzoo.blocks.IdentityMixer;
import org.attentionzoo.blocks.UniformRouter;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.AttentionConfig;
import org.attentionzoo.blocks.attention.MultiHeadAttention;
import org.attentionzoo.blocks.layers.FeedForward;
import org.attentionzoo.blocks.layers.LayerNorm;
import org.attentionzoo.blocks.layers.RmsNorm;
import org.attentionzoo.blocks.layers.SwiGlu;
import org.attentionzoo.blocks.positions.Rotary;
import org.attentionzoo.blocks.shells.DecoderConfig;
import org.attentionzoo.blocks.shells.DecoderLanguageModel;
import org.attentionzoo.blocks.shells.FeatureConfig;
import org.attentionzoo.blocks.shells.FeatureTransformer;
import org.attentionzoo.blocks.shells.TransformerEncoder;
import org.attentionzoo.blocks.shells.VisionConfig;
import org.attentionzoo.blocks.shells.VisionTransformer;
import org.attentionzoo.models.Configs;
import org.attentionzoo.models.MixerEntry;
import org.attentionzoo.models.MixerEntry.Sizes;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Papers;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Inputs;
import org.attentionzoo.models.Specimen.Trait;

/** Attention Is All You Need (Vaswani et al. 2017), with today's parts: the baseline of the zoo. */
@AutoService(PaperProvider.class)
public final class TransformerProvider implements PaperProvider {

  private static final String ID = "transformer";
  private static final Trait[] DECODES = {Trait.CAUSAL, Trait.STREAMING, Trait.MASKED};

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<ModelEntry<?>> models() {
    Map<String, DecoderModelConfig> presets = new LinkedHashMap<>();
    presets.put("tiny", preset(128, 3, 4));
    presets.put("small", preset(256, 6, 4));
    presets.put("base", preset(512, 6, 8));
    return List.of(
        new ModelEntry<>(
            "decoder",
            ID,
            ModelKind.CAUSAL_LANGUAGE_MODEL,
            "Transformer decoder with rotary positions, RMSNorm and SwiGLU",
            DecoderModelConfig.class,
            presets,
            TransformerProvider::build),
        new ModelEntry<>(
            "llama",
            ID,
            ModelKind.CAUSAL_LANGUAGE_MODEL,
            "Llama-style decoder: what folders of Llama, Mistral and Qwen 2 are loaded into",
            LlamaModelConfig.class,
            llamas(),
            TransformerProvider::llama),
        new ModelEntry<>(
            "mixer-decoder",
            ID,
            ModelKind.CAUSAL_LANGUAGE_MODEL,
            "decoder that takes any registered mixer ('zoo compare --list')",
            MixerDecoderConfig.class,
            mixerDecoders(),
            TransformerProvider::mixerDecoder),
        new ModelEntry<>(
            "feature-transformer",
            ID,
            ModelKind.REGRESSOR,
            "Transformer over the columns of a table of numbers, for values or classes",
            FeatureModelConfig.class,
            featureTransformers(),
            TransformerProvider::features));
  }

  private static Map<String, FeatureModelConfig> featureTransformers() {
    Map<String, FeatureModelConfig> presets = new LinkedHashMap<>();
    presets.put("tiny", new FeatureModelConfig(8, 1, 32, 2, 64, 0, 4));
    presets.put("base", new FeatureModelConfig(8, 1, 192, 3, 256, 0.1, 8));
    return presets;
  }

  private static ZooBlock features(FeatureModelConfig config) {
    return new FeatureTransformer(
        new FeatureConfig(
            config.features(),
            config.outputs(),
            config.width(),
            config.layers(),
            config.hidden(),
            config.dropout()),
        layer ->
            new MultiHeadAttention(AttentionConfig.bidirectional(config.width(), config.heads())));
  }

  private static Map<String, MixerDecoderConfig> mixerDecoders() {
    Map<String, MixerDecoderConfig> presets = new LinkedHashMap<>();
    presets.put("tiny", new MixerDecoderConfig(256, 64, 2, 160, true, 0, 2, "attention"));
    presets.put("small", new MixerDecoderConfig(256, 128, 4, 320, true, 0, 4, "attention"));
    return presets;
  }

  private static ZooBlock mixerDecoder(MixerDecoderConfig config) {
    Papers papers = Papers.load();
    List<MixerEntry> mixers =
        Arrays.stream(config.mixer().split("\\+")).map(papers::mixer).toList();
    Sizes sizes = new Sizes(config.width(), config.heads(), config.layers());
    return new DecoderLanguageModel(
        new DecoderConfig(
            config.vocabulary(),
            config.width(),
            config.layers(),
            config.hidden(),
            config.tied(),
            config.dropout()),
        layer -> mixers.get(layer % mixers.size()).factory().make(sizes, layer));
  }

  /** {@inheritDoc} */
  @Override
  public List<MixerEntry> mixers() {
    return List.of(
        new MixerEntry(
            "attention",
            ID,
            "full causal attention with rotary positions",
            (sizes, layer) -> new MultiHeadAttention(attention(sizes))),
        new MixerEntry(
            "window-8",
            ID,
            "causal attention to 8 tokens, linear biases",
            (sizes, layer) -> new MultiHeadAttention(attention(sizes).windowed(8))),
        new MixerEntry(
            "nothing",
            ID,
            "no token sees another: the control",
            (sizes, layer) -> new IdentityMixer()));
  }

  private static AttentionConfig attention(Sizes sizes) {
    return AttentionConfig.causal(
        sizes.width(), sizes.heads(), new Rotary(Rotary.Layout.HALF, 10_000));
  }

  private static Map<String, LlamaModelConfig> llamas() {
    Map<String, LlamaModelConfig> presets = new LinkedHashMap<>();
    presets.put("tiny", llama(256, 128, 3, 320, 4, 2, 32, 10_000, 512));
    presets.put("smollm-135m", llama(49_152, 576, 30, 1536, 9, 3, 64, 10_000, 2048));
    presets.put("tinyllama-1b", untied(llama(32_000, 2048, 22, 5632, 32, 4, 64, 10_000, 2048)));
    return presets;
  }

  private static LlamaModelConfig llama(
      int vocabulary,
      int width,
      int layers,
      int hidden,
      int heads,
      int keyValueHeads,
      int headWidth,
      double base,
      int context) {
    return new LlamaModelConfig(
        vocabulary,
        width,
        layers,
        hidden,
        true,
        heads,
        keyValueHeads,
        headWidth,
        false,
        0,
        base,
        Optional.empty(),
        1e-5,
        context);
  }

  private static LlamaModelConfig untied(LlamaModelConfig config) {
    return Configs.override(config, "tied", "false");
  }

  private static ZooBlock llama(LlamaModelConfig config) {
    Rotary rotary =
        new Rotary(Rotary.Layout.HALF, config.rotaryBase(), config.rotaryScaling().orElse(null));
    AttentionConfig attention =
        new AttentionConfig(
            config.width(),
            config.heads(),
            config.keyValueHeads(),
            config.headWidth(),
            config.bias(),
            true,
            config.window(),
            rotary,
            false,
            0);
    return new DecoderLanguageModel(
        new DecoderConfig(
            config.vocabulary(),
            config.width(),
            config.layers(),
            config.hidden(),
            config.tied(),
            0,
            config.normEpsilon()),
        layer -> new MultiHeadAttention(attention));
  }

  private static DecoderModelConfig preset(int width, int layers, int heads) {
    return new DecoderModelConfig(
        256, width, layers, width * 8 / 3 / 32 * 32, false, 0, heads, heads, 0, 10000);
  }

  private static ZooBlock build(DecoderModelConfig config) {
    Rotary rotary = new Rotary(Rotary.Layout.HALF, config.rotaryBase());
    AttentionConfig full =
        AttentionConfig.causal(config.width(), config.heads(), rotary)
            .grouped(config.keyValueHeads());
    AttentionConfig attention = config.window() == 0 ? full : full.windowed(config.window());
    return new DecoderLanguageModel(
        new DecoderConfig(
            config.vocabulary(),
            config.width(),
            config.layers(),
            config.hidden(),
            config.tied(),
            config.dropout()),
        layer -> new MultiHeadAttention(attention));
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    Rotary half = new Rotary(Rotary.Layout.HALF, 10000);
    Rotary interleaved = new Rotary(Rotary.Layout.INTERLEAVED, 10000);
    AttentionConfig causal = AttentionConfig.causal(8, 2, half);
    List<Specimen> specimens = new ArrayList<>();
    specimens.add(attention("causal, rotary", causal, DECODES));
    specimens.add(
        attention("causal, interleaved", AttentionConfig.causal(8, 2, interleaved), DECODES));
    specimens.add(attention("grouped", AttentionConfig.causal(16, 4, half).grouped(2), DECODES));
    specimens.add(
        attention(
            "window of 3",
            causal.windowed(3),
            Trait.CAUSAL,
            Trait.STREAMING,
            Trait.MASKED,
            Trait.CONSTANT_STATE));
    specimens.add(attention("bidirectional", AttentionConfig.bidirectional(8, 2), Trait.MASKED));
    specimens.add(block("identity mixer", IdentityMixer::new, DECODES));
    specimens.add(block("uniform router", () -> new UniformRouter(3)));
    specimens.add(block("RMSNorm", () -> new RmsNorm(8), Trait.CAUSAL));
    specimens.add(block("LayerNorm", () -> new LayerNorm(8), Trait.CAUSAL));
    specimens.add(block("feed-forward", () -> new FeedForward(8, 12, 0), Trait.CAUSAL));
    specimens.add(block("SwiGLU", () -> new SwiGlu(8, 12, 0), Trait.CAUSAL));
    specimens.add(
        block(
            "encoder",
            () ->
                new TransformerEncoder(
                    8,
                    2,
                    16,
                    0,
                    layer -> new MultiHeadAttention(AttentionConfig.bidirectional(8, 2))),
            Trait.MASKED));
    specimens.add(
        Specimen.of(
            "transformer/vision transformer",
            ID,
            () ->
                new VisionTransformer(
                    new VisionConfig(8, 3, 4, 5, 8, 2, 16, 0),
                    layer -> new MultiHeadAttention(AttentionConfig.bidirectional(8, 2))),
            (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, 3, 8, 8)))));
    specimens.add(
        Specimen.of(
            "transformer/feature transformer",
            ID,
            () -> features(new FeatureModelConfig(5, 3, 8, 2, 16, 0, 2)),
            (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, 5)))));
    specimens.add(
        Specimen.of(
            "transformer/decoder",
            ID,
            () ->
                new DecoderLanguageModel(
                    new DecoderConfig(11, 8, 2, 16, true, 0),
                    layer -> new MultiHeadAttention(causal)),
            (m, batch, length) ->
                new NDList(m.randomInteger(0, 11, new Shape(batch, length), DataType.INT64)),
            DECODES));
    return specimens;
  }

  private static Specimen attention(String label, AttentionConfig config, Trait... traits) {
    Inputs inputs =
        (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, length, config.width())));
    return Specimen.of(
        "transformer/attention, " + label,
        ID,
        () -> new MultiHeadAttention(config),
        inputs,
        traits);
  }

  private static Specimen block(String label, Supplier<ZooBlock> factory, Trait... traits) {
    return Specimen.of(
        "transformer/" + label,
        ID,
        factory,
        (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, length, 8))),
        traits);
  }
}
