package org.attentionzoo.eval.predict;

import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import org.attentionzoo.blocks.UserException;

/**
 * A square image as a model takes it.
 *
 * @param channels 3 for red, green and blue, 1 for grey
 * @param side its width and height
 * @param values (channels, side, side): of 0 to 1, less the mean, divided by the deviation
 */
public record PixelImage(int channels, int side, float[] values) {

  private static final long MOST_PIXELS = 100_000_000;

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
   * Reads a PNG, JPEG, GIF or BMP file and resizes it, bilinearly and without keeping its shape.
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
    BufferedImage image = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
    Graphics2D canvas = image.createGraphics();
    canvas.setRenderingHint(
        RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
    canvas.drawImage(load(file), 0, 0, side, side, null);
    canvas.dispose();
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

  private static BufferedImage load(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new UserException(file + " is no file; give an image");
    }
    try (ImageInputStream in = ImageIO.createImageInputStream(file.toFile())) {
      Iterator<ImageReader> readers = ImageIO.getImageReaders(in);
      if (!readers.hasNext()) {
        throw new UserException(file + " is no image that can be read; give PNG, JPEG, GIF or BMP");
      }
      ImageReader reader = readers.next();
      try {
        reader.setInput(in, true, true);
        long pixels = (long) reader.getWidth(0) * reader.getHeight(0);
        if (pixels > MOST_PIXELS) {
          throw new UserException(
              file + " has " + pixels + " pixels; at most " + MOST_PIXELS + " are read");
        }
        return reader.read(0);
      } finally {
        reader.dispose();
      }
    } catch (IOException | IllegalArgumentException e) {
      throw new UserException(file + " is no image that can be read: " + e.getMessage(), e);
    }
  }
}
