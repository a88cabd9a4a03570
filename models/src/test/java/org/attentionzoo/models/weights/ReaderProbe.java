package org.attentionzoo.models.weights;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.attentionzoo.blocks.UserException;

/**
 * The property that every reader of weights has for every file: it reads what the file holds, or
 * refuses it by a {@link UserException}; and what it allocates is bounded by the file's size.
 */
final class ReaderProbe {

  /** Buffers of fixed size: those of JSON, the tail of an archive. */
  private static final long FREE_BYTES = 4L << 20;

  /** An object for each byte of a file is more than any file needs. */
  private static final long BYTES_PER_BYTE = 200;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final Path file;
  private long read;
  private long refused;

  /**
   * Prepares.
   *
   * @param file is written for each probe; its name may matter to the reader
   */
  ReaderProbe(Path file) {
    this.file = file;
  }

  /** Reads a file of these bytes. */
  void check(byte[] bytes) {
    try {
      Files.write(file, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    long most = FREE_BYTES + BYTES_PER_BYTE * bytes.length;
    long used = allocated(bytes);
    if (used > most) {
      // The first time, classes are loaded.
      used = allocated(bytes);
    }
    if (used > most) {
      throw new AssertionError(used + " bytes were allocated for " + bytes.length);
    }
  }

  private long allocated(byte[] bytes) {
    long before = THREADS.getCurrentThreadAllocatedBytes();
    try (StoredWeights weights = WeightFiles.open(file)) {
      for (TensorInfo tensor : weights.tensors().values()) {
        Counter counter = new Counter();
        weights.copy(tensor.name(), counter);
        if (counter.bytes != tensor.bytes() || tensor.bytes() > bytes.length) {
          throw new AssertionError(tensor + " gave " + counter.bytes + " of " + bytes.length);
        }
      }
      read++;
    } catch (UserException e) {
      if (e.getMessage() == null || e.getMessage().length() > 20_000) {
        throw new AssertionError("no message that can be shown", e);
      }
      refused++;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return THREADS.getCurrentThreadAllocatedBytes() - before;
  }

  long read() {
    return read;
  }

  long refused() {
    return refused;
  }

  private static final class Counter implements WritableByteChannel {
    private long bytes;

    @Override
    public int write(ByteBuffer source) {
      int count = source.remaining();
      bytes += count;
      source.position(source.limit());
      return count;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }
}
