package org.attentionzoo.models.papers.rcmha;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.papers.rcmha.RcmhaConfig;
import org.attentionzoo.blocks.papers.rcmha.RelativeConvolutionalAttention;
import org.attentionzoo.blocks.papers.rcmha.TransformerXlLanguageModel;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Trait;

/** RCMHA: Relative Convolutional Multi-Head Attention (Sugiharto et al. 2023). */
@AutoService(PaperProvider.class)
public final class RcmhaProvider implements PaperProvider {

  private static final String ID = "rcmha";
  private static final int OFFICIAL_REACH = 4096;
  private static final Trait[] DECODES = {Trait.CAUSAL, Trait.STREAMING, Trait.MASKED};

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<ModelEntry<?>> models() {
    Map<String, RcmhaModelConfig> presets = new LinkedHashMap<>();
    presets.put("tiny", new RcmhaModelConfig(256, 64, 3, 128, 0, 4, true, true, 128));
    presets.put("paper", new RcmhaModelConfig(256, 128, 6, 256, 0, 8, true, true, OFFICIAL_REACH));
    return List.of(
        new ModelEntry<>(
            "rcmha",
            ID,
            ModelKind.CAUSAL_LANGUAGE_MODEL,
            "Transformer-XL with convolved queries, keys and values",
            RcmhaModelConfig.class,
            presets,
            RcmhaProvider::build));
  }

  private static TransformerXlLanguageModel build(RcmhaModelConfig config) {
    return new TransformerXlLanguageModel(
        config.vocabulary(),
        config.layers(),
        config.hidden(),
        config.dropout(),
        config.attention());
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    return List.of(
        attention("rcmha", true, true, 16),
        attention("a short reach", true, true, 2),
        attention("mdha", true, false, 1),
        attention("rmha", false, true, 16),
        attention("mha", false, false, 1),
        Specimen.of(
            "rcmha/language model",
            ID,
            () -> build(new RcmhaModelConfig(11, 12, 2, 20, 0, 3, true, true, 16)),
            (m, batch, length) ->
                new NDList(m.randomInteger(0, 11, new Shape(batch, length), DataType.INT64)),
            DECODES));
  }

  private static Specimen attention(
      String label, boolean convolution, boolean relative, int reach) {
    return Specimen.of(
        "rcmha/attention, " + label,
        ID,
        () ->
            new RelativeConvolutionalAttention(
                new RcmhaConfig(12, 3, convolution, relative, reach, 0)),
        (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, length, 12))),
        DECODES);
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return List.of(
        new GoldenTarget("rcmha/attention", RcmhaProvider::attentionCase),
        new GoldenTarget("rcmha/lm", RcmhaProvider::modelCase));
  }

  /** {@code RelativeMultiHeadAttention(heads, d_model, dropout_prob=0.1)}; time comes first. */
  private static GoldenTarget.Case attentionCase(GoldenConfig config) {
    config.ignore("dropout_prob");
    RelativeConvolutionalAttention block =
        new RelativeConvolutionalAttention(
            new RcmhaConfig(
                config.integer("d_model"), config.integer("heads"), true, true, OFFICIAL_REACH, 0));
    config.finish();
    return new GoldenTarget.Case(
        block,
        (pass, inputs) -> {
          NDArray query = inputs.get("query").swapAxes(0, 1);
          NDArray key = inputs.get("key").swapAxes(0, 1);
          NDArray value = inputs.get("value").swapAxes(0, 1);
          NDArray mask = visible(inputs.get("mask"));
          return Map.of("output", block.attend(pass, query, key, value, mask).swapAxes(0, 1));
        });
  }

  /**
   * The official mask (1 or Lq, Lk, 1 or B), of any type and 0 where a key is hidden, as (1 or B,
   * 1, 1 or Lq, Lk); null for None.
   */
  private static NDArray visible(NDArray mask) {
    if (mask == null) {
      return null;
    }
    NDArray allowed = mask.getDataType() == DataType.BOOLEAN ? mask : mask.neq(0);
    return allowed.transpose(2, 0, 1).expandDims(1);
  }

  /** {@code AutoregressiveModel} around {@code TransformerXL}. */
  private static GoldenTarget.Case modelCase(GoldenConfig config) {
    config.ignore("dropout");
    TransformerXlLanguageModel block =
        build(
            new RcmhaModelConfig(
                config.integer("n_vocab"),
                config.integer("d_model"),
                config.integer("n_layers"),
                config.integer("d_ff"),
                0,
                config.integer("heads"),
                true,
                true,
                OFFICIAL_REACH));
    config.finish();
    return new GoldenTarget.Case(
        block,
        (pass, inputs) -> {
          NDList memories = new NDList();
          for (int i = 0; inputs.containsKey("mem." + i); i++) {
            memories.add(inputs.get("mem." + i).swapAxes(0, 1));
          }
          NDList results = block.forward(pass, inputs.get("x").swapAxes(0, 1), memories);
          Map<String, NDArray> outputs = new LinkedHashMap<>();
          outputs.put("logits", results.get(0).swapAxes(0, 1));
          for (int i = 1; i < results.size(); i++) {
            outputs.put("new_mem." + (i - 1), results.get(i).swapAxes(0, 1));
          }
          return outputs;
        });
  }
}
