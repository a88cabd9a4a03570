package org.attentionzoo.models.papers.seqboat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.papers.seqboat.MultiHeadEma;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatConfig;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatConfig.Attention;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatConfig.Norm;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatConfig.Positions;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatConfig.Routing;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatLayer;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;

/** The golden targets of the authors' {@code standalone_seqboat.py}. */
final class SeqBoatGolden {

  private SeqBoatGolden() {}

  static List<GoldenTarget> targets() {
    return List.of(
        new GoldenTarget("seqboat/layer", SeqBoatGolden::layer),
        new GoldenTarget("seqboat/multihead-ema", SeqBoatGolden::average));
  }

  private static GoldenTarget.Case average(GoldenConfig config) {
    var block =
        new MultiHeadEma(
            config.integer("embed_dim"),
            config.integer("ndim", 2),
            config.flag("bidirectional", false),
            config.integer("truncation", 0));
    return new GoldenTarget.Case(block, (pass, inputs) -> run(block, pass, inputs));
  }

  private static GoldenTarget.Case layer(GoldenConfig config) {
    config.ignore("dropout", "attention_dropout", "hidden_dropout");
    String attention = config.text("attention_activation", "relu2");
    String positions = config.text("rel_pos_bias", "simple");
    boolean local = config.flag("local_pos", false) && positions.equals("simple");
    var block =
        new SeqBoatLayer(
            new SeqBoatConfig(
                config.integer("embed_dim"),
                config.integer("zdim"),
                config.integer("hdim"),
                config.integer("ndim"),
                config.integer("window_size", 256),
                config.integer("truncation", 0),
                config.flag("bidirectional", false),
                choose("attention_activation", attention, Attention.values()),
                local ? Positions.LOCAL : official(positions),
                config.integer("max_positions", 1024),
                choose("norm_type", config.text("norm_type", "layernorm"), Norm.values()),
                config.flag("prenorm", true),
                config.flag("norm_affine", true),
                config.decimal("init_temp_scale", 1),
                Routing.LEARNED,
                false,
                0,
                0,
                0));
    return new GoldenTarget.Case(block, (pass, inputs) -> run(block, pass, inputs));
  }

  private static Positions official(String name) {
    if (name.equals("local")) {
      throw new IllegalArgumentException(
          "rel_pos_bias is 'local'; expected simple or rotary (and local_pos: true with simple)");
    }
    return choose("rel_pos_bias", name, Positions.values());
  }

  private static <E extends Enum<E>> E choose(String key, String name, E[] values) {
    for (E value : values) {
      if (value.name().equalsIgnoreCase(name)) {
        return value;
      }
    }
    throw new IllegalArgumentException(
        key + " is '" + name + "'; expected one of " + List.of(values));
  }

  /** Time comes first in the cases; their mask is true where padded. */
  private static Map<String, NDArray> run(ZooBlock block, Pass pass, Map<String, NDArray> inputs) {
    NDList ours = new NDList(inputs.get("x").swapAxes(0, 1));
    NDArray padded = inputs.get("padding_mask");
    if (padded != null) {
      ours.add(padded.logicalNot());
    }
    return Map.of("output", block.forward(pass, ours).head().swapAxes(0, 1));
  }
}
