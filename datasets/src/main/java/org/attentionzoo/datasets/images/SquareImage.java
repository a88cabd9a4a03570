package org.attentionzoo.datasets.images;

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
 * Image files as squares: scaled, bilinearly, so that the shorter side fits, and cut in the middle.
 * Thread safety: stateless.
 */
public final class SquareImage {

  private static final int LARGEST_SIDE = 20_000;
  private static final long MOST_PIXELS = 100_000_000;

  private SquareImage() {}

  /**
   * Reads a PNG, JPEG, GIF or BMP file.
   *
   * @param file the file
   * @param side the width and height that it gets
   * @return the square, in RGB
   * @throws UserException if it is no image, damaged or too large
   */
  public static BufferedImage read(Path file, int side) {
    BufferedImage image = decode(file);
    double scale = (double) side / Math.min(image.getWidth(), image.getHeight());
    int width = Math.max(side, (int) Math.round(image.getWidth() * scale));
    int height = Math.max(side, (int) Math.round(image.getHeight() * scale));
    BufferedImage scaled = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
    Graphics2D canvas = scaled.createGraphics();
    canvas.setRenderingHint(
        RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
    canvas.drawImage(image, (side - width) / 2, (side - height) / 2, width, height, null);
    canvas.dispose();
    return scaled;
  }

  /** Looks at the size before anything is decoded. */
  private static BufferedImage decode(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new UserException(file + " is no file; give an image");
    }
    try (ImageInputStream stream = ImageIO.createImageInputStream(file.toFile())) {
      Iterator<ImageReader> readers = ImageIO.getImageReaders(stream);
      if (!readers.hasNext()) {
        throw new UserException(
            file + " is no image that Java can read; give PNG, JPEG, GIF or BMP");
      }
      ImageReader reader = readers.next();
      try {
        reader.setInput(stream, true, true);
        return decode(file, reader);
      } finally {
        reader.dispose();
      }
    } catch (IOException e) {
      throw new UserException(file + " cannot be read: " + e.getMessage(), e);
    }
  }

  private static BufferedImage decode(Path file, ImageReader reader) {
    int width;
    int height;
    try {
      width = reader.getWidth(0);
      height = reader.getHeight(0);
      if (width <= LARGEST_SIDE && height <= LARGEST_SIDE && (long) width * height <= MOST_PIXELS) {
        return reader.read(0);
      }
    } catch (IOException | RuntimeException e) {
      throw new UserException(file + " is damaged: " + e.getMessage(), e);
    }
    throw new UserException(file + " claims " + width + " x " + height + " pixels; too large");
  }
}
