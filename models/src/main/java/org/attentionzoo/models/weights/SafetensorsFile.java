package org.attentionzoo.models.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.NearestName;
import org.attentionzoo.blocks.kernels.KernelLibrary;

/**
 * A safetensors file. Opening reads and checks the header alone; a tensor's bytes are mapped into
 * memory when it is read, so that files of any size can be opened. What the header says is checked
 * against the file before anything is allocated.
 *
 * <p>Thread safety: may be read by several threads, each with its own manager.
 */
public final class SafetensorsFile implements StoredWeights {

  static final KernelLibrary KERNELS =
      KernelLibrary.of(SafetensorsFile.class, "tensors.torchscript");

  private final Path file;
  private final FileChannel channel;
  private final SafetensorsHeader header;
  private final long pieceBytes;

  private SafetensorsFile(
      Path file, FileChannel channel, SafetensorsHeader header, long pieceBytes) {
    this.file = file;
    this.channel = channel;
    this.header = header;
    this.pieceBytes = pieceBytes;
  }

  /**
   * Opens a file and checks its header.
   *
   * @param file the file
   * @return the open file
   * @throws WeightsException if it cannot be read or is no valid safetensors file
   */
  public static SafetensorsFile open(Path file) {
    return open(file, MappedValues.PIECE);
  }

  static SafetensorsFile open(Path file, long pieceBytes) {
    WeightFiles.requireFile(file, "a .safetensors file");
    FileChannel channel = null;
    try {
      channel = FileChannel.open(file, StandardOpenOption.READ);
      SafetensorsFile opened = new SafetensorsFile(file, channel, header(channel), pieceBytes);
      channel = null;
      return opened;
    } catch (WeightsException e) {
      throw new WeightsException(file + " is no valid safetensors file: " + e.getMessage(), e);
    } catch (IOException e) {
      throw new WeightsException(file + " cannot be read: " + e.getMessage(), e);
    } finally {
      closeQuietly(channel);
    }
  }

  private static SafetensorsHeader header(FileChannel channel) throws IOException {
    long size = channel.size();
    ByteBuffer lengthBytes = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    if (size < Long.BYTES) {
      throw new WeightsException("it has only " + size + " bytes");
    }
    readFully(channel, lengthBytes, 0);
    long length = lengthBytes.getLong(0);
    if (length < 0 || length > size - Long.BYTES || length > SafetensorsHeader.MOST_BYTES) {
      throw new WeightsException(
          "it announces a header of "
              + Long.toUnsignedString(length)
              + " bytes, but has "
              + (size - Long.BYTES)
              + " (at most "
              + SafetensorsHeader.MOST_BYTES
              + " are allowed)");
    }
    ByteBuffer json = ByteBuffer.allocate((int) length);
    readFully(channel, json, Long.BYTES);
    return SafetensorsHeader.parse(json.array(), Long.BYTES + length, size);
  }

  private static void readFully(FileChannel channel, ByteBuffer buffer, long from)
      throws IOException {
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, from + buffer.position()) < 0) {
        throw new WeightsException("it became shorter while it was read");
      }
    }
  }

  /** {@inheritDoc} */
  @Override
  public String format() {
    return "safetensors";
  }

  /** {@inheritDoc} */
  @Override
  public List<String> notes() {
    return List.of();
  }

  /** {@inheritDoc} */
  @Override
  public Map<String, String> metadata() {
    return Collections.unmodifiableMap(header.metadata());
  }

  /** {@inheritDoc} */
  @Override
  public Map<String, TensorInfo> tensors() {
    return Collections.unmodifiableMap(header.tensors());
  }

  /** {@inheritDoc} */
  @Override
  public String origin() {
    return file.toString();
  }

  /** {@inheritDoc} */
  @Override
  public NDArray read(NDManager manager, String name) {
    TensorInfo tensor = readable(name);
    try (GradientMode ignored = GradientMode.off();
        NDManager scope = manager.newSubManager()) {
      NDArray result =
          values()
              .read(scope, tensor.type(), tensor.offset(), tensor.shape().size())
              .reshape(tensor.shape());
      result.attach(manager);
      return result;
    }
  }

  /** {@inheritDoc} */
  @Override
  public void readInto(NDArray target, String name) {
    TensorInfo tensor = readable(name);
    try (GradientMode ignored = GradientMode.off()) {
      values().assign(target, tensor.type(), tensor.offset(), tensor.shape().size());
    }
  }

  /** {@inheritDoc} */
  @Override
  public void copy(String name, WritableByteChannel target) throws IOException {
    TensorInfo tensor = tensor(name);
    values().copy(target, tensor.offset(), tensor.bytes());
  }

  private MappedValues values() {
    return new MappedValues(file, channel, pieceBytes);
  }

  private TensorInfo readable(String name) {
    TensorInfo tensor = tensor(name);
    if (tensor.type().dataType() == null) {
      throw new WeightsException(
          file
              + ": tensor '"
              + Shown.of(name)
              + "' is "
              + tensor.type()
              + ", which cannot be read");
    }
    return tensor;
  }

  private TensorInfo tensor(String name) {
    TensorInfo tensor = header.tensors().get(name);
    if (tensor == null) {
      throw new WeightsException(
          file
              + " has no tensor '"
              + Shown.of(name)
              + "'"
              + NearestName.suggestion(name, tensors().keySet()));
    }
    return tensor;
  }

  /** Closes the file; what was read stays. */
  @Override
  public void close() {
    closeQuietly(channel);
  }

  private static void closeQuietly(FileChannel channel) {
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }
  }
}
