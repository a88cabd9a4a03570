package org.attentionzoo.datasets.text;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import org.attentionzoo.blocks.UserException;

/**
 * Texts with a class each, as files of lines {@code text<TAB>class}: {@code train.tsv} and {@code
 * dev.tsv} of a folder, as SST-2 is published. Classes are numbered in the order of their names.
 *
 * @param training the texts for training
 * @param validation the texts for validation
 * @param classes the names of the classes, sorted
 */
public record LabelledText(List<Example> training, List<Example> validation, List<String> classes) {

  private static final long LARGEST_FILE = 1L << 28;

  /**
   * A text and its class.
   *
   * @param text the text
   * @param label the number of its class
   */
  public record Example(String text, int label) {}

  /** A line before classes are numbered. */
  private record Line(String text, String label) {}

  /**
   * Reads a folder.
   *
   * @param folder holds {@code train.tsv} and {@code dev.tsv}
   * @return the texts
   * @throws UserException if a file is missing, empty or no such file; names the line
   */
  public static LabelledText read(Path folder) {
    List<Line> training = lines(folder.resolve("train.tsv"));
    List<Line> validation = lines(folder.resolve("dev.tsv"));
    TreeSet<String> names = new TreeSet<>();
    training.forEach(line -> names.add(line.label()));
    List<String> classes = new ArrayList<>(names);
    if (classes.size() < 2) {
      throw new UserException(
          folder.resolve("train.tsv") + " has the class " + classes + " only; give at least two");
    }
    for (Line line : validation) {
      if (!names.contains(line.label())) {
        throw new UserException(
            folder.resolve("dev.tsv")
                + " has the class '"
                + line.label()
                + "', which train.tsv does not have; it has "
                + classes);
      }
    }
    return new LabelledText(numbered(training, classes), numbered(validation, classes), classes);
  }

  private static List<Example> numbered(List<Line> lines, List<String> classes) {
    return lines.stream()
        .map(line -> new Example(line.text(), classes.indexOf(line.label())))
        .toList();
  }

  private static List<Line> lines(Path file) {
    List<String> all;
    try {
      if (!Files.isRegularFile(file)) {
        throw new UserException(
            "no file " + file + "; give a folder with train.tsv and dev.tsv, text<TAB>class");
      }
      if (Files.size(file) > LARGEST_FILE) {
        throw new UserException(file + " has more than " + LARGEST_FILE + " bytes; give less");
      }
      all = Arrays.asList(Files.readString(file).split("\n", -1));
    } catch (CharacterCodingException e) {
      throw new UserException(file + " is not valid UTF-8", e);
    } catch (IOException e) {
      throw new UserException(file + " cannot be read: " + e, e);
    }
    List<Line> lines = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      String line = all.get(i).endsWith("\r") ? all.get(i).strip() : all.get(i);
      if (line.isBlank()) {
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
