package org.attentionzoo.eval.claims;

import java.util.Collection;
import java.util.Locale;

/** What a comparison says of a claim. */
public enum Verdict {
  /** All checks hold over the whole of their intervals. */
  REPRODUCED,
  /** A check fails over the whole of its interval. */
  NOT_REPRODUCED,
  /** An interval contains a bound, or a broken control would pass too. */
  INCONCLUSIVE;

  /** Of several checks, all of which must hold. */
  static Verdict all(Collection<Verdict> verdicts) {
    if (verdicts.contains(NOT_REPRODUCED)) {
      return NOT_REPRODUCED;
    }
    return verdicts.contains(INCONCLUSIVE) ? INCONCLUSIVE : REPRODUCED;
  }

  /**
   * In words.
   *
   * @return for example {@code not reproduced}
   */
  public String words() {
    return name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }
}
