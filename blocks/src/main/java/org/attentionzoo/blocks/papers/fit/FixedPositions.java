package org.attentionzoo.blocks.papers.fit;

/**
 * FIT's fixed position embeddings: the places of an axis are spread over 0 to 1000 and turned into
 * sines and cosines with frequencies 10000^(-2i/width), all sines before all cosines. Each step is
 * rounded to float32 as in the official code, since at angles near 1000 the rounding shows.
 */
final class FixedPositions {

  private static final float FARTHEST = 1000;
  private static final double BASE = 10000;

  private FixedPositions() {}

  /**
   * Embeds the places of a grid row by row; a grid of one row or column is a line.
   *
   * @param rows the number of rows
   * @param columns the number of columns
   * @param width the number of channels; on a grid the first half is the row's, the second the
   *     column's
   * @return (rows columns, width) in one
   */
  static float[] of(int rows, int columns, int width) {
    if (rows == 1 || columns == 1) {
      return line(rows * columns, width);
    }
    int half = width / 2;
    float[] ofRows = line(rows, half);
    float[] ofColumns = line(columns, half);
    float[] result = new float[rows * columns * width];
    for (int place = 0; place < rows * columns; place++) {
      System.arraycopy(ofRows, place / columns * half, result, place * width, half);
      System.arraycopy(ofColumns, place % columns * half, result, place * width + half, half);
    }
    return result;
  }

  private static float[] line(int count, int width) {
    int sines = (width + 1) / 2;
    float[] result = new float[count * width];
    for (int place = 0; place < count; place++) {
      float coordinate = (float) place / (count - 1) * FARTHEST;
      for (int channel = 0; channel < width; channel++) {
        int pair = channel < sines ? channel : channel - sines;
        float rate = 1 / (float) Math.pow(BASE, (float) (2 * pair) / width);
        float angle = coordinate * rate;
        result[place * width + channel] =
            (float) (channel < sines ? Math.sin(angle) : Math.cos(angle));
      }
    }
    return result;
  }
}
