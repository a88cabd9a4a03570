package org.attentionzoo.models.weights;

/** Text out of files, made fit to be shown: hostile files have names of any length and content. */
final class Shown {

  private static final int MOST = 200;

  private Shown() {}

  /** The text without control characters, and not all of it if it is long. */
  static String of(String text) {
    String begin = text.length() > MOST ? text.substring(0, MOST) + "..." : text;
    return begin.replaceAll("\\p{Cntrl}", "?");
  }
}
