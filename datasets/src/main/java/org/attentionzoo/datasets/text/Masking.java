package org.attentionzoo.datasets.text;

import java.util.SplittableRandom;

/**
 * Which tokens are to be recovered, and what is shown in their place, as BERT has it: of the chosen
 * ones 80 % become the mask, 10 % a uniform token, 10 % stay.
 *
 * @param rate the probability of a token to be chosen
 * @param mask the token that hides others
 * @param vocabulary how many tokens there are to draw from
 */
record Masking(double rate, long mask, int vocabulary) {

  private static final double MASKED = 0.8;
  private static final double REPLACED = 0.9;

  /** Chooses a token or does not; a chosen one becomes the label, and is hidden or is not. */
  void apply(SplittableRandom random, long[] shown, long[] labels, int place, boolean sure) {
    if (random.nextDouble() < rate || sure) {
      labels[place] = shown[place];
      double fate = random.nextDouble();
      if (fate < MASKED) {
        shown[place] = mask;
      } else if (fate < REPLACED) {
        shown[place] = random.nextInt(vocabulary);
      }
    }
  }
}
