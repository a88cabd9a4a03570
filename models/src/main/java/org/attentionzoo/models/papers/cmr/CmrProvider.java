package org.attentionzoo.models.papers.cmr;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.MultiHeadAttention;
import org.attentionzoo.blocks.papers.cmr.CmrConfig.Reconstruction;
import org.attentionzoo.blocks.papers.cmr.CmrConfig.Scorer;
import org.attentionzoo.blocks.papers.cmr.ReweavingDecoder;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Trait;

/** Contextual memory reweaving (2025), in the causal version that the zoo defines. */
@AutoService(PaperProvider.class)
public final class CmrProvider implements PaperProvider {

  private static final String ID = "contextual-memory-reweaving";

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<ModelEntry<?>> models() {
    Map<String, CmrModelConfig> presets = new LinkedHashMap<>();
    presets.put("tiny", preset(96, 3, 4, 32, List.of(1, 2), 16, 8));
    presets.put("small", preset(256, 6, 4, 128, List.of(2, 4), 64, 16));
    return List.of(
        new ModelEntry<>(
            "reweaving-decoder",
            ID,
            ModelKind.CAUSAL_LANGUAGE_MODEL,
            "decoder of segments whose layers remember hidden states of earlier segments",
            CmrModelConfig.class,
            presets,
            CmrProvider::build));
  }

  private static CmrModelConfig preset(
      int width, int layers, int heads, int segment, List<Integer> woven, int slots, int kept) {
    return new CmrModelConfig(
        256,
        width,
        layers,
        width * 8 / 3 / 32 * 32,
        false,
        0,
        heads,
        10_000,
        segment,
        woven,
        slots,
        kept,
        0,
        Scorer.LEARNED,
        Reconstruction.HIERARCHICAL,
        false);
  }

  private static ZooBlock build(CmrModelConfig config) {
    return new ReweavingDecoder(
        config.decoder(),
        config.segment(),
        config.woven(),
        config.memory(),
        layer -> new MultiHeadAttention(config.attention()));
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    List<Specimen> specimens = new ArrayList<>();
    for (Reconstruction kind : Reconstruction.values()) {
      specimens.add(decoder(name(kind), kind, Scorer.LEARNED, List.of(0, 1), 4, 0, false));
    }
    for (Scorer scorer : List.of(Scorer.VARIANCE, Scorer.HYBRID)) {
      specimens.add(decoder(name(scorer), Reconstruction.MLP, scorer, List.of(1), 3, 0.2, false));
    }
    specimens.add(decoder("detached", Reconstruction.MLP, Scorer.LEARNED, List.of(0), 3, 0, true));
    return specimens;
  }

  private static String name(Enum<?> kind) {
    return kind.name().toLowerCase(Locale.ROOT);
  }

  private static Specimen decoder(
      String name,
      Reconstruction kind,
      Scorer scorer,
      List<Integer> woven,
      int slots,
      double threshold,
      boolean detached) {
    CmrModelConfig config =
        new CmrModelConfig(
            11, 16, 2, 24, false, 0, 2, 10_000, 3, woven, slots, 2, threshold, scorer, kind,
            detached);
    return Specimen.of(
        ID + "/decoder, " + name,
        ID,
        () -> build(config),
        (m, batch, length) ->
            new NDList(m.randomInteger(0, 11, new Shape(batch, length), DataType.INT64)),
        Trait.CAUSAL,
        Trait.STREAMING,
        Trait.MASKED);
  }
}
