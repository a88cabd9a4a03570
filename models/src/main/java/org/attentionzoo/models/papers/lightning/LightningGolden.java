package org.attentionzoo.models.papers.lightning;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.linear.LinearAttentionConfig.Form;
import org.attentionzoo.blocks.papers.lightning.LightningAttention;
import org.attentionzoo.blocks.papers.lightning.TnlAttention;
import org.attentionzoo.blocks.papers.lightning.TransNormer;
import org.attentionzoo.blocks.papers.lightning.TransNormerConfig;
import org.attentionzoo.blocks.papers.lightning.TransNormerConfig.Positions;
import org.attentionzoo.blocks.papers.lightning.TransNormerConfig.TokenMixer;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.TokenLoss;

/** The golden targets of the kernels' repository and of nanoTransNormer. */
final class LightningGolden {

  /** So small that a case of a few tokens has several chunks. */
  private static final int CHUNK = 8;

  private LightningGolden() {}

  static List<GoldenTarget> targets() {
    return List.of(
        new GoldenTarget("lightning-attention/core", LightningGolden::core),
        new GoldenTarget("lightning-attention/tnl-attention", LightningGolden::example),
        new GoldenTarget("lightning-attention/transnormer", LightningGolden::transNormer));
  }

  /** {@code linear_attn(q, k, v, s=None)}: the rates are an input. */
  private static GoldenTarget.Case core(GoldenConfig config) {
    config.ignore("num_heads", "slopes");
    config.finish();
    return new GoldenTarget.Case(
        new LightningAttention(List.of(), Form.CHUNKED, CHUNK), LightningGolden::attend);
  }

  private static Map<String, NDArray> attend(Pass pass, Map<String, NDArray> inputs) {
    List<Double> rates = new ArrayList<>();
    if (inputs.get("s") != null) {
      for (float rate : inputs.get("s").toFloatArray()) {
        rates.add((double) rate);
      }
    }
    NDArray output =
        new LightningAttention(rates, Form.CHUNKED, CHUNK)
            .attend(pass, inputs.get("q"), inputs.get("k"), inputs.get("v"), null);
    return Map.of("output", output);
  }

  /**
   * {@code TnlAttention(embed_dim, num_heads, bias=False, norm_type="layernorm", layer_idx=0,
   * num_layers=12, causal=True)}.
   */
  private static GoldenTarget.Case example(GoldenConfig config) {
    config.ignore("norm_type", "causal");
    int width = config.integer("embed_dim");
    TransNormerConfig sizes =
        new TransNormerConfig(
            1,
            width,
            config.integer("num_layers", 12),
            config.integer("num_heads"),
            width,
            1,
            config.flag("bias", false),
            false,
            false,
            TokenMixer.EXAMPLE,
            Positions.NONE,
            true,
            Form.CHUNKED,
            CHUNK);
    TnlAttention block = new TnlAttention(sizes, config.integer("layer_idx", 0));
    config.finish();
    return new GoldenTarget.Case(
        block,
        (pass, inputs) ->
            Map.of("output", block.forward(pass, new NDList(inputs.get("x"))).head()));
  }

  /** {@code TransNormerConfig(block_size, vocab_size, n_layer, n_head, n_embd, bias)}. */
  private static GoldenTarget.Case transNormer(GoldenConfig config) {
    config.ignore("block_size", "use_triton");
    int width = config.integer("n_embd", 768);
    TransNormer block =
        new TransNormer(
            new TransNormerConfig(
                config.integer("vocab_size", 50_304),
                width,
                config.integer("n_layer", 12),
                config.integer("n_head", 12),
                width,
                2 * width,
                config.flag("bias", false),
                true,
                false,
                TokenMixer.NORM,
                Positions.LATER,
                true,
                Form.CHUNKED,
                CHUNK));
    config.finish();
    return new GoldenTarget.Case(
        block,
        (pass, inputs) -> {
          NDArray logits = block.forward(pass, new NDList(inputs.get("idx"))).head();
          Map<String, NDArray> outputs = new LinkedHashMap<>();
          NDArray targets = inputs.get("targets");
          outputs.put("logits", targets == null ? logits.get(":, -1:") : logits);
          if (targets != null) {
            outputs.put("loss", TokenLoss.mean(logits, targets, -1));
          }
          return outputs;
        },
        name ->
            name.replace("transnormer.wte.", "model.embed_tokens.")
                .replace("transnormer.h.", "model.layers."));
  }
}
