package org.attentionzoo.blocks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.Set;

/** A mixer that attends to its own sequence, causal or not. State dict: {@code mixer}. */
final class SelfPattern extends ZooBlock implements PatternMixer {

  private final Mixer mixer;

  SelfPattern(Mixer mixer) {
    this.mixer = child("mixer", mixer);
  }

  @Override
  public Set<AttentionPattern> patterns() {
    return Set.of(
        mixer.isCausal() ? AttentionPattern.CAUSAL_SELF : AttentionPattern.NONCAUSAL_SELF);
  }

  @Override
  public NDArray attend(
      Pass pass, AttentionPattern pattern, NDArray target, NDArray source, Sequences sequences) {
    require(pattern);
    return mixer.mix(pass, target, sequences);
  }

  @Override
  public NDList forward(Pass pass, NDList inputs) {
    return mixer.forward(pass.store(), inputs, pass.isTraining());
  }
}
