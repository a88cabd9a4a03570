package org.attentionzoo.datasets.text;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.attentionzoo.blocks.NearestName;
import org.attentionzoo.blocks.UserException;

/** Finds and reads the text files of a folder. */
final class TextFiles {

  private static final Set<String> PASSED_OVER = Set.of("target", "runs", "node_modules");
  private static final int PROBE = 8192;

  private static final String NUL = "with NUL bytes (binary)";
  private static final String NOT_UTF_8 = "not valid UTF-8";
  private static final String EMPTY = "empty";
  private static final String UNREADABLE = "unreadable";
  private static final String SPECIAL = "not a regular file";
  private static final String TWICE = "linked a second time";
  private static final String HIDDEN = "hidden";
  private static final String LINKED_FOLDER = "link to a folder";
  private static final String RUN_FOLDER = "run folder";

  private final String location;
  private final long limit;
  private final List<String> names = new ArrayList<>();
  private final List<byte[]> contents = new ArrayList<>();
  private final Map<String, Integer> skipped = new TreeMap<>();
  private final Set<Path> seen = new HashSet<>();
  private long total;

  private TextFiles(String location, long limit) {
    this.location = location;
    this.limit = limit;
  }

  /**
   * Reads a file or a folder.
   *
   * @param location a path; {@code ~} is the home folder
   * @param limit the most bytes to read
   * @return what was found, at least one byte
   * @throws UserException if there is nothing usable
   */
  static TextFiles read(String location, long limit) {
    Path path = resolve(location);
    TextFiles found = new TextFiles(location, limit);
    try {
      if (Files.isDirectory(path)) {
        found.readFolder(path);
      } else {
        found.readSingle(path);
      }
    } catch (IOException e) {
      throw new UserException("cannot read '" + location + "': " + e, e);
    }
    return found;
  }

  List<String> names() {
    return List.copyOf(names);
  }

  Map<String, Integer> skipped() {
    return Map.copyOf(skipped);
  }

  /** The contents, with a newline between two files if the first does not end with one. */
  byte[] joined() {
    if (contents.size() == 1) {
      return contents.get(0);
    }
    byte[] all = new byte[(int) total];
    int length = 0;
    for (byte[] content : contents) {
      if (length > 0 && all[length - 1] != '\n') {
        all[length++] = '\n';
      }
      System.arraycopy(content, 0, all, length, content.length);
      length += content.length;
    }
    return length == all.length ? all : Arrays.copyOf(all, length);
  }

  private static Path resolve(String location) {
    if (location.isBlank()) {
      throw new UserException("no file or folder was named; write text:<file or folder>");
    }
    String expanded = location;
    if (location.equals("~") || location.startsWith("~/")) {
      expanded = System.getProperty("user.home") + location.substring(1);
    }
    Path path;
    try {
      path = Path.of(expanded);
    } catch (InvalidPathException e) {
      throw new UserException("'" + location + "' is not a path: " + e.getReason(), e);
    }
    if (!Files.exists(path)) {
      throw new UserException(missing(location, path.toAbsolutePath().normalize()));
    }
    return path;
  }

  private static String missing(String location, Path path) {
    if (Files.isSymbolicLink(path)) {
      return "'" + location + "' is a link to something that does not exist";
    }
    Path parent = path.getParent();
    if (parent == null || !Files.isDirectory(parent)) {
      return "no file or folder '" + location + "': there is no folder " + parent + " either";
    }
    List<String> siblings = List.of();
    try (Stream<Path> entries = Files.list(parent)) {
      siblings = entries.limit(10_000).map(p -> p.getFileName().toString()).toList();
    } catch (IOException e) {
      // A suggestion is a courtesy; the message stands without it.
    }
    return "no file or folder '"
        + location
        + "' (looked for "
        + path
        + ")"
        + NearestName.suggestion(String.valueOf(path.getFileName()), siblings);
  }

  private void readSingle(Path file) throws IOException {
    String reason = Files.isRegularFile(file) ? take(file, file.getFileName().toString()) : SPECIAL;
    if (reason != null) {
      throw new UserException(
          "'" + location + "' is " + describe(reason) + "; give a UTF-8 text file or a folder");
    }
  }

  private static String describe(String reason) {
    return reason.equals(NUL) ? "binary: it holds NUL bytes" : reason;
  }

  private void readFolder(Path folder) throws IOException {
    boolean anything = walk(folder, "");
    if (!contents.isEmpty()) {
      return;
    }
    if (!anything) {
      throw new UserException(
          "folder '" + location + "' is empty; give a folder that holds UTF-8 text files");
    }
    throw new UserException(
        "folder '"
            + location
            + "' holds no text; skipped: "
            + skipped.entrySet().stream()
                .map(e -> e.getValue() + " " + e.getKey())
                .collect(Collectors.joining(", "))
            + "; give a folder that holds UTF-8 text files");
  }

  /** Visits a folder's entries in the order of their names; false if it has none. */
  private boolean walk(Path folder, String prefix) throws IOException {
    List<Path> entries;
    try (Stream<Path> listed = Files.list(folder)) {
      entries = listed.sorted(Comparator.comparing(p -> p.getFileName().toString())).toList();
    } catch (IOException e) {
      if (prefix.isEmpty()) {
        throw e;
      }
      skip(UNREADABLE);
      return true;
    }
    for (Path entry : entries) {
      String name = entry.getFileName().toString();
      String relative = prefix + name;
      if (name.startsWith(".")) {
        skip(HIDDEN);
      } else if (Files.isDirectory(entry)) {
        String reason = whyNotEnter(entry, name);
        if (reason == null) {
          if (!walk(entry, relative + "/")) {
            skip(EMPTY);
          }
        } else {
          skip(reason);
        }
      } else {
        String reason = visit(entry, relative);
        if (reason != null) {
          skip(reason);
        }
      }
    }
    return !entries.isEmpty();
  }

  private static String whyNotEnter(Path folder, String name) {
    if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      return LINKED_FOLDER;
    }
    if (PASSED_OVER.contains(name)) {
      return "named " + name;
    }
    return Files.exists(folder.resolve("config.yaml"))
            && Files.exists(folder.resolve("metrics.jsonl"))
        ? RUN_FOLDER
        : null;
  }

  private String visit(Path file, String name) {
    if (!Files.isRegularFile(file)) {
      return SPECIAL;
    }
    try {
      return seen.add(file.toRealPath()) ? take(file, name) : TWICE;
    } catch (IOException e) {
      return UNREADABLE;
    }
  }

  /** Reads a file; gives null, or the reason why it is not usable. */
  private String take(Path file, String name) throws IOException {
    long size = Files.size(file);
    if (size == 0) {
      return EMPTY;
    }
    if (!Files.isReadable(file)) {
      return UNREADABLE;
    }
    try (InputStream in = Files.newInputStream(file)) {
      if (holdsNul(in.readNBytes(PROBE))) {
        return NUL;
      }
    }
    if (total + size + 1 > limit) {
      throw new UserException(
          String.format(
              Locale.ROOT,
              "'%s' holds more than %,d bytes of text (reached at '%s', %,d bytes); give less, or"
                  + " a larger heap if that is below %,d (JAVA_OPTS=-Xmx...)",
              location,
              limit,
              name,
              size,
              TextCorpus.LARGEST));
    }
    byte[] content = Files.readAllBytes(file);
    if (holdsNul(content)) {
      return NUL;
    }
    if (!isUtf8(content)) {
      return NOT_UTF_8;
    }
    names.add(name);
    contents.add(content);
    total += content.length + 1L;
    return null;
  }

  private void skip(String reason) {
    skipped.merge(reason, 1, Integer::sum);
  }

  private static boolean holdsNul(byte[] content) {
    for (byte b : content) {
      if (b == 0) {
        return true;
      }
    }
    return false;
  }

  private static boolean isUtf8(byte[] content) {
    CharsetDecoder decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    ByteBuffer in = ByteBuffer.wrap(content);
    CharBuffer out = CharBuffer.allocate(PROBE);
    CoderResult result = CoderResult.OVERFLOW;
    while (result.isOverflow()) {
      out.clear();
      result = decoder.decode(in, out, true);
    }
    return !result.isError();
  }
}
