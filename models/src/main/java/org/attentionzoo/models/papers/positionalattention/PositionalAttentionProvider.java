package org.attentionzoo.models.papers.positionalattention;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.papers.positionalattention.PositionalAttention;
import org.attentionzoo.blocks.papers.positionalattention.PositionalConfig;
import org.attentionzoo.blocks.papers.positionalattention.PositionalConfig.Mode;
import org.attentionzoo.blocks.papers.positionalattention.PositionalTransformer;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;

/** Positional Attention (Back de Luca et al. 2024). */
@AutoService(PaperProvider.class)
public final class PositionalAttentionProvider implements PaperProvider {

  private static final String ID = "positional-attention";

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<ModelEntry<?>> models() {
    Map<String, PositionalModelConfig> presets = new LinkedHashMap<>();
    presets.put("tiny", preset(Mode.POSITIONAL));
    presets.put("standard", preset(Mode.STANDARD));
    presets.put("rope", preset(Mode.ROPE));
    return List.of(
        new ModelEntry<>(
            "positional-transformer",
            ID,
            ModelKind.REGRESSOR,
            "Transformer whose attention depends on positions alone, for algorithms on lists",
            PositionalModelConfig.class,
            presets,
            PositionalAttentionProvider::build));
  }

  /** The paper's sizes for lists of 8. */
  private static PositionalModelConfig preset(Mode mode) {
    return new PositionalModelConfig(8, 1, 64, 2, 4, 64, 2, mode);
  }

  private static ZooBlock build(PositionalModelConfig config) {
    return new PositionalTransformer(config.transformer(), config.extra());
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    List<Specimen> specimens = new ArrayList<>();
    for (Mode mode : Mode.values()) {
      String name = mode.name().toLowerCase(Locale.ROOT);
      specimens.add(
          Specimen.of(
              "positional-attention/lists, " + name,
              ID,
              () -> build(new PositionalModelConfig(5, 1, 12, 2, 2, 10, 2, mode)),
              (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, 5)))));
      specimens.add(
          Specimen.of(
              "positional-attention/attention, " + name,
              ID,
              () -> new PositionalAttention(new PositionalConfig(1, 12, 1, 3, 1, 8, 2, mode, 7)),
              (m, batch, length) ->
                  mode == Mode.POSITIONAL
                      ? new NDList(
                          m.randomNormal(new Shape(batch, length, 12)),
                          m.randomNormal(new Shape(length, 7)))
                      : new NDList(m.randomNormal(new Shape(batch, length, 12)))));
    }
    return specimens;
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return List.of(
        new GoldenTarget("positional-attention/attention", PositionalAttentionProvider::attention),
        new GoldenTarget(
            "positional-attention/transformer", PositionalAttentionProvider::transformer));
  }

  /** {@code MultiheadAttention(embed_dim, num_heads, positional=False, RoPE=False, pos_dim=-1)}. */
  private static GoldenTarget.Case attention(GoldenConfig config) {
    PositionalAttention block =
        new PositionalAttention(
            new PositionalConfig(
                1,
                config.integer("embed_dim"),
                1,
                config.integer("num_heads"),
                1,
                1,
                1,
                mode(config),
                config.integer("pos_dim", -1)));
    return golden(block, config);
  }

  /**
   * {@code Transformer(in_dim, embed_dim, out_dim, num_heads, num_layers, mlp_hidden_dim=128,
   * mlp_num_layers=2, positional=False, RoPE=False, pos_dim=-1)}.
   */
  private static GoldenTarget.Case transformer(GoldenConfig config) {
    PositionalTransformer block =
        new PositionalTransformer(
            new PositionalConfig(
                config.integer("in_dim"),
                config.integer("embed_dim"),
                config.integer("out_dim"),
                config.integer("num_heads"),
                config.integer("num_layers"),
                config.integer("mlp_hidden_dim", 128),
                config.integer("mlp_num_layers", 2),
                mode(config),
                config.integer("pos_dim", -1)),
            0);
    return golden(block, config);
  }

  private static Mode mode(GoldenConfig config) {
    boolean positional = config.flag("positional", false);
    boolean rotated = config.flag("RoPE", false);
    if (positional && rotated) {
      throw new IllegalArgumentException(
          "config keys 'positional' and 'RoPE' are both true; set at most one");
    }
    if (positional) {
      return Mode.POSITIONAL;
    }
    return rotated ? Mode.ROPE : Mode.STANDARD;
  }

  private static GoldenTarget.Case golden(ZooBlock block, GoldenConfig config) {
    config.finish();
    return new GoldenTarget.Case(
        block,
        (pass, inputs) -> {
          NDList all = new NDList(inputs.get("x"));
          if (inputs.containsKey("p")) {
            all.add(inputs.get("p"));
          }
          return Map.of("output", block.forward(pass, all).head());
        });
  }
}
