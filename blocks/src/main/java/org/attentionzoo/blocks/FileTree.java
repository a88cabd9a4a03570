package org.attentionzoo.blocks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A folder and all that is in it. Thread safety: stateless. */
public final class FileTree {

  private FileTree() {}

  /**
   * Removes a folder with all that is in it, or a file; links are removed, not followed. Nothing
   * happens if there is nothing.
   *
   * @param root the folder or file
   * @throws IOException if something cannot be removed; the rest may be gone
   */
  public static void delete(Path root) throws IOException {
    if (!Files.exists(root)) {
      return;
    }
    List<Path> entries;
    try (Stream<Path> tree = Files.walk(root)) {
      entries = tree.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path entry : entries) {
      Files.delete(entry);
    }
  }
}
