package org.attentionzoo.models.papers.dsf;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.attentionzoo.blocks.Mixer;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.AttentionConfig;
import org.attentionzoo.blocks.attention.MultiHeadAttention;
import org.attentionzoo.blocks.papers.dsf.ConvolvedMixer;
import org.attentionzoo.blocks.papers.dsf.QuasiLstm;
import org.attentionzoo.blocks.papers.dsf.SelectiveStateSpace;
import org.attentionzoo.blocks.papers.dsf.SeparableAttention;
import org.attentionzoo.blocks.positions.Rotary;
import org.attentionzoo.blocks.shells.DecoderConfig;
import org.attentionzoo.blocks.shells.DecoderLanguageModel;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.MixerEntry;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Trait;
import org.attentionzoo.models.papers.dsf.DsfConfig.Kind;

/**
 * Understanding the differences in Foundation Models: Attention, State Space Models, and Recurrent
 * Neural Networks (Sieber et al. 2024).
 */
@AutoService(PaperProvider.class)
public final class DsfProvider implements PaperProvider {

  private static final String ID = "dsf";
  private static final int USUAL_STATE = 32;

  /** The smallest model first. */
  private static final List<Kind> MIXERS =
      List.of(Kind.LINEAR, Kind.NORMALISED, Kind.S6, Kind.QLSTM, Kind.QLSTM_REVERSED, Kind.SOFTMAX);

  private static final Trait[] ATTENDS = {Trait.CAUSAL, Trait.STREAMING, Trait.MASKED};
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
    Map<String, DsfConfig> presets = new LinkedHashMap<>();
    for (Kind kind : MIXERS) {
      presets.put(name(kind), new DsfConfig(256, 64, 1, 128, true, 0, kind, 1, USUAL_STATE, 4));
    }
    return List.of(
        new ModelEntry<>(
            "dsf",
            ID,
            ModelKind.CAUSAL_LANGUAGE_MODEL,
            "decoder of linear or normalised attention, S6 or a quasi LSTM, behind a convolution",
            DsfConfig.class,
            presets,
            DsfProvider::build));
  }

  private static String name(Kind kind) {
    return kind.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static ZooBlock build(DsfConfig config) {
    return new DecoderLanguageModel(
        new DecoderConfig(
            config.vocabulary(),
            config.width(),
            config.layers(),
            config.hidden(),
            config.tied(),
            config.dropout()),
        layer -> {
          Mixer mixer = mixer(config.mixer(), config.width(), config.heads(), config.state());
          return config.kernel() == 0
              ? mixer
              : new ConvolvedMixer(config.width(), config.kernel(), mixer);
        });
  }

  private static Mixer mixer(Kind kind, int width, int heads, int state) {
    return switch (kind) {
      case SOFTMAX ->
          new MultiHeadAttention(
              AttentionConfig.causal(width, heads, new Rotary(Rotary.Layout.HALF, 10_000)));
      case LINEAR -> SeparableAttention.linear(width, heads, state);
      case NORMALISED -> SeparableAttention.normalised(width, heads, state);
      case S6 -> new SelectiveStateSpace(width, state);
      case QLSTM -> new QuasiLstm(width, false);
      case QLSTM_REVERSED -> new QuasiLstm(width, true);
    };
  }

  /** {@inheritDoc} */
  @Override
  public List<MixerEntry> mixers() {
    return MIXERS.stream()
        .filter(kind -> kind != Kind.SOFTMAX)
        .map(
            kind ->
                new MixerEntry(
                    ID + "-" + name(kind),
                    ID,
                    summary(kind),
                    (sizes, layer) -> mixer(kind, sizes.width(), sizes.heads(), USUAL_STATE)))
        .toList();
  }

  private static String summary(Kind kind) {
    return switch (kind) {
      case SOFTMAX -> "softmax attention";
      case LINEAR -> "linear attention, elu + 1, a state of 32 a channel";
      case NORMALISED -> "attention over a normaliser that does not see the keys, a state of 32";
      case S6 -> "selective state-space layer, a state of 32 a channel";
      case QLSTM -> "quasi LSTM, whose gates see the input alone";
      case QLSTM_REVERSED -> "quasi LSTM with the decay of a state-space model";
    };
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    List<Specimen> specimens = new ArrayList<>();
    for (Kind kind : MIXERS) {
      specimens.add(
          Specimen.of(
              ID + "/language model, " + name(kind),
              ID,
              () -> build(new DsfConfig(11, 8, 2, 12, true, 0, kind, 2, 3, 3)),
              (m, batch, length) ->
                  new NDList(m.randomInteger(0, 11, new Shape(batch, length), DataType.INT64)),
              kind == Kind.SOFTMAX ? ATTENDS : MIXES));
    }
    specimens.addAll(
        List.of(
            specimen("linear attention", () -> SeparableAttention.linear(8, 2, 3)),
            specimen("normalised attention", () -> SeparableAttention.normalised(8, 2, 3)),
            specimen("s6", () -> new SelectiveStateSpace(8, 4)),
            specimen("quasi lstm", () -> new QuasiLstm(8, false)),
            specimen("quasi lstm, reversed", () -> new QuasiLstm(8, true))));
    return specimens;
  }

  private static Specimen specimen(String name, Supplier<ZooBlock> factory) {
    return Specimen.of(
        ID + "/" + name,
        ID,
        factory,
        (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, length, 8))),
        MIXES);
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return List.of();
  }
}
