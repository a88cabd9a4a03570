package org.attentionzoo.eval.generate;

/**
 * Makes a text that comes in pieces fit to be shown, as {@link Printable} does; a carriage return
 * waits for what follows it. For one thread.
 */
public final class PrintableStream {

  private static final String RETURN = "\r";

  private String held = "";

  /**
   * Takes a piece.
   *
   * @param piece what the text goes on with
   * @return what can be shown now, possibly empty
   */
  public String accept(String piece) {
    String text = held + piece;
    held = text.endsWith(RETURN) ? RETURN : "";
    return Printable.of(text.substring(0, text.length() - held.length()));
  }

  /**
   * Ends the text.
   *
   * @return what was held back
   */
  public String finish() {
    String rest = Printable.of(held);
    held = "";
    return rest;
  }
}
