package org.attentionzoo.training.run;

import ai.djl.pytorch.jni.JniUtils;

/**
 * Seeds of libtorch's generator as functions of the run's seed and a counter. The generator's state
 * cannot be read, so what must be repeatable is seeded anew each time.
 */
final class Seeds {

  private static final long TRAINING = 0x243F6A8885A308D3L;
  private static final long VALIDATION = 0x13198A2E03707344L;
  private static final long WEIGHTS = 0xA4093822299F31D0L;

  private Seeds() {}

  /** Seeds the drawing of initial weights. */
  static void forWeights(long seed) {
    JniUtils.setSeed(mix(seed ^ WEIGHTS));
  }

  /**
   * Seeds the pass over a training batch, counted over the whole run.
   *
   * @return the seed, for the streams of the layers
   */
  static long forTraining(long seed, long batch) {
    long own = mix(mix(seed ^ TRAINING) + batch);
    JniUtils.setSeed(own);
    return own;
  }

  /** Seeds the pass over a validation batch. */
  static void forValidation(long batch) {
    JniUtils.setSeed(mix(VALIDATION + batch));
  }

  /** The finaliser of SplitMix64: neighbouring numbers become unrelated ones. */
  private static long mix(long value) {
    long z = value + 0x9E3779B97F4A7C15L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
