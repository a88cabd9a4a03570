package org.attentionzoo.models.papers.cab;

import ai.djl.ndarray.NDArray;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.attentionzoo.blocks.AttentionPattern;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.papers.cab.BoundedMemory;
import org.attentionzoo.blocks.papers.cab.FullAttention;
import org.attentionzoo.blocks.papers.cab.LocalWindow;
import org.attentionzoo.blocks.papers.cab.NystromAttention;
import org.attentionzoo.blocks.papers.cab.PatternAttention;
import org.attentionzoo.blocks.papers.cab.PatternCore;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;

/** The attentions of CAB's library, called with queries and with keys that are the values too. */
final class CabGolden {

  private CabGolden() {}

  static List<GoldenTarget> targets() {
    return List.of(
        target("cab/attention", (config, head) -> new FullAttention()),
        target(
            "cab/abc",
            (config, head) -> new BoundedMemory(head, config.integer("num_landmarks", 16))),
        target("cab/local", (config, head) -> new LocalWindow(config.integer("wsize", 15))),
        target(
            "cab/nystrom",
            (config, head) -> new NystromAttention(config.integer("num_landmarks", 16))));
  }

  private static GoldenTarget target(
      String name, BiFunction<GoldenConfig, Integer, PatternCore> core) {
    return new GoldenTarget(
        name,
        config -> {
          int width = config.integer("embed_dim");
          int heads = config.integer("num_heads");
          boolean causal = config.flag("causal", false);
          boolean cross = config.flag("cross", false);
          config.ignore("dropout");
          AttentionPattern pattern =
              cross
                  ? causal ? AttentionPattern.CAUSAL_CROSS : AttentionPattern.NONCAUSAL_CROSS
                  : causal ? AttentionPattern.CAUSAL_SELF : AttentionPattern.NONCAUSAL_SELF;
          PatternAttention attention =
              new PatternAttention(
                  width,
                  heads,
                  config.flag("bias", true),
                  core.apply(config, width / heads),
                  pattern);
          attention.require(pattern);
          return new GoldenTarget.Case(
              attention,
              (pass, inputs) -> {
                NDArray target = inputs.get("query");
                NDArray source = cross ? inputs.get("key") : target;
                NDArray hidden = inputs.get("key_padding_mask");
                Sequences sequences = Sequences.padded(hidden == null ? null : hidden.logicalNot());
                return Map.of("output", attention.attend(pass, pattern, target, source, sequences));
              });
        });
  }
}
