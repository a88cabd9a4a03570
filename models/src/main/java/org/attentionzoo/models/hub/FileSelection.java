package org.attentionzoo.models.hub;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Stream;
import org.attentionzoo.blocks.UserException;

/**
 * Which files of a model are wanted. Patterns are those of the hub's own client: {@code *} stands
 * for any text, also across folders, {@code ?} for one character, {@code [ab]} for one of several;
 * a pattern that ends with {@code /} means all below that folder.
 *
 * <p>Without patterns to include, it is what this zoo reads: not the weights of other frameworks,
 * and PyTorch's own files only where there are no safetensors beside them.
 */
public final class FileSelection {

  private static final List<Pattern> FOREIGN =
      Stream.of(
              "*.h5",
              "*.msgpack",
              "*.ot",
              "*.tflite",
              "*.gguf",
              "*.ggml",
              "*.mlmodel",
              "*.onnx",
              "*.onnx_data",
              "*.pb",
              "*.npz",
              "*.mlpackage/*",
              "coreml/*",
              "onnx/*",
              "openvino/*",
              "*.arrow",
              "*.parquet")
          .map(FileSelection::compile)
          .toList();
  private static final Set<String> PYTORCH = Set.of(".bin", ".pt", ".pth", ".ckpt");

  private final List<Pattern> include;
  private final List<Pattern> exclude;

  private FileSelection(List<Pattern> include, List<Pattern> exclude) {
    this.include = include;
    this.exclude = exclude;
  }

  /**
   * A selection.
   *
   * @param include patterns of what is wanted; none for what this zoo reads
   * @param exclude patterns of what is not wanted after all
   * @return the selection
   * @throws UserException if a pattern is none
   */
  public static FileSelection of(List<String> include, List<String> exclude) {
    return new FileSelection(
        include.stream().map(FileSelection::compile).toList(),
        exclude.stream().map(FileSelection::compile).toList());
  }

  /**
   * Chooses.
   *
   * @param names all names
   * @return the wanted ones, in the same order
   */
  List<String> of(List<String> names) {
    List<String> wanted = new ArrayList<>();
    for (String name : names) {
      boolean chosen = include.isEmpty() ? isRead(name, names) : matches(include, name);
      if (chosen && !matches(exclude, name)) {
        wanted.add(name);
      }
    }
    return wanted;
  }

  private static boolean isRead(String name, List<String> names) {
    if (matches(FOREIGN, name)) {
      return false;
    }
    int dot = name.lastIndexOf('.');
    boolean pytorch =
        (dot >= 0 && PYTORCH.contains(name.substring(dot)))
            || name.endsWith("pytorch_model.bin.index.json");
    String folder = name.substring(0, name.lastIndexOf('/') + 1);
    return !pytorch
        || names.stream()
            .noneMatch(
                other ->
                    other.endsWith(".safetensors")
                        && other.substring(0, other.lastIndexOf('/') + 1).equals(folder));
  }

  private static boolean matches(List<Pattern> patterns, String name) {
    return patterns.stream().anyMatch(p -> p.matcher(name).matches());
  }

  private static Pattern compile(String glob) {
    String pattern = glob.endsWith("/") ? glob + "*" : glob;
    StringBuilder regex = new StringBuilder();
    for (int i = 0; i < pattern.length(); i++) {
      char c = pattern.charAt(i);
      int close = c == '[' ? pattern.indexOf(']', i + 2) : -1;
      if (close > 0) {
        String set = pattern.substring(i + 1, close).replace("\\", "\\\\").replace("[", "\\[");
        set = set.replace("&&", "&\\&");
        regex.append('[').append(set.startsWith("!") ? "^" + set.substring(1) : set).append(']');
        i = close;
      } else if (c == '*') {
        regex.append(".*");
      } else {
        regex.append(c == '?' ? "." : Pattern.quote(String.valueOf(c)));
      }
    }
    try {
      return Pattern.compile(regex.toString(), Pattern.DOTALL);
    } catch (PatternSyntaxException e) {
      throw new UserException(
          "'" + glob + "' is no pattern of file names; for example '*.json' is one", e);
    }
  }
}
