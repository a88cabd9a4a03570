package org.attentionzoo.models.weights;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import org.attentionzoo.blocks.AtomicFile;
import org.attentionzoo.blocks.GradientMode;

/**
 * Writes safetensors files: atomically, in the order that the reference implementation uses (by
 * type, then by name), the data aligned to 8 bytes. The same tensors give the same bytes.
 */
public final class SafetensorsWriter {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** The engine hands out at most 2 GiB at once. */
  private static final long PIECE = 1L << 30;

  private SafetensorsWriter() {}

  /** Writes the values of a tensor. */
  @FunctionalInterface
  public interface Values {
    /**
     * Writes them: little-endian, in the order of the shape.
     *
     * @param channel the file, at the place where they belong
     * @throws IOException if writing fails
     */
    void write(FileChannel channel) throws IOException;
  }

  /**
   * A tensor to be written.
   *
   * @param name its key
   * @param type its type in the file
   * @param shape its shape
   * @param values writes as many bytes as type and shape say
   */
  public record Entry(String name, TensorType type, Shape shape, Values values) {

    /**
     * The size in the file.
     *
     * @return bytes
     */
    public long bytes() {
      return Math.multiplyExact(shape.size(), (long) type.bytes());
    }
  }

  /**
   * A tensor that is in memory.
   *
   * @param name its key
   * @param array its values
   * @param type the type to store it in; values are rounded to it
   * @return the entry; the array must live until it is written
   */
  public static Entry entry(String name, NDArray array, TensorType type) {
    return entry(name, array, type, PIECE);
  }

  private static Entry entry(String name, NDArray array, TensorType type, long pieceBytes) {
    return new Entry(
        name, type, array.getShape(), channel -> write(channel, array, type, pieceBytes));
  }

  /**
   * Writes tensors in their own types.
   *
   * @param file the file, replaced if it exists; missing folders are made
   * @param tensors by name
   * @param metadata the file's own strings
   * @throws IOException if writing fails; the file is then as it was
   * @throws IllegalArgumentException if a type cannot be stored
   */
  public static void write(Path file, Map<String, NDArray> tensors, Map<String, String> metadata)
      throws IOException {
    write(file, tensors, metadata, array -> TensorType.of(array.getDataType()));
  }

  /**
   * Writes tensors in chosen types, for example all floating-point ones as BF16.
   *
   * @param file the file, replaced if it exists; missing folders are made
   * @param tensors by name
   * @param metadata the file's own strings
   * @param types the type to store an array in; values are rounded to it
   * @throws IOException if writing fails; the file is then as it was
   * @throws IllegalArgumentException if a type cannot be stored
   */
  public static void write(
      Path file,
      Map<String, NDArray> tensors,
      Map<String, String> metadata,
      Function<NDArray, TensorType> types)
      throws IOException {
    write(file, tensors, metadata, types, PIECE);
  }

  static void write(
      Path file,
      Map<String, NDArray> tensors,
      Map<String, String> metadata,
      Function<NDArray, TensorType> types,
      long pieceBytes)
      throws IOException {
    List<Entry> entries = new ArrayList<>();
    tensors.forEach(
        (name, array) -> entries.add(entry(name, array, types.apply(array), pieceBytes)));
    write(file, entries, metadata);
  }

  /**
   * Writes one file.
   *
   * @param file the file, replaced if it exists; missing folders are made
   * @param tensors in any order
   * @param metadata the file's own strings
   * @throws IOException if writing fails; the file is then as it was
   * @throws IllegalArgumentException if two tensors have one name, or the header becomes larger
   *     than the format allows
   */
  public static void write(Path file, Collection<Entry> tensors, Map<String, String> metadata)
      throws IOException {
    List<Entry> sorted = new ArrayList<>(tensors);
    sorted.sort(Comparator.comparing(Entry::type).reversed().thenComparing(Entry::name));
    requireDifferentNames(sorted);
    byte[] header = header(sorted, metadata);
    AtomicFile.write(
        file,
        channel -> {
          ByteBuffer length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
          AtomicFile.writeFully(channel, length.putLong(0, header.length).array());
          AtomicFile.writeFully(channel, header);
          for (Entry entry : sorted) {
            long end = channel.position() + entry.bytes();
            entry.values().write(channel);
            if (channel.position() != end) {
              throw new IOException(
                  "tensor '"
                      + entry.name()
                      + "' gave "
                      + (channel.position() - end + entry.bytes())
                      + " bytes instead of "
                      + entry.bytes());
            }
          }
        });
  }

  /**
   * Writes tensors to a folder in the way of Hugging Face: {@code model.safetensors} if they fit
   * into one file, else {@code model-00001-of-0000n.safetensors} and so on, and {@code
   * model.safetensors.index.json}. Tensors are divided in the order that they are given in. Each
   * file appears whole, the index last.
   *
   * @param folder the folder; made if it is not there
   * @param tensors in the order in which they are divided
   * @param metadata each file's own strings
   * @param mostBytes the most bytes of tensors in one file; a larger tensor has a file of its own
   * @return the files, the index last
   * @throws IOException if writing fails
   * @throws IllegalArgumentException as for {@link #write(Path, Collection, Map)}
   */
  public static List<Path> writeSharded(
      Path folder, Collection<Entry> tensors, Map<String, String> metadata, long mostBytes)
      throws IOException {
    requireDifferentNames(tensors);
    List<List<Entry>> shards = divide(tensors, mostBytes);
    if (shards.size() == 1) {
      Path file = folder.resolve(ShardedWeights.SINGLE);
      write(file, shards.get(0), metadata);
      return List.of(file);
    }
    List<Path> files = new ArrayList<>();
    Map<String, String> places = new TreeMap<>();
    for (int i = 0; i < shards.size(); i++) {
      String name =
          String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", i + 1, shards.size());
      write(folder.resolve(name), shards.get(i), metadata);
      files.add(folder.resolve(name));
      shards.get(i).forEach(entry -> places.put(entry.name(), name));
    }
    Map<String, Object> index = new LinkedHashMap<>();
    index.put("metadata", Map.of("total_size", tensors.stream().mapToLong(Entry::bytes).sum()));
    index.put("weight_map", places);
    Path file = folder.resolve(ShardedWeights.INDEX);
    AtomicFile.write(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(index) + "\n");
    files.add(file);
    return files;
  }

  private static List<List<Entry>> divide(Collection<Entry> tensors, long mostBytes) {
    List<List<Entry>> shards = new ArrayList<>(List.of(new ArrayList<>()));
    long bytes = 0;
    for (Entry entry : tensors) {
      List<Entry> last = shards.get(shards.size() - 1);
      if (!last.isEmpty() && bytes > mostBytes - entry.bytes()) {
        last = new ArrayList<>();
        shards.add(last);
        bytes = 0;
      }
      last.add(entry);
      bytes += entry.bytes();
    }
    return shards;
  }

  private static void requireDifferentNames(Collection<Entry> entries) {
    Set<String> names = new HashSet<>();
    for (Entry entry : entries) {
      if (!names.add(entry.name()) || entry.name().equals(SafetensorsHeader.METADATA)) {
        throw new IllegalArgumentException(
            "two tensors are called '" + entry.name() + "', or the name is the format's own");
      }
    }
  }

  private static byte[] header(List<Entry> entries, Map<String, String> metadata)
      throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json = JSON.createGenerator(bytes)) {
      json.writeStartObject();
      if (!metadata.isEmpty()) {
        json.writeObjectField(SafetensorsHeader.METADATA, new TreeMap<>(metadata));
      }
      long offset = 0;
      for (Entry entry : entries) {
        json.writeObjectFieldStart(entry.name());
        json.writeStringField("dtype", entry.type().name());
        json.writeArrayFieldStart("shape");
        for (long extent : entry.shape().getShape()) {
          json.writeNumber(extent);
        }
        json.writeEndArray();
        json.writeArrayFieldStart("data_offsets");
        json.writeNumber(offset);
        offset = Math.addExact(offset, entry.bytes());
        json.writeNumber(offset);
        json.writeEndArray();
        json.writeEndObject();
      }
      json.writeEndObject();
    }
    int unaligned = bytes.size() % Long.BYTES;
    if (unaligned != 0) {
      bytes.write(" ".repeat(Long.BYTES - unaligned).getBytes(StandardCharsets.US_ASCII));
    }
    if (bytes.size() > SafetensorsHeader.MOST_BYTES) {
      throw new IllegalArgumentException(
          "a header of " + bytes.size() + " bytes is more than the format allows");
    }
    return bytes.toByteArray();
  }

  private static void write(FileChannel channel, NDArray array, TensorType type, long pieceBytes)
      throws IOException {
    if (array.size() == 0) {
      return;
    }
    long step = Math.max(1, pieceBytes / type.bytes());
    try (GradientMode ignored = GradientMode.off();
        NDManager scope = array.getManager().newSubManager()) {
      NDArray flat = array.reshape(-1);
      flat.attach(scope);
      for (long from = 0; from < flat.size(); from += step) {
        long to = Math.min(flat.size(), from + step);
        try (NDManager pieceScope = scope.newSubManager()) {
          NDArray part = flat.get(from + ":" + to);
          part.attach(pieceScope);
          ByteBuffer bytes = bytes(part, type, pieceScope);
          while (bytes.hasRemaining()) {
            channel.write(bytes);
          }
        }
      }
    }
  }

  /** Valid as long as the manager. */
  private static ByteBuffer bytes(NDArray part, TensorType type, NDManager manager) {
    NDArray raw = part;
    switch (type) {
      case BF16, I16 -> {
        int code = type == TensorType.BF16 ? 15 : 2;
        raw = SafetensorsFile.KERNELS.call("to_bytes", part, code);
      }
      case F64, F32, F16, I64, I32, I8, U8, BOOL -> raw = part.toType(type.dataType(), false);
      default -> throw new IllegalArgumentException("tensors cannot be stored as " + type);
    }
    NDArray here = raw.toDevice(Device.cpu(), false);
    raw.attach(manager);
    here.attach(manager);
    return here.toByteBuffer(true);
  }
}
