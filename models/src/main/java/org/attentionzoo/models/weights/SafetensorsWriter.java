package org.attentionzoo.models.weights;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
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
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.attentionzoo.blocks.AtomicFile;
import org.attentionzoo.blocks.GradientMode;

/**
 * Writes safetensors files: atomically, in the order that the reference implementation uses (wider
 * types first, then by name), the data aligned to 8 bytes. The same tensors give the same bytes.
 */
public final class SafetensorsWriter {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** The engine hands out at most 2 GiB at once. */
  private static final long PIECE = 1L << 30;

  private SafetensorsWriter() {}

  private record Entry(String name, TensorType type, NDArray array) {
    long bytes() {
      return Math.multiplyExact(array.size(), (long) type.bytes());
    }
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
    tensors.forEach((name, array) -> entries.add(new Entry(name, types.apply(array), array)));
    entries.sort(
        Comparator.comparingInt((Entry e) -> -e.type().bytes()).thenComparing(Entry::name));
    byte[] header = header(entries, metadata);
    AtomicFile.write(
        file,
        channel -> {
          ByteBuffer length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
          AtomicFile.writeFully(channel, length.putLong(0, header.length).array());
          AtomicFile.writeFully(channel, header);
          for (Entry entry : entries) {
            write(channel, entry, pieceBytes);
          }
        });
  }

  private static byte[] header(List<Entry> entries, Map<String, String> metadata)
      throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json = JSON.createGenerator(bytes)) {
      json.writeStartObject();
      if (!metadata.isEmpty()) {
        json.writeObjectField("__metadata__", new TreeMap<>(metadata));
      }
      long offset = 0;
      for (Entry entry : entries) {
        json.writeObjectFieldStart(entry.name());
        json.writeStringField("dtype", entry.type().name());
        json.writeArrayFieldStart("shape");
        for (long extent : entry.array().getShape().getShape()) {
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

  private static void write(FileChannel channel, Entry entry, long pieceBytes) throws IOException {
    if (entry.bytes() == 0) {
      return;
    }
    long step = Math.max(1, pieceBytes / entry.type().bytes());
    try (GradientMode ignored = GradientMode.off();
        NDManager scope = entry.array().getManager().newSubManager()) {
      NDArray flat = entry.array().reshape(-1);
      flat.attach(scope);
      for (long from = 0; from < flat.size(); from += step) {
        long to = Math.min(flat.size(), from + step);
        try (NDManager pieceScope = scope.newSubManager()) {
          NDArray part = flat.get(from + ":" + to);
          part.attach(pieceScope);
          ByteBuffer bytes = bytes(part, entry.type(), pieceScope);
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
      default -> {
        if (type.dataType() == null) {
          throw new IllegalArgumentException("tensors cannot be stored as " + type);
        }
        raw = part.toType(type.dataType(), false);
      }
    }
    NDArray here = raw.toDevice(Device.cpu(), false);
    raw.attach(manager);
    here.attach(manager);
    return here.toByteBuffer(true);
  }
}
