package org.attentionzoo.models.weights;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
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

  /** PyTorch's numbers of types that Java cannot name. */
  private static final int INT16 = 2;

  private static final int BFLOAT16 = 15;
  private static final int FLOAT8_E5M2 = 23;
  private static final int FLOAT8_E4M3 = 24;

  /** How Java maps at most; a multiple of every type's size. */
  private static final long COPY_BYTES = 64L << 20;

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
      NDArray values = piece(scope, type, offset, count);
      return isView(type) && count > 0 ? values.duplicate() : values;
    }
    NDArray result = scope.create(new Shape(count), type.dataType());
    assign(result, type, offset, count);
    return result;
  }

  /**
   * Reads a run into an array, whose type it is rounded to.
   *
   * @param target of so many values, contiguous
   * @param type how the values are stored; it has a {@link TensorType#dataType()}
   * @param offset where they begin in the file
   * @param count how many there are
   * @throws WeightsException if the file cannot be read
   */
  void assign(NDArray target, TensorType type, long offset, long count) {
    long step = Math.max(1, pieceBytes / type.bytes());
    for (long from = 0; from < count; from += step) {
      long part = Math.min(step, count - from);
      try (NDManager scope = target.getManager().newSubManager(Device.cpu())) {
        NDArray values = piece(scope, type, offset + from * type.bytes(), part);
        SafetensorsFile.KERNELS.call("assign_range", target, values, from).close();
      }
    }
  }

  /**
   * Copies bytes.
   *
   * @param target receives them
   * @param offset where they begin in the file
   * @param bytes how many there are
   * @throws IOException if reading or writing fails
   */
  void copy(WritableByteChannel target, long offset, long bytes) throws IOException {
    for (long done = 0; done < bytes; ) {
      long now = channel.transferTo(offset + done, Math.min(COPY_BYTES, bytes - done), target);
      if (now <= 0) {
        throw new WeightsException(file + " became shorter while it was read");
      }
      done += now;
    }
  }

  /** Whether {@link #piece} gives read-only memory: never let it out. */
  private static boolean isView(TensorType type) {
    return switch (type) {
      case F64, F32, F16, I64, I32, I8, U8 -> true;
      default -> false;
    };
  }

  ByteBuffer map(long offset, long bytes) {
    try {
      // A page beyond the end would take the process down when it is touched.
      if (offset > channel.size() - bytes) {
        throw new WeightsException(file + " became shorter while it was read");
      }
      return channel
          .map(FileChannel.MapMode.READ_ONLY, offset, bytes)
          .order(ByteOrder.LITTLE_ENDIAN);
    } catch (IOException e) {
      throw new WeightsException(file + " cannot be read: " + e.getMessage(), e);
    }
  }

  private NDArray piece(NDManager scope, TensorType type, long offset, long count) {
    if (count == 0) {
      return scope.create(new Shape(0), type.dataType());
    }
    ByteBuffer bytes = map(offset, count * type.bytes());
    return switch (type) {
      case BF16 -> reinterpreted(scope, bytes, BFLOAT16, type);
      case I16 -> reinterpreted(scope, bytes, INT16, type);
      case F8_E5M2 -> reinterpreted(scope, bytes, FLOAT8_E5M2, type);
      case F8_E4M3 -> reinterpreted(scope, bytes, FLOAT8_E4M3, type);
      // The engine knows few operators on unsigned types: the signed ones, with what wrapped around
      // brought back.
      case U16 ->
          SafetensorsFile.KERNELS.call(
              "low_bits", reinterpreted(scope, bytes, INT16, type), 0xFFFFL);
      case U32 -> {
        NDArray signed = scope.create(bytes, new Shape(count), DataType.INT32);
        yield SafetensorsFile.KERNELS.call(
            "low_bits", signed.toType(DataType.INT64, true), 0xFFFFFFFFL);
      }
      // Through uint8, since a boolean byte other than 0 and 1 would be undefined.
      case BOOL ->
          scope.create(bytes, new Shape(count), DataType.UINT8).toType(DataType.BOOLEAN, true);
      default -> scope.create(bytes, new Shape(count), type.dataType());
    };
  }

  private static NDArray reinterpreted(
      NDManager scope, ByteBuffer bytes, int code, TensorType type) {
    NDArray raw = scope.create(bytes, new Shape(bytes.remaining()), DataType.UINT8);
    return SafetensorsFile.KERNELS.call("from_bytes", raw, code).toType(type.dataType(), true);
  }
}
