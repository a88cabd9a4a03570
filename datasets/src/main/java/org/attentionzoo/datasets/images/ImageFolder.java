package org.attentionzoo.datasets.images;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.SeededStream;
import org.attentionzoo.datasets.catalog.Hashes;

/**
 * Images of a user's own, a folder for each class: {@code <class>/<name>.jpg}, or the same below
 * {@code train}, {@code val} (or {@code validation}, {@code valid}) and {@code test}. Each is
 * scaled so that its shorter side fits, and cut to a square in the middle.
 *
 * <p>Thread safety: stateless.
 */
public final class ImageFolder {

  private static final Set<String> ENDINGS = Set.of("jpg", "jpeg", "png", "gif", "bmp");
  private static final int MOST_CLASSES = 127;
  private static final long MOST_BYTES = 1L << 30;
  private static final List<String> VALIDATION = List.of("val", "validation", "valid");

  private ImageFolder() {}

  /**
   * The parts.
   *
   * @param training what is trained on
   * @param evaluated what is evaluated on
   */
  public record Parts(ImageSet training, ImageSet evaluated) {}

  /**
   * How images are read.
   *
   * @param size the side of the square
   * @param grey whether colours are dropped
   * @param test whether the folder {@code test} is evaluated on
   * @param heldOut the share of the training images that is the validation part where there is no
   *     folder for it
   * @param splitSeed decides which
   */
  public record Options(int size, boolean grey, boolean test, double heldOut, long splitSeed) {

    /** Checks the values. */
    public Options {
      if (size < 1 || size > 1024 || !(heldOut > 0 && heldOut < 1)) {
        throw new UserException(
            "size="
                + size
                + ", heldOut="
                + heldOut
                + "; expected a size from 1 to 1024 and a share between 0 and 1");
      }
    }
  }

  /** A file and the number of its class. */
  private record Labelled(Path file, int label) {}

  /**
   * Reads a folder.
   *
   * @param folder the folder
   * @param options how
   * @return the parts
   * @throws UserException if there are no classes or images, or one cannot be read
   */
  public static Parts read(Path folder, Options options) {
    if (!Files.isDirectory(folder)) {
      throw new UserException("no folder " + folder + "; give one with a folder for each class");
    }
    try {
      boolean parted = Files.isDirectory(folder.resolve("train"));
      Path main = parted ? folder.resolve("train") : folder;
      List<String> classes = classes(main);
      List<Labelled> training = files(main, classes);
      List<Labelled> evaluated = new ArrayList<>();
      Path part = evaluatedFolder(folder, parted, options.test());
      if (part == null) {
        List<Labelled> kept = new ArrayList<>();
        SplittableRandom random = SeededStream.of(options.splitSeed(), 0);
        for (Labelled file : training) {
          (random.nextDouble() < options.heldOut() ? evaluated : kept).add(file);
        }
        training = kept;
      } else {
        evaluated.addAll(files(part, classes));
      }
      if (training.isEmpty() || evaluated.isEmpty()) {
        throw new UserException(
            folder
                + " gives "
                + training.size()
                + " images to train on and "
                + evaluated.size()
                + " to evaluate; give more images or another task.heldOut");
      }
      List<Path> all =
          Stream.concat(training.stream(), evaluated.stream()).map(Labelled::file).toList();
      String hash = Hashes.sha256(all);
      return new Parts(
          set(training, classes, options, folder, hash),
          set(evaluated, classes, options, folder, hash));
    } catch (IOException e) {
      throw new UserException(folder + " cannot be read: " + e, e);
    }
  }

  private static Path evaluatedFolder(Path folder, boolean parted, boolean test) {
    if (test) {
      if (!parted || !Files.isDirectory(folder.resolve("test"))) {
        throw new UserException(
            folder + " has no folders train and test; leave out task.part=test");
      }
      return folder.resolve("test");
    }
    for (String name : VALIDATION) {
      if (parted && Files.isDirectory(folder.resolve(name))) {
        return folder.resolve(name);
      }
    }
    return null;
  }

  private static List<String> classes(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      List<String> classes =
          entries
              .filter(Files::isDirectory)
              .map(p -> p.getFileName().toString())
              .filter(name -> !name.startsWith("."))
              .sorted()
              .toList();
      if (classes.size() < 2 || classes.size() > MOST_CLASSES) {
        throw new UserException(
            folder
                + " has "
                + classes.size()
                + " folders; expected one for each class, from 2 to "
                + MOST_CLASSES);
      }
      return classes;
    }
  }

  private static List<Labelled> files(Path folder, List<String> classes) throws IOException {
    List<Labelled> found = new ArrayList<>();
    try (Stream<Path> entries = Files.list(folder)) {
      for (Path entry : entries.filter(Files::isDirectory).sorted().toList()) {
        String name = entry.getFileName().toString();
        if (name.startsWith(".")) {
          continue;
        }
        int label = classes.indexOf(name);
        if (label < 0) {
          throw new UserException(
              entry + " is a class that the training folder does not have; it has " + classes);
        }
        try (Stream<Path> images = Files.list(entry)) {
          images
              .filter(ImageFolder::isImage)
              .sorted()
              .forEach(image -> found.add(new Labelled(image, label)));
        }
      }
    }
    return found;
  }

  private static boolean isImage(Path file) {
    String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
    return !name.startsWith(".") && ENDINGS.contains(name.substring(name.lastIndexOf('.') + 1));
  }

  private static ImageSet set(
      List<Labelled> files, List<String> classes, Options options, Path folder, String hash)
      throws IOException {
    int channels = options.grey() ? 1 : 3;
    int bytes = channels * options.size() * options.size();
    if ((long) files.size() * bytes > MOST_BYTES) {
      throw new UserException(
          folder + ": " + files.size() + " images of this size do not fit; choose a smaller one");
    }
    byte[] pixels = new byte[files.size() * bytes];
    byte[] labels = new byte[files.size()];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = (byte) files.get(i).label();
      put(SquareImage.read(files.get(i).file(), options.size()), channels, pixels, i * bytes);
    }
    return new ImageSet(
        channels, options.size(), options.size(), pixels, labels, classes, folder.toString(), hash);
  }

  private static void put(BufferedImage image, int channels, byte[] pixels, int at) {
    int size = image.getWidth();
    int[] colours = image.getRGB(0, 0, size, size, null, 0, size);
    for (int i = 0; i < colours.length; i++) {
      int red = colours[i] >> 16 & 0xff;
      int green = colours[i] >> 8 & 0xff;
      int blue = colours[i] & 0xff;
      if (channels == 1) {
        // luma of ITU-R BT.601
        pixels[at + i] = (byte) Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
      } else {
        pixels[at + i] = (byte) red;
        pixels[at + colours.length + i] = (byte) green;
        pixels[at + 2 * colours.length + i] = (byte) blue;
      }
    }
  }

  /**
   * The mean and deviation of each channel.
   *
   * @param set images
   * @return the means, then the deviations, of values from 0 to 1
   */
  public static List<List<Double>> statistics(ImageSet set) {
    Double[] means = new Double[set.channels()];
    Double[] deviations = new Double[set.channels()];
    int plane = set.height() * set.width();
    for (int c = 0; c < set.channels(); c++) {
      double sum = 0;
      double squares = 0;
      for (int i = 0; i < set.size(); i++) {
        int from = i * set.imageBytes() + c * plane;
        for (int p = from; p < from + plane; p++) {
          double value = (set.pixels()[p] & 0xff) / 255.0;
          sum += value;
          squares += value * value;
        }
      }
      double count = (double) set.size() * plane;
      means[c] = sum / count;
      deviations[c] = Math.sqrt(Math.max(squares / count - means[c] * means[c], 1e-6));
    }
    return List.of(Arrays.asList(means), Arrays.asList(deviations));
  }
}
