package org.attentionzoo.eval.verify;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Where golden cases are. */
final class GoldenFolders {

  private GoldenFolders() {}

  /** The cases that travel with the project. */
  static Path inProject() {
    return Path.of(System.getProperty("zoo.root"), "eval/src/test/resources/golden");
  }

  /** The folder of all cases: named by ZOO_GOLDEN, or beside the one that ZOO_DATA names. */
  static Optional<Path> reachable() {
    String golden = System.getProperty("zoo.golden", System.getenv("ZOO_GOLDEN"));
    String data = System.getenv("ZOO_DATA");
    Path folder =
        golden != null
            ? Path.of(golden)
            : data != null ? Path.of(data).toAbsolutePath().resolveSibling("golden") : null;
    return Optional.ofNullable(folder).filter(Files::isDirectory);
  }

  /** All cases of all papers, sorted. */
  static List<Path> cases(Path root) {
    try (Stream<Path> files = Files.walk(root, 3)) {
      return files.filter(f -> f.endsWith("config.json")).map(Path::getParent).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
