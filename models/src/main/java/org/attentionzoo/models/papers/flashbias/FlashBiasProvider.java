package org.attentionzoo.models.papers.flashbias;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.MultiHeadAttention;
import org.attentionzoo.blocks.papers.flashbias.AlibiExampleAttention;
import org.attentionzoo.blocks.papers.flashbias.FactoredBiasAttention;
import org.attentionzoo.blocks.papers.flashbias.NeuralFactors;
import org.attentionzoo.blocks.papers.flashbias.WindowAttention;
import org.attentionzoo.blocks.shells.DecoderLanguageModel;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Trait;
import org.attentionzoo.models.papers.flashbias.FlashBiasConfig.Bias;

/** FlashBias: Fast Computation of Attention with Bias (Wu et al. 2025). */
@AutoService(PaperProvider.class)
public final class FlashBiasProvider implements PaperProvider {

  private static final String ID = "flashbias";

  /** Up to which rank the official window attention takes factors. */
  private static final int HIGHEST_FACTORED_RANK = 16;

  private static final Trait[] DECODES = {Trait.CAUSAL, Trait.STREAMING, Trait.MASKED};

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<ModelEntry<?>> models() {
    Map<String, FlashBiasConfig> presets = new LinkedHashMap<>();
    presets.put("tiny", tiny(Bias.ALIBI_FACTORS));
    presets.put("tiny-dense", tiny(Bias.ALIBI));
    presets.put("tiny-factors", tiny(Bias.FACTORS));
    presets.put("tiny-table", tiny(Bias.TABLE));
    return List.of(
        new ModelEntry<>(
            "flashbias",
            ID,
            ModelKind.CAUSAL_LANGUAGE_MODEL,
            "decoder whose positions are a bias in factors, which nobody ever forms",
            FlashBiasConfig.class,
            presets,
            FlashBiasProvider::build));
  }

  private static FlashBiasConfig tiny(Bias bias) {
    return new FlashBiasConfig(256, 128, 3, 320, false, 0, 4, bias, 256, 8, 0.995);
  }

  private static ZooBlock build(FlashBiasConfig config) {
    DecoderLanguageModel model =
        new DecoderLanguageModel(
            config.decoder(),
            layer -> new MultiHeadAttention(config.attention(), null, config.parts()));
    if (config.bias() == Bias.TABLE_FACTORS) {
      StateDict.freeze(model, name -> name.contains(".relative_attention_bias."));
    }
    return model;
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    List<Specimen> specimens = new ArrayList<>();
    for (boolean causal : new boolean[] {true, false}) {
      specimens.add(
          Specimen.of(
              "flashbias/attention" + (causal ? ", causal" : ""),
              ID,
              () -> new FactoredBiasAttention(0.4, causal),
              (m, batch, length) -> factored(m, batch, length, causal)));
    }
    for (Bias bias : Bias.values()) {
      FlashBiasConfig config = new FlashBiasConfig(11, 16, 2, 24, true, 0, 4, bias, 8, 3, 0.9);
      specimens.add(
          Specimen.of(
              "flashbias/decoder, " + bias.name().toLowerCase(Locale.ROOT).replace('_', ' '),
              ID,
              () -> build(config),
              (m, batch, length) ->
                  new NDList(m.randomInteger(0, 11, new Shape(batch, length), DataType.INT64)),
              DECODES));
    }
    specimens.add(
        Specimen.of(
            "flashbias/official example",
            ID,
            () -> new AlibiExampleAttention(12, 3, 5),
            (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, length, 12))),
            Trait.CAUSAL));
    specimens.add(
        Specimen.of(
            "flashbias/window attention",
            ID,
            () -> new WindowAttention(12, 2, 3, 3, true),
            (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, 6, 12)))));
    specimens.add(
        Specimen.of(
            "flashbias/neural factors",
            ID,
            () -> new NeuralFactors(5, 8, 2, 3),
            (m, batch, length) -> {
              Shape shape = new Shape(batch, length, 5);
              return new NDList(m.randomNormal(shape), m.randomNormal(shape));
            }));
    return specimens;
  }

  private static NDList factored(
      ai.djl.ndarray.NDManager m, int batch, int length, boolean causal) {
    Shape states = new Shape(batch, length, 3, 5);
    Shape factors = new Shape(batch, length, 3, 2);
    NDList inputs =
        new NDList(
            m.randomNormal(states),
            m.randomNormal(states),
            m.randomNormal(states),
            m.randomNormal(factors),
            m.randomNormal(factors));
    if (!causal) {
      inputs.add(m.randomNormal(new Shape(batch, 1, length, length)));
    }
    return inputs;
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return List.of(
        new GoldenTarget("flashbias/factored-attention", FlashBiasProvider::attention),
        new GoldenTarget("flashbias/alibi-attention", FlashBiasProvider::alibi),
        new GoldenTarget("flashbias/swinv2-window-attention", FlashBiasProvider::window));
  }

  /**
   * {@code flash_bias_func(q, k, v, q_bias=None, k_bias=None, mask=None, causal=False,
   * softmax_scale=None)}; the dense mask is called bias in its PyTorch form.
   */
  private static GoldenTarget.Case attention(GoldenConfig config) {
    boolean causal = config.flag("causal", false);
    FactoredBiasAttention block =
        config.has("softmax_scale")
            ? new FactoredBiasAttention(config.decimal("softmax_scale", 1), causal)
            : new FactoredBiasAttention(causal);
    config.finish();
    return new GoldenTarget.Case(
        block,
        (pass, inputs) -> {
          NDArray bias = inputs.containsKey("bias") ? inputs.get("bias") : inputs.get("mask");
          return Map.of(
              "output",
              block.attend(
                  pass,
                  inputs.get("q"),
                  inputs.get("k"),
                  inputs.get("v"),
                  inputs.get("q_bias"),
                  inputs.get("k_bias"),
                  bias));
        });
  }

  /** {@code Attention_with_ALiBi_Bias(dim, heads, dim_head, dropout=0.)}. */
  private static GoldenTarget.Case alibi(GoldenConfig config) {
    config.ignore("dropout");
    AlibiExampleAttention block =
        new AlibiExampleAttention(
            config.integer("dim"), config.integer("heads"), config.integer("dim_head"));
    config.finish();
    return new GoldenTarget.Case(
        block, (pass, inputs) -> Map.of("output", block.forward(pass, inputs.get("x"))));
  }

  /**
   * {@code WindowAttention(dim, window_size, num_heads, qkv_bias=True, attn_drop=0, proj_drop=0,
   * pretrained_window_size=[0, 0])}; the rank only describes the factors. Beyond rank 16 the
   * official code takes the dense bias, where it is given.
   */
  private static GoldenTarget.Case window(GoldenConfig config) {
    config.ignore("attn_drop", "proj_drop", "rank");
    List<Integer> size = config.integers("window_size", null);
    List<Integer> pretrained = config.integers("pretrained_window_size", List.of(0, 0));
    List<Integer> measure = pretrained.get(0) > 0 ? pretrained : size;
    WindowAttention block =
        new WindowAttention(
            config.integer("dim"),
            size.get(0),
            size.get(1),
            config.integer("num_heads"),
            config.flag("qkv_bias", true),
            measure.get(0),
            measure.get(1));
    config.finish();
    return new GoldenTarget.Case(
        block,
        (pass, inputs) -> {
          NDArray x = inputs.get("x");
          NDArray factors = inputs.get("q_bias_pos");
          NDArray bias = inputs.get("bias");
          NDArray mask = inputs.get("mask");
          boolean dense =
              bias != null
                  && (factors == null || factors.getShape().get(3) > HIGHEST_FACTORED_RANK);
          NDArray output =
              dense
                  ? block.attend(pass, x, bias, mask)
                  : block.attend(pass, x, factors, inputs.get("k_bias_pos"), mask);
          return Map.of("output", output);
        });
  }
}
