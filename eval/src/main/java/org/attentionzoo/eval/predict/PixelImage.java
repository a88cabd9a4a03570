package org.attentionzoo.eval.predict;

import java.awt.image.BufferedImage;
import java.nio.file.Path;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.images.SquareImage;

/**
 * A square image as a model takes it.
 *
 * @param channels 3 for red, green and blue, 1 for grey
 * @param side its width and height
 * @param values (channels, side, side): of 0 to 1, less the mean, divided by the deviation
 */
public record PixelImage(int channels, int side, float[] values) {

  /**
   * How pixels are shifted and scaled.
   *
   * @param mean for each channel, on the scale of 0 to 1
   * @param deviation for each channel
   */
  public record Scale(float[] mean, float[] deviation) {

    /** The usual one of colour images, from ImageNet. */
    public static final Scale IMAGENET =
        new Scale(new float[] {0.485f, 0.456f, 0.406f}, new float[] {0.229f, 0.224f, 0.225f});

    /** Leaves 0 to 1 as it is. */
    public static final Scale NONE = new Scale(new float[] {0}, new float[] {1});
  }

  /**
   * Reads a PNG, JPEG, GIF or BMP file and makes it a square as training on a folder of images
   * does.
   *
   * @param file the file
   * @param channels 3 or 1
   * @param side the width and height it gets
   * @param scale one value for each channel
   * @return the image
   * @throws UserException if it cannot be read, is too large, or the scale has other channels
   */
  public static PixelImage read(Path file, int channels, int side, Scale scale) {
    if ((channels != 1 && channels != 3)
        || scale.mean().length != channels
        || scale.deviation().length != channels) {
      throw new UserException(
          "the model takes images of "
              + channels
              + " channels; mean and deviation must have as many values, and only 1 and 3 are known");
    }
    BufferedImage image = SquareImage.read(file, side);
    float[] values = new float[channels * side * side];
    for (int y = 0; y < side; y++) {
      for (int x = 0; x < side; x++) {
        int rgb = image.getRGB(x, y);
        float[] colour = {rgb >> 16 & 0xFF, rgb >> 8 & 0xFF, rgb & 0xFF};
        if (channels == 1) {
          colour = new float[] {0.299f * colour[0] + 0.587f * colour[1] + 0.114f * colour[2]};
        }
        for (int c = 0; c < channels; c++) {
          values[(c * side + y) * side + x] =
              (colour[c] / 255 - scale.mean()[c]) / scale.deviation()[c];
        }
      }
    }
    return new PixelImage(channels, side, values);
  }
}
