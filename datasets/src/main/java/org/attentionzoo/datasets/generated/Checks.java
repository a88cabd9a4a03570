package org.attentionzoo.datasets.generated;

import java.util.Locale;
import org.attentionzoo.blocks.UserException;

/** Checks of the options of generated tasks. */
final class Checks {

  private static final int LARGEST = 1 << 20;
  private static final long MOST_VALUES = 1L << 27;

  private Checks() {}

  /** Refuses a number outside {@code least} to {@code most}. */
  static void range(String name, long value, long least, long most) {
    if (value < least || value > most) {
      throw new UserException(
          String.format(
              Locale.ROOT, "%s=%d; expected a number from %,d to %,d", name, value, least, most));
    }
  }

  /** Refuses what is no sensible count. */
  static void positive(String name, int value) {
    range(name, value, 1, LARGEST);
  }

  /** Refuses what is not finite. */
  static void finite(String name, double value) {
    if (!Double.isFinite(value)) {
      throw new UserException(name + "=" + value + "; expected a finite number");
    }
  }

  /** Refuses a number outside 0 to 1. */
  static void share(String name, double value) {
    if (!(value >= 0 && value <= 1)) {
      throw new UserException(name + "=" + value + "; expected a number from 0 to 1");
    }
  }

  /** Refuses batches too large for memory; both are positive. */
  static void tokens(int batch, int length) {
    if ((long) batch * length > MOST_VALUES) {
      throw new UserException(
          String.format(
              Locale.ROOT,
              "batch=%d times length=%d is more than 2^27 tokens; give less",
              batch,
              length));
    }
  }

  /** Refuses batches of images too large for memory; all are positive. */
  static void images(int batch, int channels, int image) {
    if ((double) batch * channels * image * image > MOST_VALUES) {
      throw new UserException(
          String.format(
              Locale.ROOT,
              "a batch of %d images of %d x %d x %d is more than 2^27 values; give less",
              batch,
              channels,
              image,
              image));
    }
  }
}
