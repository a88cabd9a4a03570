package org.attentionzoo.models.papers.deberta;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiFunction;
import org.attentionzoo.blocks.papers.deberta.DebertaConfig;

/** The sizes that were released, and a tiny one. */
final class DebertaPresets {

  private static final int BYTE_PAIRS = 50265;
  private static final int SENTENCE_PIECES = 128100;

  private DebertaPresets() {}

  /** 4 layers of width 64 with 16 buckets for at most 64 positions, without dropout. */
  static DebertaConfig tiny() {
    return DebertaConfig.version3(64, 4, 2)
        .withPositions(64, 16, "p2c|c2p", true, true)
        .withoutDropout();
  }

  /** Each size, given its vocabulary and encoder. */
  static <C> Map<String, C> of(BiFunction<Integer, DebertaConfig, C> make) {
    Map<String, C> presets = new LinkedHashMap<>();
    presets.put("tiny", make.apply(256, tiny()));
    presets.put("v1-base", make.apply(BYTE_PAIRS, DebertaConfig.version1(768, 12, 12)));
    presets.put("v1-large", make.apply(BYTE_PAIRS, DebertaConfig.version1(1024, 24, 16)));
    presets.put("v1-xlarge", make.apply(BYTE_PAIRS, DebertaConfig.version1(1024, 48, 16)));
    presets.put("v2-xlarge", make.apply(SENTENCE_PIECES, DebertaConfig.version2(1536, 24, 24)));
    presets.put("v2-xxlarge", make.apply(SENTENCE_PIECES, DebertaConfig.version2(1536, 48, 24)));
    presets.put("v3-xsmall", make.apply(SENTENCE_PIECES, DebertaConfig.version3(384, 12, 6)));
    presets.put("v3-small", make.apply(SENTENCE_PIECES, DebertaConfig.version3(768, 6, 12)));
    presets.put("v3-base", make.apply(SENTENCE_PIECES, DebertaConfig.version3(768, 12, 12)));
    presets.put("v3-large", make.apply(SENTENCE_PIECES, DebertaConfig.version3(1024, 24, 16)));
    return presets;
  }
}
