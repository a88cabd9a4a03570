package org.attentionzoo.models.papers.based;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.linear.FixedFeatures;
import org.attentionzoo.blocks.linear.LinearAttentionConfig;
import org.attentionzoo.blocks.linear.LinearAttentionConfig.Form;
import org.attentionzoo.blocks.papers.based.BaseConvolution;
import org.attentionzoo.blocks.papers.based.BasedConfig;
import org.attentionzoo.blocks.papers.based.BasedConfig.LayerMixer;
import org.attentionzoo.blocks.papers.based.BasedLanguageModel;
import org.attentionzoo.blocks.papers.based.GatedMlp;
import org.attentionzoo.blocks.papers.based.SlidingAttention;
import org.attentionzoo.blocks.papers.based.SlidingConfig;
import org.attentionzoo.blocks.papers.based.TaylorAttention;
import org.attentionzoo.blocks.positions.Rotary;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.MixerEntry;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Trait;

/** BASED: simple linear attention language models (Arora et al. 2024). */
@AutoService(PaperProvider.class)
public final class BasedProvider implements PaperProvider {

  static final String ID = "based";

  private static final Trait[] MIXES = {
    Trait.CAUSAL, Trait.STREAMING, Trait.MASKED, Trait.CONSTANT_STATE
  };

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<ModelEntry<?>> models() {
    Map<String, BasedConfig> presets = new LinkedHashMap<>();
    presets.put("tiny", tiny());
    presets.put(
        "360m", official(1024, 27, 2048, Set.of(1, 6, 11, 16, 21), Set.of(2, 7, 12, 17, 22)));
    presets.put(
        "1b",
        official(
            1792, 36, 3584, Set.of(1, 6, 11, 16, 21, 27, 33), Set.of(2, 7, 12, 17, 22, 28, 34)));
    return List.of(
        new ModelEntry<>(
            "based",
            ID,
            ModelKind.CAUSAL_LANGUAGE_MODEL,
            "decoder of short convolutions, Taylor linear attention and sliding windows",
            BasedConfig.class,
            presets,
            BasedLanguageModel::new));
  }

  /** {@inheritDoc} */
  @Override
  public List<MixerEntry> mixers() {
    Rotary rotary = new Rotary(Rotary.Layout.HALF, 10_000);
    return List.of(
        new MixerEntry(
            "based",
            ID,
            "linear attention over narrow queries and keys, 16 channels, Taylor features",
            (sizes, layer) ->
                new TaylorAttention(
                    sizes.width(),
                    sizes.heads(),
                    16,
                    sizes.width() / sizes.heads(),
                    FixedFeatures.Kind.TAYLOR,
                    LinearAttentionConfig.mean(true),
                    Initializers.fanIn(sizes.width()))),
        new MixerEntry(
            "convolution",
            ID,
            "gated causal convolution over 3 tokens",
            (sizes, layer) ->
                new BaseConvolution(
                    sizes.width(), sizes.width(), 3, true, Initializers.fanIn(sizes.width()))),
        new MixerEntry(
            "sliding-16",
            ID,
            "softmax attention with rotary positions to a token and the 8 before it",
            (sizes, layer) ->
                new SlidingAttention(
                    SlidingConfig.of(sizes.width(), sizes.heads(), 16, rotary),
                    new boolean[2],
                    Initializers.fanIn(sizes.width()))));
  }

  private static BasedConfig tiny() {
    return new BasedConfig(
        256,
        64,
        List.of(
            LayerMixer.CONVOLUTION, LayerMixer.LINEAR, LayerMixer.SLIDING, LayerMixer.CONVOLUTION),
        256,
        2,
        16,
        FixedFeatures.Kind.TAYLOR,
        Form.CHUNKED,
        64,
        2,
        16,
        3,
        4,
        1e-5);
  }

  private static BasedConfig official(
      int width, int layers, int hidden, Set<Integer> linear, Set<Integer> sliding) {
    List<LayerMixer> mixers =
        IntStream.range(0, layers)
            .mapToObj(
                i ->
                    linear.contains(i)
                        ? LayerMixer.LINEAR
                        : sliding.contains(i) ? LayerMixer.SLIDING : LayerMixer.CONVOLUTION)
            .toList();
    return new BasedConfig(
        50_264,
        width,
        mixers,
        hidden,
        16,
        16,
        FixedFeatures.Kind.TAYLOR,
        Form.CHUNKED,
        64,
        16,
        256,
        3,
        4,
        1e-5);
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    List<Specimen> specimens = new ArrayList<>();
    specimens.add(
        block(
            "convolution",
            () -> new BaseConvolution(8, 12, 3, true, Initializers.normal(0.5)),
            MIXES));
    for (FixedFeatures.Kind kind :
        List.of(FixedFeatures.Kind.TAYLOR, FixedFeatures.Kind.ELU, FixedFeatures.Kind.EXP)) {
      specimens.add(
          block(
              "linear attention, " + kind.name().toLowerCase(Locale.ROOT),
              () ->
                  new TaylorAttention(
                      8,
                      2,
                      3,
                      4,
                      kind,
                      LinearAttentionConfig.mean(true).computed(Form.CHUNKED, 4),
                      Initializers.normal(0.5)),
              MIXES));
    }
    Rotary rotary = new Rotary(Rotary.Layout.HALF, 10_000);
    for (int window : new int[] {2, 4, 64}) {
      specimens.add(
          block(
              "sliding attention, window " + window,
              () ->
                  new SlidingAttention(
                      SlidingConfig.of(8, 2, window, rotary),
                      new boolean[2],
                      Initializers.normal(0.5)),
              MIXES));
    }
    specimens.add(
        block(
            "sliding attention, grouped heads",
            () ->
                new SlidingAttention(
                    new SlidingConfig(8, 2, 1, 4, 0.3, rotary, 2),
                    new boolean[] {true, true},
                    Initializers.normal(0.5)),
            MIXES));
    specimens.add(
        block(
            "gated network",
            () -> new GatedMlp(8, 12, new boolean[] {true, true}, Initializers.normal(0.5)),
            Trait.CAUSAL));
    specimens.add(
        Specimen.of(
            "based/language model",
            ID,
            () -> new BasedLanguageModel(small()),
            (m, batch, length) ->
                new NDList(m.randomInteger(0, 11, new Shape(batch, length), DataType.INT64)),
            MIXES));
    return specimens;
  }

  private static BasedConfig small() {
    return new BasedConfig(
        11,
        8,
        List.of(LayerMixer.LINEAR, LayerMixer.SLIDING, LayerMixer.CONVOLUTION),
        12,
        2,
        3,
        FixedFeatures.Kind.TAYLOR,
        Form.CHUNKED,
        4,
        2,
        4,
        3,
        4,
        1e-5);
  }

  private static Specimen block(
      String label, Supplier<? extends ZooBlock> factory, Trait... traits) {
    return Specimen.of("based/" + label, ID, factory, BasedProvider::hidden, traits);
  }

  private static NDList hidden(NDManager manager, int batch, int length) {
    return new NDList(manager.randomNormal(new Shape(batch, length, 8)));
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return BasedGolden.targets();
  }
}
