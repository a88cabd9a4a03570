package org.attentionzoo.datasets.text;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.catalog.Hashes;

/**
 * Texts with a class each. Classes are numbered in the order of their names.
 *
 * @param training the texts for training
 * @param validation the texts that are evaluated on
 * @param classes the names of the classes, sorted
 * @param sha256 of what was read
 */
public record LabelledText(
    List<Example> training, List<Example> validation, List<String> classes, String sha256) {

  /** Of how many texts one is held out where no validation part is published. */
  private static final int HELD_OUT = 10;

  private static final long LARGEST_FILE = 1L << 28;

  /**
   * A text and its class.
   *
   * @param text the text
   * @param label the number of its class
   */
  public record Example(String text, int label) {}

  /**
   * A text before classes are numbered.
   *
   * @param text the text
   * @param label the name of its class
   */
  public record Line(String text, String label) {}

  /**
   * Reads a folder and its validation part.
   *
   * @param folder as of {@link #read(Path, boolean)}
   * @return the texts
   * @throws UserException if a file is missing, empty or no such file; names the line
   */
  public static LabelledText read(Path folder) {
    return read(folder, false);
  }

  /**
   * Reads a folder: {@code train.tsv}, {@code dev.tsv} and {@code test.tsv} of lines {@code
   * text<TAB>class}, as SST-2 is published (a first line {@code sentence<TAB>label}, as of GLUE, is
   * passed over); or {@code train/<class>/*.txt} and {@code test/<class>/*.txt}, as IMDB is
   * published. Of the latter every tenth training text, in the order of classes and names, is the
   * validation part; its folder {@code unsup} has no class and is passed over.
   *
   * @param folder the folder
   * @param test whether the test part is evaluated on instead of the validation part
   * @return the texts
   * @throws UserException if a file is missing, empty or no such file; names the line
   */
  public static LabelledText read(Path folder, boolean test) {
    MessageDigest digest = Hashes.digest();
    if (Files.isDirectory(folder.resolve("train"))) {
      List<Line> all = classFolders(folder.resolve("train"), digest);
      List<Line> training = new ArrayList<>();
      List<Line> validation = new ArrayList<>();
      for (int i = 0; i < all.size(); i++) {
        (i % HELD_OUT == HELD_OUT - 1 ? validation : training).add(all.get(i));
      }
      if (test) {
        validation = classFolders(folder.resolve("test"), digest);
      }
      return of(folder.toString(), training, validation, HexFormat.of().formatHex(digest.digest()));
    }
    List<Line> training = lines(folder.resolve("train.tsv"), digest);
    List<Line> validation = lines(folder.resolve(test ? "test.tsv" : "dev.tsv"), digest);
    return of(folder.toString(), training, validation, HexFormat.of().formatHex(digest.digest()));
  }

  /**
   * Numbers the classes of texts.
   *
   * @param source what to call them
   * @param training the texts for training
   * @param validation the texts that are evaluated on
   * @param sha256 of where they come from
   * @return the texts
   * @throws UserException if there are less than two classes, or one that is not trained
   */
  public static LabelledText of(
      String source, List<Line> training, List<Line> validation, String sha256) {
    TreeSet<String> names = new TreeSet<>();
    training.forEach(line -> names.add(line.label()));
    List<String> classes = new ArrayList<>(names);
    if (classes.size() < 2) {
      throw new UserException(
          source + ": the training part has the class " + classes + " only; give at least two");
    }
    if (validation.isEmpty()) {
      throw new UserException(source + ": there is no text to evaluate on; give more");
    }
    for (Line line : validation) {
      if (!names.contains(line.label())) {
        throw new UserException(
            source
                + ": the class '"
                + line.label()
                + "' is evaluated on, but the training part (train.tsv) does not have it; it has "
                + classes);
      }
    }
    return new LabelledText(
        numbered(training, classes), numbered(validation, classes), classes, sha256);
  }

  private static List<Line> classFolders(Path folder, MessageDigest digest) {
    List<Line> lines = new ArrayList<>();
    try (Stream<Path> entries = Files.list(folder)) {
      for (Path label : entries.filter(Files::isDirectory).sorted().toList()) {
        String name = label.getFileName().toString();
        if (name.equals("unsup")) {
          continue;
        }
        try (Stream<Path> texts = Files.list(label)) {
          for (Path file : texts.filter(f -> f.toString().endsWith(".txt")).sorted().toList()) {
            lines.add(new Line(text(file, digest).strip(), name));
          }
        }
      }
    } catch (NoSuchFileException e) {
      throw new UserException("no folder " + folder + "; expected one with a folder a class", e);
    } catch (IOException e) {
      throw new UserException(folder + " cannot be read: " + e, e);
    }
    if (lines.isEmpty()) {
      throw new UserException(
          folder + " has no texts; expected files <class>/<name>.txt, for example pos/0_9.txt");
    }
    return lines;
  }

  private static String text(Path file, MessageDigest digest) {
    try {
      if (!Files.isRegularFile(file)) {
        throw new UserException(
            "no file " + file + "; give a folder with train.tsv and dev.tsv, text<TAB>class");
      }
      if (Files.size(file) > LARGEST_FILE) {
        throw new UserException(file + " has more than " + LARGEST_FILE + " bytes; give less");
      }
      byte[] bytes = Files.readAllBytes(file);
      digest.update(bytes);
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new UserException(file + " is not valid UTF-8", e);
    } catch (IOException e) {
      throw new UserException(file + " cannot be read: " + e, e);
    }
  }

  private static List<Example> numbered(List<Line> lines, List<String> classes) {
    return lines.stream()
        .map(line -> new Example(line.text(), classes.indexOf(line.label())))
        .toList();
  }

  private static List<Line> lines(Path file, MessageDigest digest) {
    List<String> all = Arrays.asList(text(file, digest).split("\n", -1));
    List<Line> lines = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      String line = all.get(i).endsWith("\r") ? all.get(i).strip() : all.get(i);
      if (line.isBlank() || i == 0 && line.equals("sentence\tlabel")) {
        continue;
      }
      int tab = line.lastIndexOf('\t');
      if (tab < 0 || line.substring(tab + 1).isBlank()) {
        throw new UserException(
            file
                + ", line "
                + (i + 1)
                + " has no tab with a class after it; expected"
                + " text<TAB>class");
      }
      lines.add(new Line(line.substring(0, tab), line.substring(tab + 1).strip()));
    }
    if (lines.isEmpty()) {
      throw new UserException(file + " has no lines; expected text<TAB>class");
    }
    return lines;
  }
}
