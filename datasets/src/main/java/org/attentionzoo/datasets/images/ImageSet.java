package org.attentionzoo.datasets.images;

import java.util.Arrays;
import java.util.List;

/**
 * Labelled images of one size. Immutable; the arrays are not copied and must not change.
 *
 * @param channels colours of a pixel
 * @param height rows
 * @param width columns
 * @param pixels all images, each channel by channel and row by row, a byte without sign each
 * @param labels the class of each image, from 0
 * @param classes the names of the classes
 * @param source where they were read
 * @param sha256 of the file or files that they were read from
 */
public record ImageSet(
    int channels,
    int height,
    int width,
    byte[] pixels,
    byte[] labels,
    List<String> classes,
    String source,
    String sha256) {

  /** Checks that the parts fit together. */
  public ImageSet {
    classes = List.copyOf(classes);
    if ((long) labels.length * channels * height * width != pixels.length) {
      throw new IllegalArgumentException(
          labels.length
              + " images of "
              + channels
              + " x "
              + height
              + " x "
              + width
              + " are not "
              + pixels.length
              + " bytes");
    }
  }

  /**
   * How many images there are.
   *
   * @return the number
   */
  public int size() {
    return labels.length;
  }

  /**
   * How many bytes an image has.
   *
   * @return channels * height * width
   */
  public int imageBytes() {
    return channels * height * width;
  }

  /**
   * Some of the images, one after the other.
   *
   * @param from the first, from 0
   * @param to one behind the last
   * @return copies of them, with the same source and hash
   */
  public ImageSet range(int from, int to) {
    int bytes = imageBytes();
    return new ImageSet(
        channels,
        height,
        width,
        Arrays.copyOfRange(pixels, from * bytes, to * bytes),
        Arrays.copyOfRange(labels, from, to),
        classes,
        source,
        sha256);
  }
}
