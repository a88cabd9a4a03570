package org.attentionzoo.training.tasks;

/**
 * The options of {@code csv:} and {@code jsonl:}.
 *
 * @param target the column that is to be told
 * @param kind whether it holds classes or numbers
 * @param text the column of texts, whose classes are then told; empty for columns of numbers
 * @param features the columns of numbers, with commas between; empty for all others
 * @param standardise whether features, and targets that are numbers, are made to have mean 0 and
 *     deviation 1 over training rows
 * @param batch rows in a batch
 * @param split a column that says {@code train}, {@code val} or {@code test}; empty to hold rows
 *     out at random
 * @param part what is evaluated on, if there is such a column
 * @param heldOut the share of rows that is held out
 * @param splitSeed decides which
 * @param tokenizer as of {@code sentences:}, for texts
 * @param words as of {@code sentences:}, for texts
 * @param length as of {@code sentences:}, for texts
 */
public record TableOptions(
    String target,
    Kind kind,
    String text,
    String features,
    boolean standardise,
    int batch,
    String split,
    Part part,
    double heldOut,
    long splitSeed,
    String tokenizer,
    int words,
    int length) {

  /** What a target is. */
  public enum Kind {
    /** Names of classes. */
    CLASSES,
    /** Numbers. */
    VALUES
  }

  static TableOptions standard() {
    return new TableOptions(
        "", Kind.CLASSES, "", "", true, 32, "", Part.VALIDATION, 0.1, 1, "", 8000, 64);
  }
}
