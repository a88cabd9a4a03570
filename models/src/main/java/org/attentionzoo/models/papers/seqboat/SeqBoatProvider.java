package org.attentionzoo.models.papers.seqboat;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
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
import org.attentionzoo.models.Specimen.Property;
import org.attentionzoo.models.Specimen.Trait;

/** SeqBoat: Sparse Modular Activation for Efficient Sequence Modeling (Ren et al. 2023). */
@AutoService(PaperProvider.class)
public final class SeqBoatProvider implements PaperProvider {

  private static final String ID = "seqboat";
  private static final int WIDTH = 8;
  private static final int WINDOW = 2;
  private static final Specimen.Inputs HIDDEN =
      (manager, batch, length) -> new NDList(manager.randomNormal(new Shape(batch, length, WIDTH)));

  /**
   * The sizes of the authors' recipe for ListOps of the Long Range Arena; it leaves the window open
   * and has one more layer before the classes.
   */
  private static final SeqBoatModelConfig LISTOPS =
      new SeqBoatModelConfig(
          18,
          10,
          6,
          80,
          64,
          160,
          16,
          128,
          1024,
          Attention.SOFTMAX,
          Positions.SIMPLE,
          2002,
          Norm.LAYERNORM,
          false,
          0.3,
          Routing.LEARNED,
          0.1);

  /**
   * The sizes of the authors' recipe for byte-level text of the Long Range Arena, with layer norm
   * instead of its scale norm; it leaves the window open and has one more layer before the classes.
   */
  private static final SeqBoatModelConfig TEXT =
      new SeqBoatModelConfig(
          256,
          2,
          4,
          128,
          64,
          256,
          16,
          256,
          1024,
          Attention.SOFTMAX,
          Positions.LOCAL,
          4002,
          Norm.LAYERNORM,
          false,
          0.3,
          Routing.LEARNED,
          0.1);

  /**
   * The sizes of the authors' recipe for enwik8, whose last norm has no scale and shift and whose
   * embedding is also the last linear map; here both are parameters of their own.
   */
  private static final SeqBoatModelConfig ENWIK8 =
      new SeqBoatModelConfig(
          256,
          0,
          14,
          616,
          128,
          1232,
          16,
          1024,
          2048,
          Attention.SOFTMAX,
          Positions.ROTARY,
          8192,
          Norm.LAYERNORM,
          true,
          1,
          Routing.LEARNED,
          0.15);

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<ModelEntry<?>> models() {
    SeqBoatModelConfig tiny =
        new SeqBoatModelConfig(
            64,
            10,
            3,
            64,
            32,
            128,
            8,
            16,
            0,
            Attention.SOFTMAX,
            Positions.SIMPLE,
            1024,
            Norm.LAYERNORM,
            true,
            1,
            Routing.LEARNED,
            0);
    Map<String, SeqBoatModelConfig> classifiers = new LinkedHashMap<>();
    classifiers.put("tiny", tiny);
    classifiers.put("listops", LISTOPS);
    classifiers.put("text", TEXT);
    Map<String, SeqBoatModelConfig> decoders = new LinkedHashMap<>();
    decoders.put(
        "tiny",
        new SeqBoatModelConfig(
            256,
            0,
            3,
            64,
            32,
            128,
            8,
            16,
            0,
            Attention.SOFTMAX,
            Positions.ROTARY,
            1024,
            Norm.LAYERNORM,
            true,
            1,
            Routing.LEARNED,
            0));
    decoders.put("enwik8", ENWIK8);
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
        new Specimen(
            ID + "/ema, truncated at 1",
            ID,
            () -> new MultiHeadEma(WIDTH, 3, false, 1),
            HIDDEN,
            Set.of(Trait.CAUSAL, Trait.STREAMING, Trait.MASKED),
            Map.of(
                Property.EVERY_PARAMETER_LEARNS,
                "the decay, all that alpha decides, is to the power 0 at the only lag"),
            2e-5,
            "float32 rounding"));
    specimens.add(
        Specimen.of(ID + "/configurator", ID, () -> new LatentConfigurator(WIDTH, 1), HIDDEN));
    for (Attention attention : Attention.values()) {
      for (Positions positions : Positions.values()) {
        String name = ID + "/" + lower(attention) + ", " + lower(positions);
        // Squared ReLU gives no weights where no bias in sight is positive: a longer table has
        // some.
        int window = attention == Attention.RELU2 && positions == Positions.LOCAL ? 5 : WINDOW;
        specimens.add(
            Specimen.of(
                name,
                ID,
                () ->
                    new SeqBoatLayer(
                        layer(attention, positions, false, window, Norm.LAYERNORM, true)),
                HIDDEN,
                Trait.CAUSAL,
                Trait.STREAMING,
                Trait.CONSTANT_STATE,
                Trait.MASKED));
        specimens.add(
            Specimen.of(
                name + ", bidirectional",
                ID,
                () ->
                    new SeqBoatLayer(
                        layer(attention, positions, true, WINDOW, Norm.LAYERNORM, true)),
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
                    layer(
                        Attention.SOFTMAX, Positions.SIMPLE, true, WINDOW, Norm.BATCHNORM, false)),
            HIDDEN,
            Trait.MASKED));
    return specimens;
  }

  private static String lower(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  private static SeqBoatConfig layer(
      Attention attention,
      Positions positions,
      boolean bidirectional,
      int window,
      Norm norm,
      boolean preNorm) {
    return new SeqBoatConfig(
        WIDTH,
        4,
        6,
        3,
        window,
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
