package org.attentionzoo.datasets.images;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.catalog.Hashes;

/**
 * Grey images and their labels in the IDX format of MNIST (LeCun, Cortes and Burges): {@code
 * train-images-idx3-ubyte}, {@code train-labels-idx1-ubyte}, {@code t10k-...}, each with {@code
 * .gz} or without.
 *
 * <p>Thread safety: stateless.
 */
public final class IdxImages {

  /** The classes of MNIST, in the order of their numbers. */
  public static final List<String> DIGITS =
      List.of("0", "1", "2", "3", "4", "5", "6", "7", "8", "9");

  /** The classes of Fashion-MNIST, in the order of their numbers. */
  public static final List<String> CLOTHES =
      List.of(
          "t-shirt",
          "trouser",
          "pullover",
          "dress",
          "coat",
          "sandal",
          "shirt",
          "sneaker",
          "bag",
          "ankle-boot");

  private static final int IMAGES = 0x00000803;
  private static final int LABELS = 0x00000801;
  private static final int MOST_IMAGES = 10_000_000;
  private static final int LARGEST_SIDE = 1024;
  private static final long MOST_BYTES = 1L << 30;

  private IdxImages() {}

  /**
   * Reads a part of a folder.
   *
   * @param folder holds the files
   * @param test whether the part {@code t10k} is read instead of {@code train}
   * @param classes the names of the classes
   * @return the images
   * @throws UserException if a file is missing, damaged, or the two do not fit each other
   */
  public static ImageSet read(Path folder, boolean test, List<String> classes) {
    String part = test ? "t10k" : "train";
    Path images = file(folder, part + "-images-idx3-ubyte");
    Path labels = file(folder, part + "-labels-idx1-ubyte");
    try {
      Header header;
      byte[] pixels;
      try (DataInputStream in = open(images)) {
        header = imageHeader(in, images);
        pixels = content(in, images, (long) header.count() * header.height() * header.width());
      }
      byte[] numbers;
      try (DataInputStream in = open(labels)) {
        expect(in.readInt(), LABELS, labels);
        int count = in.readInt();
        if (count != header.count()) {
          throw new UserException(
              labels + " has " + count + " labels for " + header.count() + " images");
        }
        numbers = content(in, labels, count);
      }
      for (byte label : numbers) {
        if (label < 0 || label >= classes.size()) {
          throw new UserException(
              labels + " has the label " + (label & 0xff) + "; there are " + classes.size());
        }
      }
      return new ImageSet(
          1,
          header.height(),
          header.width(),
          pixels,
          numbers,
          classes,
          folder.toString(),
          Hashes.sha256(List.of(images, labels)));
    } catch (EOFException e) {
      throw new UserException(images + " or " + labels + " ends too early", e);
    } catch (ZipException e) {
      throw new UserException(images + " or " + labels + " is damaged: " + e.getMessage(), e);
    } catch (IOException e) {
      throw new UserException("cannot read " + images + ": " + e.getMessage(), e);
    }
  }

  /** What stands before the pixels. */
  private record Header(int count, int height, int width) {}

  private static Header imageHeader(DataInputStream in, Path file) throws IOException {
    expect(in.readInt(), IMAGES, file);
    Header header = new Header(in.readInt(), in.readInt(), in.readInt());
    boolean sensible =
        header.count() > 0
            && header.count() <= MOST_IMAGES
            && header.height() > 0
            && header.height() <= LARGEST_SIDE
            && header.width() > 0
            && header.width() <= LARGEST_SIDE;
    if (!sensible || (long) header.count() * header.height() * header.width() > MOST_BYTES) {
      throw new UserException(
          file
              + " claims "
              + header.count()
              + " images of "
              + header.height()
              + " x "
              + header.width()
              + ", which is not read");
    }
    return header;
  }

  private static void expect(int magic, int expected, Path file) {
    if (magic != expected) {
      throw new UserException(
          String.format(
              Locale.ROOT,
              "%s begins with 0x%08x; IDX of this kind begins with 0x%08x",
              file,
              magic,
              expected));
    }
  }

  /** Reads what was announced, allocating no more than what comes. */
  private static byte[] content(DataInputStream in, Path file, long size) throws IOException {
    byte[] bytes = in.readNBytes((int) size);
    if (bytes.length < size) {
      throw new UserException(
          file + " is cut off: " + bytes.length + " bytes of the " + size + " that it announces");
    }
    if (in.read() >= 0) {
      throw new UserException(file + " goes on after the " + size + " bytes that it announces");
    }
    return bytes;
  }

  private static Path file(Path folder, String name) {
    for (String candidate : List.of(name, name + ".gz")) {
      if (Files.isRegularFile(folder.resolve(candidate))) {
        return folder.resolve(candidate);
      }
    }
    throw new UserException("no file " + name + " or " + name + ".gz in " + folder);
  }

  private static DataInputStream open(Path file) throws IOException {
    InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16);
    return new DataInputStream(
        file.toString().endsWith(".gz")
            ? new BufferedInputStream(new GZIPInputStream(in), 1 << 16)
            : in);
  }
}
