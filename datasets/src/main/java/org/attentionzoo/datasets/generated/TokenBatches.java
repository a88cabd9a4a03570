package org.attentionzoo.datasets.generated;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.SplittableRandom;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.Tensors;

/** Batches of token sequences of one length, each drawn by its own random numbers. */
final class TokenBatches {

  private TokenBatches() {}

  /** Draws a sequence that has a label for each token. */
  @FunctionalInterface
  interface Labelled {

    /** Fills so many tokens from the offset on, and their labels, which are 0. */
    void draw(SplittableRandom random, long[] inputs, long[] labels, int offset, int length);
  }

  /** Draws a sequence that has one label. */
  @FunctionalInterface
  interface Classified {

    /** Fills the sequence from the offset on and returns its label. */
    long draw(SplittableRandom random, long[] inputs, int offset);
  }

  /** Inputs and labels (B, L) int64. */
  static Batch labelled(NDManager manager, Examples examples, int length, Labelled sequence) {
    int rows = examples.rows();
    long[] inputs = new long[rows * length];
    long[] labels = new long[inputs.length];
    for (int row = 0; row < rows; row++) {
      sequence.draw(examples.random(row), inputs, labels, row * length, length);
    }
    Shape shape = new Shape(rows, length);
    return new Batch(
        new NDList(Tensors.int64(manager, shape, inputs)),
        new NDList(Tensors.int64(manager, shape, labels)),
        examples.ids());
  }

  /** Inputs (B, L), labels (B), int64. */
  static Batch classified(NDManager manager, Examples examples, int length, Classified sequence) {
    int rows = examples.rows();
    long[] inputs = new long[rows * length];
    long[] labels = new long[rows];
    for (int row = 0; row < rows; row++) {
      labels[row] = sequence.draw(examples.random(row), inputs, row * length);
    }
    return new Batch(
        new NDList(Tensors.int64(manager, new Shape(rows, length), inputs)),
        new NDList(Tensors.int64(manager, new Shape(rows), labels)),
        examples.ids());
  }
}
