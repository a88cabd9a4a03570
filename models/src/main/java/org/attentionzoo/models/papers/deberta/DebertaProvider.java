package org.attentionzoo.models.papers.deberta;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.papers.deberta.Deberta;
import org.attentionzoo.blocks.papers.deberta.DebertaActivation;
import org.attentionzoo.blocks.papers.deberta.DebertaConfig;
import org.attentionzoo.blocks.papers.deberta.DebertaEmbeddings;
import org.attentionzoo.blocks.papers.deberta.DebertaEncoder;
import org.attentionzoo.blocks.papers.deberta.DebertaMaskedLanguageModel;
import org.attentionzoo.blocks.papers.deberta.DebertaQuestionAnswering;
import org.attentionzoo.blocks.papers.deberta.DebertaReplacedTokenDetection;
import org.attentionzoo.blocks.papers.deberta.DebertaSequenceClassifier;
import org.attentionzoo.blocks.papers.deberta.DebertaTokenClassifier;
import org.attentionzoo.blocks.papers.deberta.ScaleInvariantTuning;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Trait;

/**
 * DeBERTa: Decoding-enhanced BERT with Disentangled Attention (He et al. 2020), versions 1 to 3.
 */
@AutoService(PaperProvider.class)
public final class DebertaProvider implements PaperProvider {

  private static final String ID = "deberta";
  private static final int VOCABULARY = 13;
  private static final int MASK = 1;

  /** Three layers of width 8, version 3. */
  private static final DebertaConfig SMALL =
      DebertaConfig.version3(8, 3, 2).withPositions(16, 4, "p2c|c2p", true, true).withoutDropout();

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
            ID,
            ID,
            ModelKind.MASKED_LANGUAGE_MODEL,
            "DeBERTa masked language model with the enhanced mask decoder",
            MaskedLanguageModelConfig.class,
            DebertaPresets.of((v, encoder) -> new MaskedLanguageModelConfig(v, true, encoder)),
            c ->
                new DebertaMaskedLanguageModel(
                    c.vocabulary(), c.encoder(), c.enhancedMaskDecoder())),
        new ModelEntry<>(
            "deberta-classifier",
            ID,
            ModelKind.SEQUENCE_CLASSIFIER,
            "DeBERTa classifier of sequences, with scale-invariant fine-tuning on demand",
            SequenceClassifierConfig.class,
            DebertaPresets.of((v, encoder) -> SequenceClassifierConfig.of(v, 2, encoder)),
            SequenceClassifierConfig::build),
        new ModelEntry<>(
            "deberta-rtd",
            ID,
            ModelKind.MASKED_LANGUAGE_MODEL,
            "DeBERTa with replaced token detection and gradient-disentangled embedding sharing",
            ReplacedTokenConfig.class,
            DebertaPresets.of(
                (v, encoder) ->
                    new ReplacedTokenConfig(
                        v,
                        true,
                        DebertaEmbeddings.Sharing.GRADIENT_DISENTANGLED,
                        MASK,
                        10,
                        encoder)),
            c ->
                new DebertaReplacedTokenDetection(
                    c.vocabulary(),
                    c.encoder(),
                    c.enhancedMaskDecoder(),
                    c.sharing(),
                    c.maskToken(),
                    c.detectionWeight())));
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    List<Specimen> specimens = new ArrayList<>();
    specimens.add(encoder("version 1", SMALL.withPositions(16, -1, "c2p|p2c", false, false)));
    specimens.add(encoder("version 2", SMALL.withConvolution(3, DebertaActivation.TANH, 2)));
    specimens.add(encoder("version 3", SMALL));
    specimens.add(encoder("position to content", SMALL.withPositions(9, 5, "p2c", false, true)));
    specimens.add(
        tokens(
            "types, positions, projection",
            () -> new Deberta(VOCABULARY, SMALL.withEmbeddings(2, 6, true))));
    specimens.add(
        tokens("mask decoder", () -> new DebertaMaskedLanguageModel(VOCABULARY, SMALL, true)));
    specimens.add(
        tokens(
            "no mask decoder",
            () ->
                new DebertaMaskedLanguageModel(
                    VOCABULARY, SMALL.withEmbeddings(0, 0, true), false)));
    specimens.add(tokens("tokens", () -> new DebertaTokenClassifier(VOCABULARY, 3, SMALL, true)));
    specimens.add(tokens("questions", () -> new DebertaQuestionAnswering(VOCABULARY, SMALL)));
    specimens.add(
        tokens(
            "tuning",
            () -> new DebertaSequenceClassifier(VOCABULARY, 3, SMALL, ScaleInvariantTuning.of(0))));
    return specimens;
  }

  private static Specimen encoder(String label, DebertaConfig config) {
    return Specimen.of(
        "deberta/encoder, " + label,
        ID,
        () -> new DebertaEncoder(config),
        (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, length, config.width()))),
        Trait.MASKED);
  }

  private static Specimen tokens(String label, Supplier<ZooBlock> factory) {
    return Specimen.of(
        "deberta/" + label,
        ID,
        factory,
        (m, batch, length) ->
            new NDList(m.randomInteger(0, VOCABULARY, new Shape(batch, length), DataType.INT64)));
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return List.of(new GoldenTarget(ID + "/encoder", DebertaGolden::encoder));
  }
}
