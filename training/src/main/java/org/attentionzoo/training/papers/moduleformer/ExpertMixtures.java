package org.attentionzoo.training.papers.moduleformer;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.experts.ExpertMixture;
import org.attentionzoo.training.ModelEdit.Rows;

/** The mixtures of experts of a ModuleFormer. */
final class ExpertMixtures {

  static final String MODEL = "moduleformer";

  private static final String ATTENTION = ".attn.q_proj";

  private ExpertMixtures() {}

  /** By name in the state dict, in the order of the layers, attention first. */
  static Map<String, ExpertMixture> of(ZooBlock model) {
    Map<String, ExpertMixture> mixtures = new LinkedHashMap<>();
    StateDict.blocks(model)
        .forEach(
            (path, block) -> {
              if (block instanceof ExpertMixture mixture) {
                mixtures.put(path, mixture);
              }
            });
    return mixtures;
  }

  /** How many experts each layer has afterwards, as settings of the config. */
  static Map<String, Object> counts(
      Map<String, ExpertMixture> mixtures, Function<String, Integer> count) {
    List<Integer> attention = new ArrayList<>();
    List<Integer> feedForward = new ArrayList<>();
    mixtures
        .keySet()
        .forEach(
            path -> (path.endsWith(ATTENTION) ? attention : feedForward).add(count.apply(path)));
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("layerAttentionExperts", attention);
    settings.put("layerFeedForwardExperts", feedForward);
    return settings;
  }

  /** The rows of all of a mixture's parameters. */
  static void put(
      Map<String, Rows> rows, String path, ExpertMixture mixture, Rows experts, Rows gate) {
    mixture.perExpert().forEach(name -> rows.put(path + "." + name, experts));
    rows.put(path + "." + mixture.gatePerExpert(), gate);
  }
}
