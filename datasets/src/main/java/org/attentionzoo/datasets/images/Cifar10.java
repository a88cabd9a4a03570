package org.attentionzoo.datasets.images;

import java.awt.image.BufferedImage;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import javax.imageio.ImageIO;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.catalog.DatasetCatalog;

/**
 * CIFAR-10 (Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009): 50,000
 * training and 10,000 test images of 32 x 32 in ten classes. Read from the published binary
 * version, a folder with {@code data_batch_*.bin} and {@code test_batch.bin} or its {@code
 * .tar.gz}, or from a zip of JPEG files {@code train/<class>/<name>.jpg} and {@code
 * test/<class>/<name>.jpg}.
 *
 * <p>Thread safety: stateless.
 */
public final class Cifar10 {

  /** The classes, in the order of their numbers. */
  public static final List<String> CLASSES =
      List.of(
          "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck");

  private static final int SIDE = 32;
  private static final int PLANE = SIDE * SIDE;
  private static final int IMAGE = 3 * PLANE;
  private static final int RECORD = 1 + IMAGE;
  private static final int MOST_RECORDS = 1 << 17;
  private static final long MOST_JPEG_BYTES = 1 << 16;
  private static final String TEST_FILE = "test_batch.bin";

  private Cifar10() {}

  /** The published parts. */
  public enum Part {
    /** 50,000 images. */
    TRAIN,
    /** 10,000 images. */
    TEST
  }

  /**
   * Reads a part, or the beginning of one.
   *
   * @param location a folder, a {@code .tar.gz} or a {@code .zip}; empty for the data set {@code
   *     cifar10} of the catalog
   * @param part which images
   * @param limit how many at most, in the order of the files; with JPEG files classes take turns; 0
   *     for all
   * @return the images
   * @throws UserException if there are none, or a file is damaged
   */
  public static ImageSet load(String location, Part part, int limit) {
    Path path = path(location);
    int most = limit <= 0 ? MOST_RECORDS : Math.min(limit, MOST_RECORDS);
    try {
      if (Files.isDirectory(path)) {
        return folder(path, part, most);
      }
      if (!Files.isRegularFile(path)) {
        throw new UserException(
            path + " does not exist; give CIFAR-10's folder, .tar.gz or .zip of JPEG files");
      }
      String name = path.getFileName().toString().toLowerCase(Locale.ROOT);
      if (name.endsWith(".zip")) {
        return zip(path, part, most);
      }
      if (name.endsWith(".tar.gz") || name.endsWith(".tgz")) {
        return archive(path, part, most);
      }
      throw new UserException(
          path + " is neither a folder nor a .tar.gz or .zip; CIFAR-10 comes as one of these");
    } catch (ZipException e) {
      throw new UserException(path + " is damaged: " + e.getMessage(), e);
    } catch (IOException e) {
      throw new UserException("cannot read " + path + ": " + e.getMessage(), e);
    }
  }

  private static Path path(String location) {
    DatasetCatalog catalog = DatasetCatalog.ofProcess();
    return location.isBlank()
        ? catalog.require(catalog.find("cifar10")).folder()
        : Path.of(catalog.pathOf(location));
  }

  private static ImageSet folder(Path folder, Part part, int most) throws IOException {
    for (Path candidate : List.of(folder, folder.resolve("cifar-10-batches-bin"))) {
      List<Path> files = new ArrayList<>();
      for (String name : binaryFiles(part)) {
        if (Files.isRegularFile(candidate.resolve(name))) {
          files.add(candidate.resolve(name));
        }
      }
      if (!files.isEmpty()) {
        Records records = new Records(most);
        MessageDigest digest = sha256();
        for (Path file : files) {
          try (InputStream in = digesting(Files.newInputStream(file), digest)) {
            records.read(in, Files.size(file), file.toString());
          }
        }
        return records.set(candidate.toString(), digest);
      }
    }
    for (String name : List.of("cifar-10-binary.tar.gz", "cifar10-jpg.zip")) {
      Path file = folder.resolve(name);
      if (Files.isRegularFile(file)) {
        return load(file.toString(), part, most);
      }
    }
    throw new UserException(
        folder
            + " holds no CIFAR-10: neither data_batch_1.bin and test_batch.bin nor"
            + " cifar-10-binary.tar.gz nor cifar10-jpg.zip");
  }

  private static List<String> binaryFiles(Part part) {
    if (part == Part.TEST) {
      return List.of(TEST_FILE);
    }
    List<String> names = new ArrayList<>();
    for (int i = 1; i <= 5; i++) {
      names.add("data_batch_" + i + ".bin");
    }
    return names;
  }

  private static ImageSet archive(Path file, Part part, int most) throws IOException {
    Map<String, byte[]> found = new TreeMap<>();
    MessageDigest digest = sha256();
    List<String> wanted = binaryFiles(part);
    try (InputStream raw =
            digesting(new BufferedInputStream(Files.newInputStream(file), 1 << 16), digest);
        TarArchiveInputStream tar = new TarArchiveInputStream(new GZIPInputStream(raw))) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        String name = entry.getName().substring(entry.getName().lastIndexOf('/') + 1);
        if (wanted.contains(name)) {
          if (entry.getSize() > (long) RECORD * MOST_RECORDS) {
            throw new UserException(file + ": " + entry.getName() + " claims to be too large");
          }
          found.put(name, tar.readAllBytes());
        }
      }
      raw.transferTo(java.io.OutputStream.nullOutputStream());
    }
    if (found.isEmpty()) {
      throw new UserException(file + " has none of " + String.join(", ", wanted));
    }
    Records records = new Records(most);
    for (Map.Entry<String, byte[]> entry : found.entrySet()) {
      records.read(
          new ByteArrayInputStream(entry.getValue()),
          entry.getValue().length,
          file + ", " + entry.getKey());
    }
    return records.set(file.toString(), digest);
  }

  private static ImageSet zip(Path file, Part part, int most) throws IOException {
    String prefix = part == Part.TEST ? "test/" : "train/";
    List<List<ZipEntry>> byClass = new ArrayList<>();
    try (ZipFile zip = new ZipFile(file.toFile())) {
      for (int c = 0; c < CLASSES.size(); c++) {
        String folder = prefix + CLASSES.get(c) + "/";
        byClass.add(
            zip.stream()
                .filter(entry -> !entry.isDirectory() && entry.getName().startsWith(folder))
                .map(entry -> (ZipEntry) entry)
                .sorted(Comparator.comparing(ZipEntry::getName))
                .toList());
      }
      int longest = byClass.stream().mapToInt(List::size).max().orElse(0);
      if (longest == 0) {
        throw new UserException(
            file + " has no images in folders like " + prefix + CLASSES.get(0) + "/");
      }
      Records records = new Records(most);
      // Classes take turns, so that a part of the images has them all.
      for (int i = 0; i < longest; i++) {
        for (int c = 0; c < byClass.size(); c++) {
          if (i < byClass.get(c).size() && !records.isFull()) {
            records.add(c, decode(zip, byClass.get(c).get(i), file));
          }
        }
      }
      MessageDigest digest = sha256();
      try (InputStream in = digesting(Files.newInputStream(file), digest)) {
        in.transferTo(java.io.OutputStream.nullOutputStream());
      }
      return records.set(file.toString(), digest);
    }
  }

  private static byte[] decode(ZipFile zip, ZipEntry entry, Path file) throws IOException {
    String name = file + ", " + entry.getName();
    if (entry.getSize() < 0 || entry.getSize() > MOST_JPEG_BYTES) {
      throw new UserException(
          name + " claims " + entry.getSize() + " bytes; an image of 32 x 32 has far less");
    }
    byte[] bytes;
    try (InputStream in = zip.getInputStream(entry)) {
      bytes = in.readNBytes((int) MOST_JPEG_BYTES);
    }
    requireSize(bytes, name);
    BufferedImage image = ImageIO.read(new ByteArrayInputStream(bytes));
    if (image == null) {
      throw new UserException(name + " is no image that Java can read");
    }
    int[] colours = image.getRGB(0, 0, SIDE, SIDE, null, 0, SIDE);
    byte[] pixels = new byte[IMAGE];
    for (int i = 0; i < PLANE; i++) {
      pixels[i] = (byte) (colours[i] >> 16);
      pixels[PLANE + i] = (byte) (colours[i] >> 8);
      pixels[2 * PLANE + i] = (byte) colours[i];
    }
    return pixels;
  }

  /** Looks at the size before anything is decoded. */
  private static void requireSize(byte[] bytes, String name) throws IOException {
    try (var stream = ImageIO.createImageInputStream(new ByteArrayInputStream(bytes))) {
      var readers = ImageIO.getImageReaders(stream);
      if (!readers.hasNext()) {
        throw new UserException(name + " is no image that Java can read");
      }
      var reader = readers.next();
      try {
        reader.setInput(stream);
        if (reader.getWidth(0) != SIDE || reader.getHeight(0) != SIDE) {
          throw new UserException(
              name
                  + " is "
                  + reader.getWidth(0)
                  + " x "
                  + reader.getHeight(0)
                  + "; CIFAR-10's images are 32 x 32");
        }
      } finally {
        reader.dispose();
      }
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static InputStream digesting(InputStream in, MessageDigest digest) {
    return new DigestInputStream(in, digest);
  }

  /** Records as the binary version has them: a class and 3072 pixels. */
  private static final class Records {
    private final int most;
    private final List<byte[]> images = new ArrayList<>();
    private final List<Integer> labels = new ArrayList<>();

    Records(int most) {
      this.most = most;
    }

    boolean isFull() {
      return labels.size() >= most;
    }

    void add(int label, byte[] pixels) {
      labels.add(label);
      images.add(pixels);
    }

    /** Reads records until the source ends or enough are there; then reads on to its end. */
    void read(InputStream in, long bytes, String name) throws IOException {
      if (bytes == 0 || bytes % RECORD != 0 || bytes / RECORD > MOST_RECORDS) {
        throw new UserException(
            name
                + " has "
                + bytes
                + " bytes; CIFAR-10's files hold records of "
                + RECORD
                + ": it is another file or cut short");
      }
      byte[] record = new byte[RECORD];
      for (long i = 0; i < bytes / RECORD; i++) {
        if (in.readNBytes(record, 0, RECORD) != RECORD) {
          throw new UserException(name + " is cut short in record " + i);
        }
        if (record[0] < 0 || record[0] >= CLASSES.size()) {
          throw new UserException(
              name + ": record " + i + " has class " + record[0] + "; there are 0 to 9");
        }
        if (!isFull()) {
          byte[] pixels = new byte[IMAGE];
          System.arraycopy(record, 1, pixels, 0, IMAGE);
          add(record[0], pixels);
        }
      }
    }

    ImageSet set(String source, MessageDigest digest) {
      byte[] pixels = new byte[images.size() * IMAGE];
      byte[] classes = new byte[images.size()];
      for (int i = 0; i < images.size(); i++) {
        System.arraycopy(images.get(i), 0, pixels, i * IMAGE, IMAGE);
        classes[i] = labels.get(i).byteValue();
      }
      return new ImageSet(
          3,
          SIDE,
          SIDE,
          pixels,
          classes,
          CLASSES,
          source,
          HexFormat.of().formatHex(digest.digest()));
    }
  }
}
