package org.attentionzoo.models.weights;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Opens weights of any kind that can be read: a safetensors file, a file of {@code torch.save}, an
 * index of several, or a folder with any of these. What a file is, its content decides.
 *
 * <p>Thread safety: all methods may be called by any thread.
 */
public final class WeightFiles {

  private static final int HEAD_BYTES = 512;
  private static final String INDEX_SUFFIX = ".index.json";
  private static final List<String> USUAL =
      List.of(
          ShardedWeights.SINGLE,
          ShardedWeights.INDEX,
          "pytorch_model.bin",
          "pytorch_model.bin.index.json");
  private static final List<String> SUFFIXES = List.of(".safetensors", ".pt", ".pth", ".bin");

  private WeightFiles() {}

  /**
   * Opens weights.
   *
   * @param path a file, an index or a folder
   * @return the open weights
   * @throws WeightsException if there is nothing that can be read, or several things
   */
  public static StoredWeights open(Path path) {
    if (Files.isDirectory(path)) {
      return open(inFolder(path));
    }
    return path.toString().endsWith(INDEX_SUFFIX) ? ShardedWeights.open(path) : openFile(path);
  }

  private static Path inFolder(Path folder) {
    for (String usual : USUAL) {
      if (Files.isRegularFile(folder.resolve(usual))) {
        return folder.resolve(usual);
      }
    }
    List<Path> found;
    try (Stream<Path> files = Files.list(folder)) {
      found =
          files
              .filter(Files::isRegularFile)
              .filter(
                  file -> {
                    String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
                    return name.endsWith(INDEX_SUFFIX)
                        || SUFFIXES.stream().anyMatch(name::endsWith);
                  })
              .sorted()
              .toList();
    } catch (IOException e) {
      throw new WeightsException(folder + " cannot be read: " + e.getMessage(), e);
    }
    if (found.size() != 1) {
      throw new WeightsException(
          folder
              + (found.isEmpty()
                  ? " holds no weights: no " + String.join(", ", USUAL)
                  : " holds several files of weights; give one of "
                      + String.join(
                          ", ",
                          found.stream().limit(9).map(f -> f.getFileName().toString()).toList()))
              + (found.isEmpty() ? ", and no other file of " + String.join(", ", SUFFIXES) : ""));
    }
    return found.get(0);
  }

  /**
   * Checks that there is a file to read; devices and pipes have no length that could be held
   * against what they say of themselves.
   *
   * @param file what was given
   * @param expected what should have been, for example {@code a .pt file}
   * @throws WeightsException if it is a folder, something else, or not there
   */
  static void requireFile(Path file, String expected) {
    if (Files.isRegularFile(file)) {
      return;
    }
    if (!Files.exists(file)) {
      throw new WeightsException(file + " is not there");
    }
    throw new WeightsException(
        file
            + (Files.isDirectory(file) ? " is a folder" : " is no regular file")
            + "; give "
            + expected);
  }

  /** Opens a single file. */
  static StoredWeights openFile(Path file) {
    requireFile(file, "a file of weights");
    byte[] head;
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      ByteBuffer buffer = ByteBuffer.allocate(HEAD_BYTES);
      while (buffer.hasRemaining() && channel.read(buffer) >= 0) {
        continue;
      }
      head = new byte[buffer.flip().remaining()];
      buffer.get(head);
    } catch (IOException e) {
      throw new WeightsException(file + " cannot be read: " + e.getMessage(), e);
    }
    String other = foreign(head);
    if (other != null) {
      throw new WeightsException(
          file + " is " + other + "; expected safetensors or what torch.save writes");
    }
    boolean safetensors =
        (head.length > Long.BYTES && head[Long.BYTES] == '{')
            || file.toString().toLowerCase(Locale.ROOT).endsWith(".safetensors");
    return safetensors ? SafetensorsFile.open(file) : PyTorchFile.open(file);
  }

  /** What a file is that is known but not read; null if it may be readable. */
  private static String foreign(byte[] head) {
    String text = new String(head, StandardCharsets.ISO_8859_1);
    if (text.startsWith("GGUF")) {
      return "a GGUF file";
    }
    if (text.startsWith("\u0089HDF")) {
      return "an HDF5 file (Keras)";
    }
    if (text.startsWith("\u001f\u008b")) {
      return "compressed with gzip; unpack it first";
    }
    if (text.startsWith("\u0093NUMPY")) {
      return "a NumPy array";
    }
    if (text.startsWith("version https://git-lfs")) {
      return "a pointer of git-lfs, not the file itself; fetch it with git lfs pull";
    }
    return null;
  }
}
