package org.attentionzoo.models.hub;

/** Text from elsewhere, before it is shown. */
final class ServerText {

  private static final int LONGEST = 200;

  private ServerText() {}

  /** One line without control characters, which could move a terminal's cursor; cut if long. */
  static String printable(String text) {
    String clean = text.replaceAll("[\\p{Cntrl}\\p{Cf}\\p{Zl}\\p{Zp}]+", " ").strip();
    return clean.length() <= LONGEST ? clean : clean.substring(0, LONGEST) + "...";
  }
}
