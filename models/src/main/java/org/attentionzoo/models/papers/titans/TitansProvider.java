package org.attentionzoo.models.papers.titans;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.attentionzoo.blocks.Mixer;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.papers.titans.LongTermMemory;
import org.attentionzoo.blocks.papers.titans.MemoryAsContext;
import org.attentionzoo.blocks.papers.titans.MemoryAsGate;
import org.attentionzoo.blocks.papers.titans.MemoryAsLayer;
import org.attentionzoo.blocks.papers.titans.NeuralMemory;
import org.attentionzoo.blocks.papers.titans.NeuralMemoryConfig;
import org.attentionzoo.blocks.papers.titans.TitansConfig;
import org.attentionzoo.blocks.shells.DecoderLanguageModel;
import org.attentionzoo.blocks.shells.PatchConfig;
import org.attentionzoo.blocks.shells.PatchForecaster;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Trait;

/** Titans: Learning to Memorize at Test Time (Behrouz, Zhong and Mirrokni 2024). */
@AutoService(PaperProvider.class)
public final class TitansProvider implements PaperProvider {

  private static final String ID = "titans";

  /** The four ways in which the memory enters a model. */
  private enum Variant {
    MAC("memory as context", MemoryAsContext::new),
    MAG("memory as gate", MemoryAsGate::new),
    MAL("memory as layer", MemoryAsLayer::new),
    LMM("memory without attention", LongTermMemory::new);

    private final String summary;
    private final Function<TitansConfig, ? extends Mixer> mixer;

    Variant(String summary, Function<TitansConfig, ? extends Mixer> mixer) {
      this.summary = summary;
      this.mixer = mixer;
    }
  }

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<ModelEntry<?>> models() {
    List<ModelEntry<?>> models = new ArrayList<>();
    for (Variant variant : Variant.values()) {
      models.add(
          new ModelEntry<>(
              "titans-" + variant.name().toLowerCase(Locale.ROOT),
              ID,
              ModelKind.CAUSAL_LANGUAGE_MODEL,
              "Titans decoder, " + variant.summary,
              TitansModelConfig.class,
              presets(variant),
              config -> build(variant, config)));
      if (variant != Variant.MAL) {
        models.add(
            new ModelEntry<>(
                "titans-" + variant.name().toLowerCase(Locale.ROOT) + "-forecaster",
                ID,
                ModelKind.FORECASTER,
                "Titans over patches of each series, " + variant.summary,
                TitansForecasterConfig.class,
                Map.of(
                    "tiny",
                    new TitansForecasterConfig(
                        336, 96, 7, 16, 8, 16, 2, 2, 64, 0.3, 16, 4, 2, 8, 0.1, false)),
                config -> forecaster(variant, config)));
      }
    }
    return models;
  }

  private static ZooBlock forecaster(Variant variant, TitansForecasterConfig config) {
    NeuralMemoryConfig memory =
        new NeuralMemoryConfig(
            config.width(),
            config.heads(),
            config.memoryDepth(),
            2,
            config.chunkSize(),
            config.maximumRate(),
            1,
            true,
            true,
            variant == Variant.MAC ? 0 : 4,
            false,
            config.silent(),
            -4,
            -2,
            0);
    TitansConfig mixer =
        new TitansConfig(memory, config.heads(), config.span(), config.persistent());
    return new PatchForecaster(
        new PatchConfig(
            config.window(),
            config.horizon(),
            config.channels(),
            config.patch(),
            config.stride(),
            config.width(),
            config.layers(),
            config.hidden(),
            config.dropout()),
        layer -> variant.mixer.apply(mixer));
  }

  private static ZooBlock build(Variant variant, TitansModelConfig config) {
    TitansConfig mixer = config.mixer();
    return new DecoderLanguageModel(config.decoder(), layer -> variant.mixer.apply(mixer));
  }

  private static Map<String, TitansModelConfig> presets(Variant variant) {
    Map<String, TitansModelConfig> presets = new LinkedHashMap<>();
    presets.put("tiny", preset(variant, 128, 3, 4, 64, 4, 16));
    presets.put("small", preset(variant, 256, 6, 4, 64, 8, 16));
    presets.put("base", preset(variant, 512, 12, 8, 128, 16, 32));
    return presets;
  }

  private static TitansModelConfig preset(
      Variant variant, int width, int layers, int heads, int span, int persistent, int chunk) {
    return new TitansModelConfig(
        256,
        width,
        layers,
        width * 8 / 3 / 32 * 32,
        false,
        0,
        heads,
        span,
        persistent,
        heads,
        2,
        2,
        chunk,
        0.1,
        1.0,
        true,
        true,
        variant == Variant.MAC ? 0 : 4,
        false,
        false,
        -4,
        -2,
        0);
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    List<Specimen> specimens = new ArrayList<>();
    NeuralMemoryConfig paper = NeuralMemoryConfig.paper(8, 2, 2, 4, 0.3);
    specimens.add(memory("paper form", paper));
    specimens.add(memory("depth 1, chunk 1", NeuralMemoryConfig.paper(8, 1, 1, 1, 0.3)));
    specimens.add(
        memory(
            "heads, convolution, gain",
            new NeuralMemoryConfig(8, 2, 3, 2, 4, 0.3, 0.5, true, true, 3, true, false, -4, 0, 0)));
    specimens.add(
        memory(
            "no momentum",
            new NeuralMemoryConfig(8, 1, 2, 2, 4, 0.3, 0, false, true, 0, false, false, -4, 0, 0)));
    specimens.add(
        memory(
            "no forgetting",
            new NeuralMemoryConfig(8, 1, 2, 2, 4, 0.3, 0, true, false, 0, false, false, -4, 0, 0)));
    for (Variant variant : Variant.values()) {
      int convolution = variant == Variant.MAC ? 0 : 3;
      TitansConfig config =
          new TitansConfig(
              new NeuralMemoryConfig(
                  8, 2, 2, 2, 2, 0.3, 1, true, true, convolution, false, false, -4, 0, 0),
              2,
              4,
              2);
      specimens.add(
          Specimen.of(
              "titans/" + variant.summary,
              ID,
              () -> (ZooBlock) variant.mixer.apply(config),
              (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, length, 8))),
              Trait.CAUSAL,
              Trait.STREAMING,
              Trait.CONSTANT_STATE,
              Trait.MASKED));
    }
    return specimens;
  }

  private static Specimen memory(String label, NeuralMemoryConfig config) {
    return Specimen.of(
        "titans/neural-memory, " + label,
        ID,
        () -> new NeuralMemory(config),
        (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, length, config.width()))),
        Trait.CAUSAL,
        Trait.STREAMING,
        Trait.CONSTANT_STATE,
        Trait.MASKED);
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return List.of(new GoldenTarget("titans/neural-memory", TitansProvider::golden));
  }

  private static GoldenTarget.Case golden(GoldenConfig config) {
    NeuralMemory block =
        new NeuralMemory(
            NeuralMemoryConfig.paper(
                config.integer("dim"),
                config.integer("memory_depth", 2),
                config.integer("expansion", 2),
                config.integer("chunk_size", 1),
                config.decimal("max_lr", 1)));
    config.finish();
    return new GoldenTarget.Case(
        block,
        (pass, inputs) -> {
          NeuralMemory.Reading reading = block.memorize(pass, inputs.get("x"), null);
          Map<String, NDArray> outputs = new LinkedHashMap<>();
          outputs.put("output", reading.output());
          for (int i = 0; i < reading.memory().size(); i++) {
            NDArray memory = reading.memory().get(i);
            outputs.put("final_memory." + i, memory.squeeze(1));
          }
          return outputs;
        });
  }
}
