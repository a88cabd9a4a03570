package org.attentionzoo.datasets.audio;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.catalog.Hashes;

/**
 * Recordings of single words, in the layouts of
 *
 * <ul>
 *   <li>the Free Spoken Digits: files {@code <digit>_<speaker>_<take>.wav} in a folder {@code
 *       recordings} or in a zip. Takes 0 to 4 are the test part, as its authors say; takes 5 to 9
 *       are the validation part here;
 *   <li>Speech Commands (Warden 2018): {@code <word>/<name>.wav} with {@code validation_list.txt}
 *       and {@code testing_list.txt}. Folders that begin with {@code _} are no words.
 * </ul>
 *
 * @param training what is trained on
 * @param evaluated what is evaluated on
 * @param words the classes, sorted
 * @param sha256 of all that was read
 */
public record SpokenWords(
    List<Recording> training, List<Recording> evaluated, List<String> words, String sha256) {

  private static final long MOST_BYTES = 1L << 24;
  private static final int VALIDATION_TAKES = 10;
  private static final int TEST_TAKES = 5;

  /**
   * A recording.
   *
   * @param name its file
   * @param label the number of its word
   * @param wave its sound
   */
  public record Recording(String name, int label, Wave wave) {}

  /** The parts. */
  private enum Part {
    TRAINING,
    VALIDATION,
    TEST
  }

  /**
   * Reads recordings.
   *
   * @param location a folder or a zip
   * @param test whether the test part is evaluated on instead of the validation part
   * @return the recordings
   * @throws UserException if there are none, or one is damaged
   */
  public static SpokenWords read(Path location, boolean test) {
    try {
      if (Files.isRegularFile(location)) {
        return zip(location, test);
      }
      if (!Files.isDirectory(location)) {
        throw new UserException(
            "no folder or zip " + location + " with recordings; give that of a data set");
      }
      if (Files.isRegularFile(location.resolve("testing_list.txt"))) {
        return commands(location, test);
      }
      Path inner = location.resolve("recordings");
      return digits(Files.isDirectory(inner) ? inner : location, test);
    } catch (IOException e) {
      throw new UserException(location + " cannot be read: " + e, e);
    }
  }

  private static SpokenWords zip(Path file, boolean test) throws IOException {
    Builder builder = new Builder(file.toString(), test);
    try (ZipFile zip = new ZipFile(file.toFile())) {
      TreeMap<String, ZipEntry> entries = new TreeMap<>();
      zip.stream()
          .filter(e -> !e.isDirectory() && e.getName().endsWith(".wav"))
          .forEach(e -> entries.put(e.getName(), e));
      for (ZipEntry entry : entries.values()) {
        String name = entry.getName().substring(entry.getName().lastIndexOf('/') + 1);
        if (!name.startsWith(".")) {
          try (InputStream in = zip.getInputStream(entry)) {
            builder.digit(name, in.readNBytes((int) MOST_BYTES + 1));
          }
        }
      }
    }
    return builder.build();
  }

  private static SpokenWords digits(Path folder, boolean test) throws IOException {
    Builder builder = new Builder(folder.toString(), test);
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".wav")).sorted().toList()) {
        builder.digit(file.getFileName().toString(), bytes(file));
      }
    }
    return builder.build();
  }

  private static SpokenWords commands(Path folder, boolean test) throws IOException {
    Set<String> validation = names(folder.resolve("validation_list.txt"));
    Set<String> testing = names(folder.resolve("testing_list.txt"));
    Builder builder = new Builder(folder.toString(), test);
    try (Stream<Path> folders = Files.list(folder)) {
      for (Path word : folders.filter(Files::isDirectory).sorted().toList()) {
        String label = word.getFileName().toString();
        if (label.startsWith("_") || label.startsWith(".")) {
          continue;
        }
        try (Stream<Path> files = Files.list(word)) {
          for (Path file : files.filter(f -> f.toString().endsWith(".wav")).sorted().toList()) {
            String name = label + "/" + file.getFileName();
            Part part =
                testing.contains(name)
                    ? Part.TEST
                    : validation.contains(name) ? Part.VALIDATION : Part.TRAINING;
            if (builder.wants(part)) {
              builder.add(name, label, part, bytes(file));
            }
          }
        }
      }
    }
    return builder.build();
  }

  private static Set<String> names(Path list) throws IOException {
    return Files.isRegularFile(list) ? new HashSet<>(Files.readAllLines(list)) : Set.of();
  }

  private static byte[] bytes(Path file) throws IOException {
    if (Files.size(file) > MOST_BYTES) {
      throw new UserException(file + " has more than " + MOST_BYTES + " bytes");
    }
    return Files.readAllBytes(file);
  }

  /** Collects recordings. */
  private static final class Builder {
    private final String source;
    private final boolean test;
    private final MessageDigest digest = Hashes.digest();
    private final List<String> labels = new ArrayList<>();
    private final List<Part> parts = new ArrayList<>();
    private final List<String> names = new ArrayList<>();
    private final List<Wave> waves = new ArrayList<>();

    Builder(String source, boolean test) {
      this.source = source;
      this.test = test;
    }

    boolean wants(Part part) {
      return part == Part.TRAINING || part == (test ? Part.TEST : Part.VALIDATION);
    }

    void digit(String name, byte[] bytes) {
      String[] pieces = name.substring(0, name.length() - ".wav".length()).split("_", -1);
      if (pieces.length != 3 || !pieces[0].matches("\\d") || !pieces[2].matches("\\d{1,6}")) {
        throw new UserException(
            source + ", " + name + ": expected names like 7_jackson_32.wav: digit, speaker, take");
      }
      int take = Integer.parseInt(pieces[2]);
      Part part =
          take < TEST_TAKES ? Part.TEST : take < VALIDATION_TAKES ? Part.VALIDATION : Part.TRAINING;
      if (wants(part)) {
        add(name, pieces[0], part, bytes);
      }
    }

    void add(String name, String label, Part part, byte[] bytes) {
      if (bytes.length > MOST_BYTES) {
        throw new UserException(source + ", " + name + " has more than " + MOST_BYTES + " bytes");
      }
      digest.update(bytes);
      names.add(name);
      labels.add(label);
      parts.add(part);
      waves.add(Wave.parse(bytes, source + ", " + name));
    }

    SpokenWords build() {
      List<String> words = List.copyOf(new TreeSet<>(labels));
      List<Recording> training = new ArrayList<>();
      List<Recording> evaluated = new ArrayList<>();
      for (int i = 0; i < names.size(); i++) {
        Recording recording =
            new Recording(names.get(i), words.indexOf(labels.get(i)), waves.get(i));
        (parts.get(i) == Part.TRAINING ? training : evaluated).add(recording);
      }
      if (words.size() < 2 || training.isEmpty() || evaluated.isEmpty()) {
        throw new UserException(
            String.format(
                Locale.ROOT,
                "%s has %d words, %d recordings to train on and %d to evaluate; expected"
                    + " <digit>_<speaker>_<take>.wav, or Speech Commands' folders and lists",
                source,
                words.size(),
                training.size(),
                evaluated.size()));
      }
      return new SpokenWords(training, evaluated, words, HexFormat.of().formatHex(digest.digest()));
    }
  }
}
