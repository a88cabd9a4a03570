package org.attentionzoo.cli;

/** How much the libraries may say. */
final class Logging {

  private static final String LEVEL = "org.slf4j.simpleLogger.defaultLogLevel";

  private Logging() {}

  /** Must run before anything makes a logger: the binding reads its settings once. */
  static void configure(boolean verbose) {
    if (System.getProperty(LEVEL) == null) {
      System.setProperty(LEVEL, verbose ? "info" : "error");
      System.setProperty("org.slf4j.simpleLogger.showThreadName", "false");
      System.setProperty("org.slf4j.simpleLogger.showShortLogName", "true");
    }
  }
}
