package org.attentionzoo.models.hub;

import java.nio.charset.StandardCharsets;

/** Names that a server chose, before they become paths. */
final class FileNames {

  private static final int LONGEST_PART = 255;
  private static final int LONGEST = 1000;

  private FileNames() {}

  /**
   * Whether a name, put below a folder, stays there on every system: parts between slashes, none
   * empty, {@code .} or {@code ..}, no backslash, colon or control character.
   */
  static boolean isSafe(String name) {
    if (name.isEmpty()
        || name.length() > LONGEST
        || name.codePoints().anyMatch(c -> c == '\\' || c == ':' || !isPlain(c))) {
      return false;
    }
    for (String part : name.split("/", -1)) {
      if (part.isEmpty()
          || part.equals(".")
          || part.equals("..")
          || part.getBytes(StandardCharsets.UTF_8).length > LONGEST_PART) {
        return false;
      }
    }
    return true;
  }

  private static boolean isPlain(int character) {
    int type = Character.getType(character);
    return type != Character.CONTROL
        && type != Character.FORMAT
        && type != Character.SURROGATE
        && type != Character.UNASSIGNED
        && type != Character.LINE_SEPARATOR
        && type != Character.PARAGRAPH_SEPARATOR;
  }
}
