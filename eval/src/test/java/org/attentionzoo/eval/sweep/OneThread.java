package org.attentionzoo.eval.sweep;

import ai.djl.engine.Engine;
import ai.djl.pytorch.jni.JniUtils;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** The sweeps' tensors are tiny: a second thread would spend its time waiting for the first. */
final class OneThread implements BeforeAllCallback, AfterAllCallback {

  private int threads;

  @Override
  public void beforeAll(ExtensionContext context) {
    Engine.getInstance();
    threads = JniUtils.getNumThreads();
    JniUtils.setNumThreads(1);
  }

  @Override
  public void afterAll(ExtensionContext context) {
    JniUtils.setNumThreads(threads);
  }
}
