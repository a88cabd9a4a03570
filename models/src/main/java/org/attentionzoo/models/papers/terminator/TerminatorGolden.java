package org.attentionzoo.models.papers.terminator;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.papers.terminator.Kar3;
import org.attentionzoo.blocks.papers.terminator.SfneBlock;
import org.attentionzoo.blocks.papers.terminator.SfneConfig;
import org.attentionzoo.blocks.papers.terminator.SlowNetConfig;
import org.attentionzoo.blocks.papers.terminator.Terminator;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;

/** The official constructors of the Terminator. */
final class TerminatorGolden {

  /** Does not act: weights are loaded. */
  private static final double FREQUENCY = 1;

  /** Which the official code sets whatever the config says. */
  private static final int SPATIAL_HIDDEN = 64;

  private TerminatorGolden() {}

  static List<GoldenTarget> targets() {
    return List.of(
        new GoldenTarget("terminator-hyperzzw/sfne-block", TerminatorGolden::block),
        new GoldenTarget("terminator-hyperzzw/model", TerminatorGolden::model),
        new GoldenTarget("terminator-hyperzzw/kar3", TerminatorGolden::kar3));
  }

  /** {@code SFNEBlock} with its {@code FastMultiBranchLayer}. */
  private static GoldenTarget.Case block(GoldenConfig config) {
    config.ignore("dropout", "x_pre_channels", "x_pre_pre_channels");
    int channels = config.integer("in_channels");
    int factor = config.integer("bottleneck_factor");
    int earlier = config.integer("num_concat_pre", 0);
    int layers = ((Number) map(config, "kernel_cfg_g").get("num_layers")).intValue();
    SfneBlock block = new SfneBlock(sizes(config, channels, factor, earlier, layers));
    config.finish();
    return new GoldenTarget.Case(
        block,
        (pass, inputs) -> {
          NDList arrays = new NDList(inputs.get("x"));
          for (String name : List.of("x_pre", "x_pre_pre")) {
            NDArray array = inputs.get(name);
            if (array != null) {
              arrays.add(array);
            }
          }
          NDList outputs = block.forward(pass, arrays);
          return Map.of("output", outputs.get(0), "global_hk", outputs.get(1));
        });
  }

  /** {@code Terminator_image(in_channels, out_channels, net_cfg, kernel_cfg_g, ...)}. */
  private static GoldenTarget.Case model(GoldenConfig config) {
    config.ignore("in_channels");
    Map<?, ?> net = map(config, "net_cfg");
    Map<?, ?> block = (Map<?, ?>) net.get("block");
    List<?> channels = (List<?>) block.get("in_channel");
    List<?> factors = (List<?>) block.get("bottleneck_factors");
    List<?> earlier = (List<?>) block.get("num_concat_pre");
    List<?> layers = (List<?>) map(config, "kernel_cfg_g").get("num_layers_list");
    List<SfneConfig> blocks = new ArrayList<>();
    for (int i = 0; i < ((Number) net.get("no_blocks")).intValue(); i++) {
      blocks.add(sizes(config, at(channels, i), at(factors, i), at(earlier, i), at(layers, i)));
    }
    Terminator model = new Terminator(blocks, config.integer("out_channels"), 1);
    config.finish();
    return new GoldenTarget.Case(
        model,
        (pass, inputs) -> {
          NDList outputs = model.classify(pass, inputs.get("x"));
          // The reference drops what has size 1: the batch of one image, the only class.
          return Map.of("logits", outputs.get(0).squeeze(), "slow_neural_loss", outputs.get(1));
        });
  }

  private static int at(List<?> list, int index) {
    return ((Number) list.get(index)).intValue();
  }

  private static SfneConfig sizes(
      GoldenConfig config, int channels, int factor, int earlier, int globalLayers) {
    Map<?, ?> global = map(config, "kernel_cfg_g");
    Map<?, ?> local = map(config, "kernel_cfg_l");
    List<Integer> sides =
        ((List<?>) local.get("sizes")).stream().map(s -> ((Number) s).intValue()).toList();
    return new SfneConfig(
        channels,
        factor,
        earlier,
        ((Number) global.get("size")).intValue(),
        slow(global, globalLayers),
        slow(local),
        sides,
        slow(map(config, "kernel_cfg_gc")),
        slow(map(config, "kernel_cfg_gc_hi")),
        new SlowNetConfig(
            SPATIAL_HIDDEN,
            ((Number) map(config, "kernel_cfg_gs_hi").get("num_layers")).intValue(),
            FREQUENCY),
        0);
  }

  private static SlowNetConfig slow(Map<?, ?> config) {
    return slow(config, ((Number) config.get("num_layers")).intValue());
  }

  private static SlowNetConfig slow(Map<?, ?> config, int layers) {
    return new SlowNetConfig(((Number) config.get("no_hidden")).intValue(), layers, FREQUENCY);
  }

  private static Map<?, ?> map(GoldenConfig config, String key) {
    if (config.get(key, null) instanceof Map<?, ?> map) {
      return map;
    }
    throw new IllegalArgumentException("config key '" + key + "' is missing or no object");
  }

  /** {@code Kar3(params, lr=1e-4, betas=(0.5, 0.95))}, told the gradients of some steps. */
  private static GoldenTarget.Case kar3(GoldenConfig config) {
    config.ignore("optimizer");
    List<?> betas = (List<?>) config.get("betas", List.of(0.5, 0.95));
    Kar3 rule =
        new Kar3(
            config.weightShape("p"),
            config.decimal("lr", 1e-4),
            ((Number) betas.get(0)).doubleValue(),
            ((Number) betas.get(1)).doubleValue());
    config.finish();
    return new GoldenTarget.Case(
        rule,
        (pass, inputs) ->
            Map.of("trajectory", rule.forward(pass, new NDList(inputs.get("gradients"))).head()));
  }
}
