package org.attentionzoo.blocks.papers.hyperattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/** Draws that are a function of a seed, and the same for each row of a batch. For one thread. */
final class SeededDraws implements Draws {

  private final RandomGenerator random;

  SeededDraws(long seed) {
    random = new SplittableRandom(seed);
  }

  @Override
  public NDArray directions(NDArray like, long width, int count) {
    float[] values = new float[Math.toIntExact(width * count)];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return like.getManager()
        .create(values, new Shape(width, count))
        .toDevice(like.getDevice(), false);
  }

  @Override
  public NDArray samples(NDArray like, long batch, long heads, long keys, int count) {
    long[] values = new long[Math.toIntExact(heads * count)];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextLong(keys);
    }
    return like.getManager()
        .create(values, new Shape(1, heads, count))
        .toDevice(like.getDevice(), false)
        .broadcast(new Shape(batch, heads, count));
  }
}
