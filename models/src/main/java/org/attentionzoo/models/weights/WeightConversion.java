package org.attentionzoo.models.weights;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.attentionzoo.blocks.UserException;

/**
 * Writes weights of any kind as safetensors, one tensor in memory at a time. Without a type to
 * round to, every value keeps its bits.
 *
 * @param type what floating-point tensors are rounded to; null to leave them
 * @param prefix what is taken off names that begin with it; empty for nothing
 * @param mostBytes the most bytes of tensors in one file; 0 for a single file
 * @param replace whether files that are there may be replaced
 */
public record WeightConversion(TensorType type, String prefix, long mostBytes, boolean replace) {

  private static final Set<TensorType> TARGETS =
      Set.of(TensorType.F64, TensorType.F32, TensorType.F16, TensorType.BF16);

  /**
   * Checks the type.
   *
   * @throws UserException if tensors cannot be rounded to it, or the limit is negative
   */
  public WeightConversion {
    if (type != null && !TARGETS.contains(type)) {
      throw new UserException("values cannot be rounded to " + type + "; to F64, F32, F16 or BF16");
    }
    if (mostBytes < 0) {
      throw new UserException("files of at most " + mostBytes + " bytes were asked for");
    }
  }

  /**
   * Converts.
   *
   * @param source the weights
   * @param target a file; with {@link #mostBytes}, a folder. Each file appears whole or not at all
   * @param progress is told each tensor that is written
   * @return the files written
   * @throws IOException if reading or writing fails
   * @throws UserException if names become one, or a file is there that may not be replaced
   */
  public List<Path> convert(StoredWeights source, Path target, Consumer<TensorInfo> progress)
      throws IOException {
    boolean folder = mostBytes > 0;
    refuseExisting(target, folder);
    Map<String, String> names = new LinkedHashMap<>();
    List<SafetensorsWriter.Entry> entries = new ArrayList<>();
    for (TensorInfo tensor : source.tensors().values()) {
      String full = tensor.name();
      String name = full.startsWith(prefix) ? full.substring(prefix.length()) : full;
      String other = names.putIfAbsent(name, full);
      if (other != null || name.isEmpty()) {
        throw new UserException(
            "without '"
                + prefix
                + "' the name of '"
                + full
                + (name.isEmpty() ? "' is empty" : "' is that of '" + other + "'"));
      }
      entries.add(entry(source, tensor, name, progress));
    }
    if (!prefix.isEmpty()
        && names.entrySet().stream().allMatch(e -> e.getKey().equals(e.getValue()))) {
      throw new UserException("no name in " + source.origin() + " begins with '" + prefix + "'");
    }
    Map<String, String> metadata = new LinkedHashMap<>(source.metadata());
    // Hugging Face's libraries refuse files that do not say for which framework they are.
    metadata.putIfAbsent("format", "pt");
    if (folder) {
      return SafetensorsWriter.writeSharded(target, entries, metadata, mostBytes);
    }
    SafetensorsWriter.write(target, entries, metadata);
    return List.of(target);
  }

  private void refuseExisting(Path target, boolean folder) {
    if (Files.isDirectory(target) && !folder) {
      throw new UserException(target + " is a folder; name a .safetensors file");
    }
    if (replace || !Files.exists(target)) {
      return;
    }
    if (!folder) {
      throw new UserException(target + " exists already");
    }
    if (!Files.isDirectory(target)) {
      throw new UserException(target + " is a file; several files need a folder");
    }
    for (String name : List.of(ShardedWeights.SINGLE, ShardedWeights.INDEX)) {
      if (Files.exists(target.resolve(name))) {
        throw new UserException(target.resolve(name) + " exists already");
      }
    }
  }

  private SafetensorsWriter.Entry entry(
      StoredWeights source, TensorInfo tensor, String name, Consumer<TensorInfo> progress) {
    boolean rounded = type != null && tensor.type().isFloating() && tensor.type() != type;
    SafetensorsWriter.Values values =
        rounded
            ? channel -> round(source, tensor, channel)
            : channel -> source.copy(tensor.name(), channel);
    return new SafetensorsWriter.Entry(
        name,
        rounded ? type : tensor.type(),
        tensor.shape(),
        channel -> {
          values.write(channel);
          progress.accept(tensor);
        });
  }

  private void round(StoredWeights source, TensorInfo tensor, FileChannel channel)
      throws IOException {
    try (NDManager manager = NDManager.newBaseManager(Device.cpu())) {
      NDArray value = source.read(manager, tensor.name());
      SafetensorsWriter.entry(tensor.name(), value, type).values().write(channel);
    }
  }
}
