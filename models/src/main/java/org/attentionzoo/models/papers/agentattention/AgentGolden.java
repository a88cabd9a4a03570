package org.attentionzoo.models.papers.agentattention;

import ai.djl.ndarray.NDList;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.JointAttention;
import org.attentionzoo.blocks.papers.agentattention.AgentAttention;
import org.attentionzoo.blocks.papers.agentattention.AgentConfig;
import org.attentionzoo.blocks.shells.Deit;
import org.attentionzoo.blocks.shells.VisionConfig;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;

/** The official constructors of agent attention. */
final class AgentGolden {

  private AgentGolden() {}

  static List<GoldenTarget> targets() {
    return List.of(
        new GoldenTarget("agent-attention/deit-attention", AgentGolden::deitAttention),
        new GoldenTarget("agent-attention/pvt-attention", AgentGolden::pyramidAttention),
        new GoldenTarget("agent-attention/swin-attention", AgentGolden::windowAttention),
        new GoldenTarget("agent-attention/deit", AgentGolden::deit));
  }

  /**
   * {@code AgentAttention(dim, num_heads=8, qkv_bias=False, attn_drop=0, proj_drop=0, agent_num=49,
   * window=14)} of agent_deit.py.
   */
  private static GoldenTarget.Case deitAttention(GoldenConfig config) {
    config.ignore("attn_drop", "proj_drop");
    AgentConfig sizes =
        new AgentConfig(
            config.integer("dim"),
            config.integer("num_heads", 8),
            config.integer("agent_num", 49),
            config.integer("window", 14),
            true,
            0,
            config.flag("qkv_bias", false),
            true,
            true);
    return finish(config, new AgentAttention(sizes));
  }

  /**
   * {@code AgentAttention(dim, num_patches, num_heads=8, qkv_bias=False, qk_scale=None,
   * attn_drop=0, proj_drop=0, sr_ratio=1, agent_num=49)} of agent_pvt.py, which does not read
   * qk_scale.
   */
  private static GoldenTarget.Case pyramidAttention(GoldenConfig config) {
    config.ignore("attn_drop", "proj_drop", "qk_scale");
    AgentConfig sizes =
        new AgentConfig(
            config.integer("dim"),
            config.integer("num_heads", 8),
            config.integer("agent_num", 49),
            (int) Math.sqrt(config.integer("num_patches")),
            false,
            config.integer("sr_ratio", 1),
            config.flag("qkv_bias", false),
            true,
            true);
    return finish(config, new AgentAttention(sizes));
  }

  /**
   * {@code AgentAttention(dim, window_size, num_heads, qkv_bias=True, qk_scale=None, attn_drop=0,
   * proj_drop=0, shift_size=0, agent_num=49)} of agent_swin.py, which reads neither qk_scale nor
   * shift_size. The window is square.
   */
  private static GoldenTarget.Case windowAttention(GoldenConfig config) {
    config.ignore("attn_drop", "proj_drop", "qk_scale", "shift_size");
    List<Integer> window = config.integers("window_size", List.of());
    if (window == null || window.size() != 2 || !window.get(0).equals(window.get(1))) {
      throw new IllegalArgumentException(
          "config key 'window_size' is " + window + "; expected two equal numbers");
    }
    AgentConfig sizes =
        new AgentConfig(
            config.integer("dim"),
            config.integer("num_heads"),
            config.integer("agent_num", 49),
            window.get(0),
            false,
            0,
            config.flag("qkv_bias", true),
            true,
            true);
    return finish(config, new AgentAttention(sizes));
  }

  /** {@code VisionTransformer} of agent_deit.py. */
  private static GoldenTarget.Case deit(GoldenConfig config) {
    config.ignore("drop_rate", "attn_drop_rate", "drop_path_rate", "weight_init");
    if (config.flag("distilled", false)) {
      throw new IllegalArgumentException(
          "config key 'distilled' is true; the official agent attention takes one class token");
    }
    int width = config.integer("embed_dim", 768);
    int heads = config.integer("num_heads", 12);
    int layers = config.integer("depth", 12);
    int image = config.integer("img_size", 224);
    int patch = config.integer("patch_size", 16);
    boolean bias = config.flag("qkv_bias", true);
    List<Integer> stages = config.integers("agent_num", List.of(49, 49, 49, 49));
    int asked = config.integer("agent_layer", -1);
    int agentLayers = asked > 0 ? asked : layers;
    List<Integer> agents = new ArrayList<>();
    for (int layer = 0; layer < layers; layer++) {
      agents.add(layer < agentLayers ? stages.get(stage(layer)) : 0);
    }
    VisionConfig vision =
        new VisionConfig(
            image,
            config.integer("in_chans", 3),
            patch,
            config.integer("num_classes", 1000),
            width,
            layers,
            (int) (width * config.decimal("mlp_ratio", 4)),
            0);
    ZooBlock block =
        new Deit(
            vision,
            config.integer("representation_size", 0),
            layer ->
                agents.get(layer) == 0
                    ? new JointAttention(width, heads, bias)
                    : new AgentAttention(
                        new AgentConfig(
                            width,
                            heads,
                            agents.get(layer),
                            image / patch,
                            true,
                            0,
                            bias,
                            true,
                            true)));
    return finish(config, block);
  }

  /** Which entry of agent_num a layer has: the official code looks it up for pairs of layers. */
  private static int stage(int layer) {
    int pair = layer / 2;
    if (pair > 5) {
      throw new IllegalArgumentException("the official table of agent numbers has 12 layers");
    }
    return pair < 2 ? pair : pair < 5 ? 2 : 3;
  }

  private static GoldenTarget.Case finish(GoldenConfig config, ZooBlock block) {
    config.finish();
    return new GoldenTarget.Case(
        block,
        (pass, inputs) ->
            Map.of("output", block.forward(pass, new NDList(inputs.get("x"))).head()));
  }
}
