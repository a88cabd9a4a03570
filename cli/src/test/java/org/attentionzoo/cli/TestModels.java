package org.attentionzoo.cli;

import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.models.Papers;

/** What tests ask of models. */
final class TestModels {

  private TestModels() {}

  static long parameters(String preset) {
    return StateDict.countTrainable(Papers.load().preset(preset).build());
  }
}
