package org.attentionzoo.models.papers.lightning;

import ai.djl.ndarray.NDArray;
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
import org.attentionzoo.blocks.linear.LinearAttentionConfig.Form;
import org.attentionzoo.blocks.papers.lightning.LightningAttention;
import org.attentionzoo.blocks.papers.lightning.Lrpe;
import org.attentionzoo.blocks.papers.lightning.NormLinearAttention;
import org.attentionzoo.blocks.papers.lightning.Sglu;
import org.attentionzoo.blocks.papers.lightning.TnlAttention;
import org.attentionzoo.blocks.papers.lightning.TransNormer;
import org.attentionzoo.blocks.papers.lightning.TransNormerConfig;
import org.attentionzoo.blocks.papers.lightning.TransNormerConfig.Positions;
import org.attentionzoo.blocks.papers.lightning.TransNormerConfig.TokenMixer;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.MixerEntry;
import org.attentionzoo.models.MixerEntry.Sizes;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Trait;

/** Lightning attention and TransNormerLLM (Qin et al. 2024). */
@AutoService(PaperProvider.class)
public final class LightningProvider implements PaperProvider {

  static final String ID = "lightning-attention";

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
    Map<String, TransNormerConfig> presets = new LinkedHashMap<>();
    presets.put("tiny", preset(256, 128, 4, 4, 256));
    presets.put("385m", preset(64_000, 1024, 24, 8, 2816));
    presets.put("1b", preset(64_000, 2048, 16, 16, 5632));
    presets.put("7b", preset(64_000, 4096, 30, 32, 11_008));
    return List.of(
        new ModelEntry<>(
            "transnormer",
            ID,
            ModelKind.CAUSAL_LANGUAGE_MODEL,
            "TransNormerLLM: lightning attention with decay, gated linear units",
            TransNormerConfig.class,
            presets,
            TransNormer::new));
  }

  /** {@inheritDoc} */
  @Override
  public List<MixerEntry> mixers() {
    return List.of(
        new MixerEntry(
            "lightning",
            ID,
            "lightning attention with decay, norm and gate; learned positions in the first layer",
            (sizes, layer) -> new NormLinearAttention(of(sizes, TokenMixer.NORM), layer)),
        new MixerEntry(
            "tnl",
            ID,
            "lightning attention with decay, LayerNorm and a low-rank gate",
            (sizes, layer) -> new TnlAttention(of(sizes, TokenMixer.EXAMPLE), layer)));
  }

  private static TransNormerConfig of(Sizes sizes, TokenMixer mixer) {
    return new TransNormerConfig(
        1,
        sizes.width(),
        sizes.layers(),
        sizes.heads(),
        sizes.width(),
        1,
        false,
        false,
        false,
        mixer,
        Positions.FIRST,
        true,
        Form.CHUNKED,
        64);
  }

  private static TransNormerConfig preset(
      int vocabulary, int width, int layers, int heads, int hidden) {
    return new TransNormerConfig(
        vocabulary,
        width,
        layers,
        heads,
        width,
        hidden,
        false,
        false,
        true,
        TokenMixer.NORM,
        Positions.FIRST,
        true,
        Form.CHUNKED,
        64);
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    List<Specimen> specimens = new ArrayList<>();
    for (Form form : Form.values()) {
      String name = form.name().toLowerCase(Locale.ROOT);
      specimens.add(mixer(name, small(TokenMixer.NORM, Positions.ALL, true, form)));
    }
    specimens.add(mixer("no decay", small(TokenMixer.NORM, Positions.NONE, false, Form.CHUNKED)));
    specimens.add(mixer("example", small(TokenMixer.EXAMPLE, Positions.NONE, true, Form.CHUNKED)));
    specimens.add(
        Specimen.of(
            "lightning-attention/core",
            ID,
            () -> new LightningAttention(LightningAttention.rates(3, 0, 1), Form.CHUNKED, 4),
            LightningProvider::heads));
    specimens.add(
        Specimen.of(
            "lightning-attention/lrpe",
            ID,
            () -> new Lrpe(3, 4),
            (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, 3, length, 4)))));
    specimens.add(
        Specimen.of(
            "lightning-attention/sglu",
            ID,
            () -> new Sglu(12, 16, true),
            LightningProvider::hidden,
            Trait.CAUSAL));
    specimens.add(
        Specimen.of(
            "lightning-attention/transnormer of constant state",
            ID,
            () -> new TransNormer(small(TokenMixer.NORM, Positions.FIRST, true, Form.CHUNKED)),
            (m, batch, length) ->
                new NDList(m.randomInteger(0, 11, new Shape(batch, length), DataType.INT64)),
            MIXES));
    return specimens;
  }

  private static TransNormerConfig small(
      TokenMixer mixer, Positions positions, boolean decay, Form form) {
    return new TransNormerConfig(
        11, 12, 2, 3, 12, 16, true, true, true, mixer, positions, decay, form, 4);
  }

  private static Specimen mixer(String label, TransNormerConfig config) {
    return Specimen.of(
        "lightning-attention/mixer, " + label,
        ID,
        () ->
            config.mixer() == TokenMixer.NORM
                ? new NormLinearAttention(config, 0)
                : new TnlAttention(config, 0),
        LightningProvider::hidden,
        MIXES);
  }

  private static NDList hidden(NDManager manager, int batch, int length) {
    return new NDList(manager.randomNormal(new Shape(batch, length, 12)));
  }

  private static NDList heads(NDManager manager, int batch, int length) {
    NDArray x = manager.randomNormal(new Shape(3, batch, 3, length, 4));
    return new NDList(x.get(0), x.get(1), x.get(2));
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return LightningGolden.targets();
  }
}
