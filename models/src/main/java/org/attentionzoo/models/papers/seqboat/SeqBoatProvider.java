package org.attentionzoo.models.papers.seqboat;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.attentionzoo.blocks.papers.seqboat.LatentConfigurator;
import org.attentionzoo.blocks.papers.seqboat.MultiHeadEma;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatClassifier;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatConfig;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatConfig.Attention;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatConfig.Norm;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatConfig.Positions;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatConfig.Routing;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatLanguageModel;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatLayer;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatModelConfig;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Trait;

/** SeqBoat: Sparse Modular Activation for Efficient Sequence Modeling (Ren et al. 2023). */
@AutoService(PaperProvider.class)
public final class SeqBoatProvider implements PaperProvider {

  private static final String ID = "seqboat";
  private static final int WIDTH = 8;
  private static final Specimen.Inputs HIDDEN =
      (manager, batch, length) -> new NDList(manager.randomNormal(new Shape(batch, length, WIDTH)));

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<ModelEntry<?>> models() {
    Map<String, SeqBoatModelConfig> classifiers = new LinkedHashMap<>();
    classifiers.put("tiny", classifier(64, 10, 3, 64, 32, 128, 8, 16, Norm.LAYERNORM, 1024));
    // The authors' settings of the Long Range Arena.
    classifiers.put("listops", classifier(18, 10, 6, 80, 64, 160, 16, 128, Norm.LAYERNORM, 2048));
    classifiers.put("text", classifier(256, 2, 4, 128, 64, 256, 16, 256, Norm.LAYERNORM, 4096));
    Map<String, SeqBoatModelConfig> decoders = new LinkedHashMap<>();
    decoders.put("tiny", decoder(3, 64, 32, 128, 8, 16));
    decoders.put("enwik8", decoder(14, 616, 128, 1232, 16, 1024));
    return List.of(
        new ModelEntry<>(
            "seqboat-classifier",
            ID,
            ModelKind.SEQUENCE_CLASSIFIER,
            "SeqBoat classifier: moving averages, attention where activated",
            SeqBoatModelConfig.class,
            classifiers,
            SeqBoatClassifier::new),
        new ModelEntry<>(
            "seqboat-lm",
            ID,
            ModelKind.CAUSAL_LANGUAGE_MODEL,
            "SeqBoat decoder: moving averages, attention where activated",
            SeqBoatModelConfig.class,
            decoders,
            SeqBoatLanguageModel::new));
  }

  private static SeqBoatModelConfig classifier(
      int vocabulary,
      int classes,
      int layers,
      int width,
      int queryWidth,
      int hidden,
      int averages,
      int window,
      Norm norm,
      int maxPositions) {
    return new SeqBoatModelConfig(
        vocabulary,
        classes,
        layers,
        width,
        queryWidth,
        hidden,
        averages,
        window,
        0,
        Attention.SOFTMAX,
        Positions.SIMPLE,
        maxPositions,
        norm,
        true,
        1,
        Routing.LEARNED,
        0);
  }

  private static SeqBoatModelConfig decoder(
      int layers, int width, int queryWidth, int hidden, int averages, int window) {
    return new SeqBoatModelConfig(
        256,
        0,
        layers,
        width,
        queryWidth,
        hidden,
        averages,
        window,
        0,
        Attention.SOFTMAX,
        Positions.ROTARY,
        1024,
        Norm.LAYERNORM,
        true,
        1,
        Routing.LEARNED,
        0);
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    List<Specimen> specimens = new ArrayList<>();
    for (int truncation : new int[] {0, 4}) {
      String name = ID + "/ema" + (truncation == 0 ? "" : ", truncated at " + truncation);
      specimens.add(
          Specimen.of(
              name,
              ID,
              () -> new MultiHeadEma(WIDTH, 3, false, truncation),
              HIDDEN,
              Trait.CAUSAL,
              Trait.STREAMING,
              Trait.MASKED));
      specimens.add(
          Specimen.of(
              name + ", bidirectional",
              ID,
              () -> new MultiHeadEma(WIDTH, 3, true, truncation),
              HIDDEN,
              Trait.MASKED));
    }
    specimens.add(
        Specimen.of(ID + "/configurator", ID, () -> new LatentConfigurator(WIDTH, 1), HIDDEN));
    for (Attention attention : Attention.values()) {
      for (Positions positions : Positions.values()) {
        String name = ID + "/" + lower(attention) + ", " + lower(positions);
        // At this size every score of causal relu2 with local biases is negative: nothing learns.
        if (attention == Attention.SOFTMAX || positions != Positions.LOCAL) {
          specimens.add(
              Specimen.of(
                  name,
                  ID,
                  () -> new SeqBoatLayer(layer(attention, positions, false, Norm.LAYERNORM, true)),
                  HIDDEN,
                  Trait.CAUSAL,
                  Trait.STREAMING,
                  Trait.CONSTANT_STATE,
                  Trait.MASKED));
        }
        specimens.add(
            Specimen.of(
                name + ", bidirectional",
                ID,
                () -> new SeqBoatLayer(layer(attention, positions, true, Norm.LAYERNORM, true)),
                HIDDEN,
                Trait.MASKED));
      }
    }
    specimens.add(
        Specimen.of(
            ID + "/batch norm after",
            ID,
            () ->
                new SeqBoatLayer(
                    layer(Attention.SOFTMAX, Positions.SIMPLE, true, Norm.BATCHNORM, false)),
            HIDDEN,
            Trait.MASKED));
    return specimens;
  }

  private static String lower(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  private static SeqBoatConfig layer(
      Attention attention, Positions positions, boolean bidirectional, Norm norm, boolean preNorm) {
    return new SeqBoatConfig(
        WIDTH,
        4,
        6,
        3,
        2,
        0,
        bidirectional,
        attention,
        positions,
        8,
        norm,
        preNorm,
        true,
        1,
        Routing.LEARNED,
        true,
        0,
        0,
        0);
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return SeqBoatGolden.targets();
  }
}
