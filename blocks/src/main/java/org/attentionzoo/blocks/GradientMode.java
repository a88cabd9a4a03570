package org.attentionzoo.blocks;

import ai.djl.engine.Engine;
import ai.djl.pytorch.jni.JniUtils;

/**
 * Whether libtorch records a graph on this thread, for the length of a try block.
 *
 * <p>The native flag is per thread: off on the thread that loaded the engine and on in every other,
 * so code that depends on it must say which it wants. Nests; not to be closed on another thread.
 */
public final class GradientMode implements AutoCloseable {

  private final boolean before;

  private GradientMode(boolean enabled) {
    Engine.getInstance();
    before = JniUtils.isGradMode();
    if (before != enabled) {
      JniUtils.setGradMode(enabled);
    }
  }

  /**
   * Records no graph until closed.
   *
   * @return the scope
   */
  public static GradientMode off() {
    return new GradientMode(false);
  }

  /**
   * Records a graph until closed.
   *
   * @return the scope
   */
  public static GradientMode on() {
    return new GradientMode(true);
  }

  /** Restores the mode that was in force before. */
  @Override
  public void close() {
    JniUtils.setGradMode(before);
  }
}
