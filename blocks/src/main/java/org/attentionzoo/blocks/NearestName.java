package org.attentionzoo.blocks;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** Finds the name that was probably meant, for error messages. */
public final class NearestName {

  /** Nobody types longer names, and the comparison takes memory for the product of two lengths. */
  private static final int LONGEST = 200;

  private NearestName() {}

  /**
   * The known name that is most like the given one.
   *
   * @param given what was typed
   * @param known the names that exist
   * @return the nearest by edit distance, ignoring case; empty if none is at all like it, or if it
   *     is very long
   */
  public static Optional<String> of(String given, Collection<String> known) {
    if (given.length() > LONGEST) {
      return Optional.empty();
    }
    String wanted = given.toLowerCase(Locale.ROOT);
    return known.stream()
        .filter(name -> name.length() <= LONGEST)
        .min(Comparator.comparingInt((String name) -> cost(wanted, name)).thenComparing(n -> n))
        .filter(name -> cost(wanted, name) <= Math.max(1, Math.max(given.length(), 4) * 2 / 5));
  }

  /**
   * A clause for the end of an error message.
   *
   * @param given what was typed
   * @param known the names that exist
   * @return {@code "; did you mean 'x'?"}, or an empty string if no name is at all like it
   */
  public static String suggestion(String given, Collection<String> known) {
    return of(given, known).map(name -> "; did you mean '" + name + "'?").orElse("");
  }

  /** Edit distance; a name of which the wanted text is a beginning costs at most 1. */
  private static int cost(String wanted, String name) {
    String other = name.toLowerCase(Locale.ROOT);
    int distance = distance(wanted, other);
    return wanted.length() >= 3 && other.startsWith(wanted) ? Math.min(1, distance) : distance;
  }

  /** Levenshtein's distance in which swapping two neighbours counts as one edit. */
  private static int distance(String a, String b) {
    int[][] cost = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          cost[i][j] = i + j;
          continue;
        }
        int substitution = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        cost[i][j] =
            Math.min(
                cost[i - 1][j - 1] + substitution, Math.min(cost[i - 1][j], cost[i][j - 1]) + 1);
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          cost[i][j] = Math.min(cost[i][j], cost[i - 2][j - 2] + 1);
        }
      }
    }
    return cost[a.length()][b.length()];
  }
}
