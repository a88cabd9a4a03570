package org.attentionzoo.blocks.papers.fit;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The order of a FIT's layers, written as the official code does: {@code (2)4(2)} is two local
 * layers, four global ones and two local ones. Each block has some local layers and then some
 * global ones, of which only the last block may have none.
 *
 * @param blocks in order
 */
public record LayerPattern(List<Part> blocks) {

  private static final Pattern ONE = Pattern.compile("\\(([0-9]{1,4})\\)([0-9]{1,4})");
  private static final Pattern ALL = Pattern.compile("(\\([0-9]{1,4}\\)[0-9]{1,4})+");

  /**
   * A block.
   *
   * @param local how many layers act within each group
   * @param global how many layers then act on all latents
   */
  public record Part(int local, int global) {}

  /** Refuses a block without global layers that is not the last. */
  public LayerPattern {
    blocks = List.copyOf(blocks);
    for (int i = 0; i < blocks.size() - 1; i++) {
      if (blocks.get(i).global() < 1) {
        throw new IllegalArgumentException(
            "block " + (i + 1) + " has no global layers; only the last may have none");
      }
    }
  }

  /**
   * Reads a pattern.
   *
   * @param text for example {@code (2)4(2)}
   * @return the pattern
   * @throws IllegalArgumentException if it is none
   */
  public static LayerPattern parse(String text) {
    String whole = text.endsWith(")") ? text + "0" : text;
    if (!ALL.matcher(whole).matches()) {
      throw new IllegalArgumentException(
          "layers is '"
              + text
              + "'; expected numbers of local layers in parentheses and of global"
              + " layers without, in turn, such as (2)4(2)");
    }
    List<Part> blocks = new ArrayList<>();
    Matcher each = ONE.matcher(whole);
    while (each.find()) {
      blocks.add(new Part(Integer.parseInt(each.group(1)), Integer.parseInt(each.group(2))));
    }
    return new LayerPattern(blocks);
  }

  /**
   * Whether the last block ends with global layers.
   *
   * @return true if latents are the last to be written
   */
  public boolean endsGlobal() {
    return blocks.get(blocks.size() - 1).global() > 0;
  }
}
