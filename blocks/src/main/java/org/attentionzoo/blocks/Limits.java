package org.attentionzoo.blocks;

/**
 * What the constructors of configs ask of a number: what is refused there would otherwise show as
 * NaN in the first step, or as an allocator's message.
 *
 * <p>Thread safety: stateless.
 */
public final class Limits {

  private Limits() {}

  /**
   * Checks a size.
   *
   * @param key the config's key
   * @param value its value
   * @throws IllegalArgumentException if it is below 1
   */
  public static void positive(String key, long value) {
    require(value >= 1, key, value, "1 or more");
  }

  /**
   * Checks a number of things of which there need be none.
   *
   * @param key the config's key
   * @param value its value
   * @throws IllegalArgumentException if it is below 0
   */
  public static void notNegative(String key, long value) {
    require(value >= 0, key, value, "0 or more");
  }

  /**
   * Checks a number that must not vanish, for example an epsilon.
   *
   * @param key the config's key
   * @param value its value
   * @throws IllegalArgumentException if it is 0, negative, infinite or NaN
   */
  public static void positive(String key, double value) {
    require(value > 0 && Double.isFinite(value), key, value, "above 0");
  }

  /**
   * Checks a weight or a deviation.
   *
   * @param key the config's key
   * @param value its value
   * @throws IllegalArgumentException if it is negative, infinite or NaN
   */
  public static void notNegative(String key, double value) {
    require(value >= 0 && Double.isFinite(value), key, value, "0 or more");
  }

  /**
   * Checks a share that is dropped.
   *
   * @param key the config's key
   * @param value its value
   * @throws IllegalArgumentException if it is negative, 1 or more, or NaN
   */
  public static void rate(String key, double value) {
    require(value >= 0 && value < 1, key, value, "0 or more and below 1");
  }

  private static void require(boolean fine, String key, Object value, String expected) {
    if (!fine) {
      throw new IllegalArgumentException(key + "=" + value + " was given; it must be " + expected);
    }
  }
}
