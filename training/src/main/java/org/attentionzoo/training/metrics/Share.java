package org.attentionzoo.training.metrics;

/**
 * A share of cases that hold: accuracy if a case is a label that was predicted, exact match if it
 * is a whole answer. For one thread.
 */
public final class Share {

  private long hits;
  private long cases;

  /**
   * Adds a case.
   *
   * @param hit whether it holds
   */
  public void add(boolean hit) {
    add(hit ? 1 : 0, 1);
  }

  /**
   * Adds cases.
   *
   * @param hits how many hold
   * @param cases how many there are, no fewer
   */
  public void add(long hits, long cases) {
    if (hits < 0 || hits > cases) {
      throw new IllegalArgumentException(hits + " hits of " + cases + " cases");
    }
    this.hits += hits;
    this.cases += cases;
  }

  /**
   * Adds what another has counted.
   *
   * @param other the other; not changed
   */
  public void add(Share other) {
    add(other.hits, other.cases);
  }

  /**
   * How many cases were added.
   *
   * @return the number
   */
  public long cases() {
    return cases;
  }

  /**
   * The share.
   *
   * @return from 0 to 1
   * @throws IllegalStateException if there was no case
   */
  public double value() {
    if (cases == 0) {
      throw new IllegalStateException("a share of no cases is not defined: none was added");
    }
    return (double) hits / cases;
  }
}
