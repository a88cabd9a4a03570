package org.attentionzoo.datasets.images;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.SplittableRandom;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.BatchSource;
import org.attentionzoo.datasets.SeededStream;
import org.attentionzoo.datasets.Tensors;

/**
 * Batches of normalised images: inputs (B, channels, height, width) float32, labels (B) int64, the
 * ids are the images' places in their set. Each epoch takes every training image once, in an order
 * of its own. With augmentation a training image is padded by zeros (the mean colour), cut out
 * again at a random place, and mirrored half the time (He et al., "Deep Residual Learning for Image
 * Recognition", 2015, section 4.2).
 *
 * <p>Thread safety: may be read by several threads.
 */
public final class ImageBatches implements BatchSource {

  private static final long ORDER = 0x4F5244455252454FL;

  private final ImageSet training;
  private final ImageSet validation;
  private final int batch;
  private final int padding;
  private final boolean mirror;
  private final float[] scale;
  private final float[] shift;
  private Order newest;

  /** The order of one epoch. */
  private record Order(long seed, long epoch, int[] places) {}

  /**
   * Prepares batches.
   *
   * @param training what is trained on
   * @param validation what is evaluated on, of the same size
   * @param batch images in a batch
   * @param padding how far a training image may be moved; 0 for not
   * @param mirror whether training images are mirrored half the time
   * @param means the mean of each channel, of values from 0 to 1
   * @param deviations the standard deviation of each channel
   * @throws UserException if there are too few images for a batch
   */
  public ImageBatches(
      ImageSet training,
      ImageSet validation,
      int batch,
      int padding,
      boolean mirror,
      List<Double> means,
      List<Double> deviations) {
    if (batch < 1 || batch > training.size()) {
      throw new UserException(
          "task.batch="
              + batch
              + " was given; it must be from 1 to the number of training images, "
              + training.size());
    }
    if (validation.size() < 1) {
      throw new UserException("there is no image to evaluate on; give more images");
    }
    if (padding < 0 || padding > Math.min(training.height(), training.width())) {
      throw new UserException(
          "task.padding=" + padding + " was given; expected 0 to the image's size");
    }
    this.training = training;
    this.validation = validation;
    this.batch = batch;
    this.padding = padding;
    this.mirror = mirror;
    scale = new float[training.channels()];
    shift = new float[training.channels()];
    for (int c = 0; c < scale.length; c++) {
      scale[c] = (float) (1 / (255 * deviations.get(c)));
      shift[c] = (float) (-means.get(c) / deviations.get(c));
    }
  }

  @Override
  public Batch training(NDManager manager, long seed, long step) {
    float[] values = new float[batch * training.imageBytes()];
    long[] labels = new long[batch];
    long[] ids = new long[batch];
    for (int row = 0; row < batch; row++) {
      long number = step * batch + row;
      int place = order(seed, number / training.size()).places()[(int) (number % training.size())];
      SplittableRandom random = SeededStream.of(seed, number);
      int down = padding == 0 ? 0 : random.nextInt(2 * padding + 1) - padding;
      int right = padding == 0 ? 0 : random.nextInt(2 * padding + 1) - padding;
      boolean turned = mirror && random.nextBoolean();
      put(training, place, values, row, down, right, turned);
      labels[row] = training.labels()[place];
      ids[row] = place;
    }
    return batch(manager, values, labels, ids);
  }

  private synchronized Order order(long seed, long epoch) {
    if (newest == null || newest.seed() != seed || newest.epoch() != epoch) {
      int[] places = new int[training.size()];
      SplittableRandom random = SeededStream.of(seed ^ ORDER, epoch);
      for (int i = 0; i < places.length; i++) {
        int j = random.nextInt(i + 1);
        places[i] = places[j];
        places[j] = i;
      }
      newest = new Order(seed, epoch, places);
    }
    return newest;
  }

  @Override
  public int validationBatches() {
    return (validation.size() - 1) / batch + 1;
  }

  @Override
  public Batch validation(NDManager manager, int index) {
    if (index < 0 || index >= validationBatches()) {
      throw new IndexOutOfBoundsException(
          "validation batch " + index + " of " + validationBatches());
    }
    int rows = Math.min(batch, validation.size() - index * batch);
    float[] values = new float[rows * validation.imageBytes()];
    long[] labels = new long[rows];
    long[] ids = new long[rows];
    for (int row = 0; row < rows; row++) {
      int place = index * batch + row;
      put(validation, place, values, row, 0, 0, false);
      labels[row] = validation.labels()[place];
      ids[row] = place;
    }
    return batch(manager, values, labels, ids);
  }

  private Batch batch(NDManager manager, float[] values, long[] labels, long[] ids) {
    Shape shape =
        new Shape(labels.length, training.channels(), training.height(), training.width());
    return new Batch(
        new NDList(Tensors.float32(manager, shape, values)),
        new NDList(Tensors.int64(manager, new Shape(labels.length), labels)),
        ids);
  }

  /** Writes an image moved by so many rows and columns; what comes from outside is 0. */
  private void put(
      ImageSet set, int place, float[] values, int row, int down, int right, boolean turned) {
    int height = set.height();
    int width = set.width();
    int from = place * set.imageBytes();
    int at = row * set.imageBytes();
    for (int c = 0; c < set.channels(); c++) {
      for (int i = 0; i < height; i++) {
        int sourceRow = i + down;
        for (int j = 0; j < width; j++, at++) {
          int sourceColumn = (turned ? width - 1 - j : j) + right;
          if (sourceRow >= 0 && sourceRow < height && sourceColumn >= 0 && sourceColumn < width) {
            int pixel = set.pixels()[from + (c * height + sourceRow) * width + sourceColumn] & 0xff;
            values[at] = pixel * scale[c] + shift[c];
          }
        }
      }
    }
  }
}
