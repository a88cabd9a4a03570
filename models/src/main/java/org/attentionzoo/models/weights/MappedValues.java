package org.attentionzoo.models.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/**
 * Copies runs of little-endian values out of a file that is mapped into memory piece by piece.
 *
 * @param file for messages
 * @param channel the open file
 * @param pieceBytes the most bytes that are mapped at once
 */
record MappedValues(Path file, FileChannel channel, long pieceBytes) {

  /** The engine takes at most 2 GiB from one buffer. */
  static final long PIECE = 1L << 30;

  /**
   * Reads a run.
   *
   * @param scope owns the result and what is made on the way
   * @param type how the values are stored; it has a {@link TensorType#dataType()}
   * @param offset where they begin in the file
   * @param count how many there are
   * @return (count), in memory of its own
   * @throws WeightsException if the file cannot be read
   */
  NDArray read(NDManager scope, TensorType type, long offset, long count) {
    if (count * type.bytes() <= pieceBytes) {
      return piece(scope, type, offset, count);
    }
    NDArray result = scope.create(new Shape(count), type.dataType());
    long step = pieceBytes / type.bytes();
    for (long from = 0; from < count; from += step) {
      long part = Math.min(step, count - from);
      try (NDArray values = piece(scope, type, offset + from * type.bytes(), part)) {
        SafetensorsFile.KERNELS.call("assign_range", result, values, from).close();
      }
    }
    return result;
  }

  private NDArray piece(NDManager scope, TensorType type, long offset, long count) {
    if (count == 0) {
      return scope.create(new Shape(0), type.dataType());
    }
    ByteBuffer bytes;
    try {
      bytes =
          channel
              .map(FileChannel.MapMode.READ_ONLY, offset, count * type.bytes())
              .order(ByteOrder.LITTLE_ENDIAN);
    } catch (IOException e) {
      throw new WeightsException(file + " cannot be read: " + e.getMessage(), e);
    }
    switch (type) {
      case BF16, I16 -> {
        int code = type == TensorType.BF16 ? 15 : 2;
        NDArray raw = scope.create(bytes, new Shape(bytes.remaining()), DataType.UINT8);
        return SafetensorsFile.KERNELS.call("from_bytes", raw, code).toType(type.dataType(), true);
      }
      case BOOL -> {
        // Through uint8, since a boolean byte other than 0 and 1 would be undefined.
        return scope.create(bytes, new Shape(count), DataType.UINT8).toType(DataType.BOOLEAN, true);
      }
      default -> {
        // The array over the mapped file is read-only memory: never let it out.
        return scope.create(bytes, new Shape(count), type.dataType()).duplicate();
      }
    }
  }
}
