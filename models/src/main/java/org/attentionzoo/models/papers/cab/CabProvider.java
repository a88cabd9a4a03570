package org.attentionzoo.models.papers.cab;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import org.attentionzoo.blocks.AttentionPattern;
import org.attentionzoo.blocks.PatternMixer;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.papers.cab.BoundedMemory;
import org.attentionzoo.blocks.papers.cab.FullAttention;
import org.attentionzoo.blocks.papers.cab.LocalWindow;
import org.attentionzoo.blocks.papers.cab.NoMixing;
import org.attentionzoo.blocks.papers.cab.NystromAttention;
import org.attentionzoo.blocks.papers.cab.PatternAttention;
import org.attentionzoo.blocks.papers.cab.PatternCore;
import org.attentionzoo.blocks.papers.cab.PatternForecaster;
import org.attentionzoo.blocks.papers.cab.PatternLanguageModel;
import org.attentionzoo.blocks.papers.cab.PatternSequenceToSequence;
import org.attentionzoo.blocks.papers.cab.PatternSizes;
import org.attentionzoo.blocks.papers.cab.ProbSparseAttention;
import org.attentionzoo.blocks.papers.cab.RandomFeatureAttention;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.MixerEntry;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Papers;
import org.attentionzoo.models.PatternMixerEntry;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Trait;

/** CAB: Comprehensive Attention Benchmarking on Long Sequence Modeling (Zhang et al. 2022). */
@AutoService(PaperProvider.class)
public final class CabProvider implements PaperProvider {

  private static final String ID = "cab";
  private static final String PLAIN = "cab-attention";
  private static final int SLOTS = 16;
  private static final int WINDOW = 15;
  private static final int LANDMARKS = 16;
  private static final int FACTOR = 5;
  private static final int FEATURES_PER_CHANNEL = 4;

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<ModelEntry<?>> models() {
    return List.of(
        tokens(
            "cab-encoder",
            ModelKind.MASKED_LANGUAGE_MODEL,
            "masked language model around an attention in the noncausal self pattern",
            config -> languageModel(config, AttentionPattern.NONCAUSAL_SELF)),
        tokens(
            "cab-decoder",
            ModelKind.CAUSAL_LANGUAGE_MODEL,
            "language model around an attention in the causal self pattern",
            config -> languageModel(config, AttentionPattern.CAUSAL_SELF)),
        new ModelEntry<>(
            "cab-forecaster",
            ID,
            ModelKind.FORECASTER,
            "forecaster around an attention in the noncausal cross pattern",
            PatternForecasterConfig.class,
            Map.of("tiny", new PatternForecasterConfig(96, 24, 1, 64, 2, 128, 2, PLAIN)),
            CabProvider::forecaster),
        tokens(
            "cab-sequence-to-sequence",
            ModelKind.SEQUENCE_TO_SEQUENCE,
            "encoder and decoder around an attention in the causal cross pattern",
            CabProvider::sequenceToSequence));
  }

  private static ModelEntry<PatternTokensConfig> tokens(
      String name,
      ModelKind kind,
      String summary,
      Function<PatternTokensConfig, ZooBlock> factory) {
    Map<String, PatternTokensConfig> presets = new LinkedHashMap<>();
    presets.put("tiny", new PatternTokensConfig(256, 64, 2, 128, 2, PLAIN));
    presets.put("small", new PatternTokensConfig(256, 128, 4, 512, 4, PLAIN));
    return new ModelEntry<>(name, ID, kind, summary, PatternTokensConfig.class, presets, factory);
  }

  private static ZooBlock languageModel(PatternTokensConfig config, AttentionPattern pattern) {
    return new PatternLanguageModel(
        pattern, config.vocabulary(), sizes(config), attentions(config, pattern));
  }

  private static ZooBlock sequenceToSequence(PatternTokensConfig config) {
    return new PatternSequenceToSequence(
        config.vocabulary(), sizes(config), attentions(config, AttentionPattern.CAUSAL_CROSS));
  }

  private static PatternSizes sizes(PatternTokensConfig config) {
    return new PatternSizes(config.width(), config.layers(), config.hidden(), config.heads());
  }

  private static Supplier<PatternMixer> attentions(
      PatternTokensConfig config, AttentionPattern pattern) {
    return attentions(
        config.mixer(),
        new MixerEntry.Sizes(config.width(), config.heads(), config.layers()),
        pattern);
  }

  private static ZooBlock forecaster(PatternForecasterConfig config) {
    return new PatternForecaster(
        config.window(),
        config.horizon(),
        config.channels(),
        new PatternSizes(config.width(), config.layers(), config.hidden(), config.heads()),
        attentions(
            config.mixer(),
            new MixerEntry.Sizes(config.width(), config.heads(), config.layers()),
            AttentionPattern.NONCAUSAL_CROSS));
  }

  private static Supplier<PatternMixer> attentions(
      String name, MixerEntry.Sizes sizes, AttentionPattern pattern) {
    PatternMixerEntry entry = Papers.load().patternMixer(name);
    return () -> entry.factory().make(sizes, pattern);
  }

  /** {@inheritDoc} */
  @Override
  public List<PatternMixerEntry> patternMixers() {
    return List.of(
        entry("attention", "multi-head attention in all four patterns", d -> new FullAttention()),
        entry(
            "abc",
            "attention to a bounded memory of 16 slots, in all four patterns",
            d -> new BoundedMemory(d, SLOTS)),
        entry(
            "performer",
            "linear attention by random features, in all four patterns",
            d -> new RandomFeatureAttention(d, FEATURES_PER_CHANNEL * d)),
        entry(
            "local",
            "attention to tokens up to 15 places away, in both self patterns",
            d -> new LocalWindow(WINDOW)),
        entry(
            "nystrom",
            "attention by 16 landmarks, noncausal self only",
            d -> new NystromAttention(LANDMARKS)),
        entry(
            "probsparse",
            "attention of the queries that need it, noncausal self only",
            d -> new ProbSparseAttention(FACTOR)),
        new PatternMixerEntry(
            ID + "-nothing",
            ID,
            "no place sees another, in all four patterns: the control",
            (sizes, usual) -> new NoMixing()));
  }

  private static PatternMixerEntry entry(
      String name, String summary, IntFunction<PatternCore> core) {
    return new PatternMixerEntry(
        ID + "-" + name,
        ID,
        summary,
        (sizes, usual) ->
            new PatternAttention(
                sizes.width(), sizes.heads(), core.apply(sizes.width() / sizes.heads()), usual));
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    Map<String, Supplier<PatternCore>> cores = new LinkedHashMap<>();
    cores.put("attention", FullAttention::new);
    cores.put("bounded memory", () -> new BoundedMemory(4, 3));
    cores.put("random features", () -> new RandomFeatureAttention(4, 8));
    cores.put("window", () -> new LocalWindow(3));
    cores.put("landmarks", () -> new NystromAttention(3));
    cores.put("sparse queries", () -> new ProbSparseAttention(1));
    List<Specimen> specimens = new ArrayList<>();
    cores.forEach(
        (form, core) -> {
          for (AttentionPattern pattern : AttentionPattern.values()) {
            if (core.get().patterns().contains(pattern)) {
              specimens.add(specimen(form, core, pattern));
            }
          }
        });
    return specimens;
  }

  private static Specimen specimen(
      String form, Supplier<PatternCore> core, AttentionPattern pattern) {
    return Specimen.of(
        ID + "/" + form + ", " + pattern.name().toLowerCase(Locale.ROOT).replace('_', ' '),
        ID,
        () -> new PatternAttention(8, 2, core.get(), pattern),
        (m, batch, length) -> {
          NDList inputs = new NDList(m.randomNormal(new Shape(batch, length, 8)));
          if (pattern.isCross()) {
            inputs.add(m.randomNormal(new Shape(batch, 5, 8)));
          }
          return inputs;
        },
        traits(core.get(), pattern));
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return CabGolden.targets();
  }

  private static Trait[] traits(PatternCore core, AttentionPattern pattern) {
    return switch (pattern) {
      case CAUSAL_SELF -> new Trait[] {Trait.CAUSAL, Trait.STREAMING, Trait.MASKED};
      // which keys are sampled follows from how many there are, padding included
      case NONCAUSAL_SELF ->
          core instanceof ProbSparseAttention ? new Trait[0] : new Trait[] {Trait.MASKED};
      case NONCAUSAL_CROSS, CAUSAL_CROSS -> new Trait[0];
    };
  }
}
