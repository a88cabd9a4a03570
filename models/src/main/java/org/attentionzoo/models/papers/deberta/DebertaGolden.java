package org.attentionzoo.models.papers.deberta;

import ai.djl.ndarray.NDArray;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.attentionzoo.blocks.papers.deberta.Deberta;
import org.attentionzoo.blocks.papers.deberta.DebertaActivation;
import org.attentionzoo.blocks.papers.deberta.DebertaConfig;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;

/** The golden target of Microsoft's class {@code DeBERTa}. */
final class DebertaGolden {

  private DebertaGolden() {}

  /** {@code DeBERTa(config)} with the attributes of its {@code ModelConfig}. */
  static GoldenTarget.Case encoder(GoldenConfig config) {
    int vocabulary = config.integer("vocab_size");
    Deberta block = new Deberta(vocabulary, config(config, vocabulary, false));
    config.finish();
    return new GoldenTarget.Case(
        block,
        (pass, inputs) -> {
          NDArray ids = inputs.get("input_ids");
          NDArray positions = inputs.get("position_ids");
          Deberta.Encoded encoded =
              block.encode(
                  pass,
                  ids,
                  inputs.get("attention_mask"),
                  inputs.get("token_type_ids"),
                  positions,
                  null);
          Map<String, NDArray> outputs = new LinkedHashMap<>();
          for (int i = 0; i < encoded.layers().size(); i++) {
            outputs.put("hidden_states." + i, encoded.layers().get(i));
          }
          outputs.put("embeddings", encoded.embedded());
          return outputs;
        });
  }

  /** With its dropout rates, or with none. */
  static DebertaConfig config(GoldenConfig config, int vocabulary, boolean drops) {
    int width = config.integer("hidden_size", 768);
    int heads = config.integer("num_attention_heads", 12);
    int headWidth = config.integer("attention_head_size", width / heads);
    if (headWidth * heads != width) {
      throw new IllegalArgumentException(
          "attention_head_size "
              + headWidth
              + " times "
              + heads
              + " heads is not hidden_size "
              + width);
    }
    config.ignore("model_type", "pooling", "pad_token_id");
    double dropout = config.decimal("hidden_dropout_prob", 0.1);
    double attentionDropout = config.decimal("attention_probs_dropout_prob", 0.1);
    Object padding = config.get("padding_idx", 0);
    String normalize = config.text("norm_rel_ebd", "none");
    int embeddingWidth = config.integer("embedding_size", width);
    return new DebertaConfig(
        width,
        config.integer("num_hidden_layers", 12),
        heads,
        config.integer("intermediate_size", 3072),
        activation(config.text("hidden_act", "gelu"), "hidden_act"),
        drops ? dropout : 0,
        drops ? attentionDropout : 0,
        config.integer("max_position_embeddings", 512),
        config.integer("type_vocab_size", 0),
        embeddingWidth,
        padding(padding, vocabulary),
        config.flag("position_biased_input", true),
        config.flag("relative_attention", false),
        config.text("pos_att_type", "c2p"),
        config.integer("max_relative_positions", -1),
        config.integer("position_buckets", -1),
        config.flag("share_att_key", false),
        normalizes(normalize),
        config.decimal("layer_norm_eps", 1e-7),
        config.integer("conv_kernel_size", 0),
        activation(config.text("conv_act", "tanh"), "conv_act"),
        config.integer("conv_groups", 1),
        config.decimal("initializer_range", 0.02));
  }

  /** PyTorch counts a negative index from the end; None is no index. */
  static int padding(Object given, int vocabulary) {
    if (given == null) {
      return -1;
    }
    int index = ((Number) given).intValue();
    return index < 0 ? vocabulary + index : index;
  }

  static boolean normalizes(String text) {
    if (text == null) {
      return false;
    }
    for (String part : text.toLowerCase(Locale.ROOT).split("\\|")) {
      if (part.strip().equals("layer_norm")) {
        return true;
      }
    }
    return false;
  }

  static DebertaActivation activation(String name, String key) {
    for (DebertaActivation activation : DebertaActivation.values()) {
      if (activation.name().toLowerCase(Locale.ROOT).equals(name)) {
        return activation;
      }
    }
    throw new IllegalArgumentException(
        key + " is '" + name + "'; known: gelu, relu, swish, tanh, linear, sigmoid");
  }
}
