package org.attentionzoo.eval.generate;

/** Texts of models, made fit to be shown. Thread safety: stateless. */
public final class Printable {

  private Printable() {}

  /**
   * Replaces control characters but for tabs and line ends: a model of bytes may write any of them,
   * a terminal obeys them (a carriage return alone writes over its line), and HTML forbids them,
   * even as references.
   *
   * @param text any text
   * @return the text with U+FFFD in their places
   */
  public static String of(String text) {
    return text.replaceAll("[\\p{Cntrl}\\x80-\\x9f&&[^\\t\\r\\n]]|\\r(?!\\n)", "\ufffd");
  }
}
