package org.attentionzoo.models.weights;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Looks at a tensor's values as they come by, as bytes. */
final class ValueScan implements WritableByteChannel {

  private static final int BUFFER_BYTES = 1 << 16;

  private final TensorType type;
  private final MessageDigest digest;
  private final ByteBuffer buffer =
      ByteBuffer.allocate(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  private long nans;
  private long infinities;
  private long nonZeros;
  private long strangeBooleans;
  private String hash;

  ValueScan(TensorType type) {
    this.type = type;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public int write(ByteBuffer bytes) {
    int taken = bytes.remaining();
    while (bytes.hasRemaining()) {
      int now = Math.min(bytes.remaining(), buffer.remaining());
      buffer.put(buffer.position(), bytes, bytes.position(), now);
      buffer.position(buffer.position() + now);
      bytes.position(bytes.position() + now);
      if (!buffer.hasRemaining()) {
        drain();
      }
    }
    return taken;
  }

  private void drain() {
    buffer.flip();
    digest.update(buffer.array(), 0, buffer.limit());
    int end = buffer.limit();
    switch (type) {
      case F64 -> {
        for (int i = 0; i < end; i += Double.BYTES) {
          count(buffer.getLong(i) & Long.MAX_VALUE, 0x7ff0000000000000L);
        }
      }
      case F32 -> {
        for (int i = 0; i < end; i += Float.BYTES) {
          count(buffer.getInt(i) & Integer.MAX_VALUE, 0x7f800000L);
        }
      }
      case F16 -> {
        for (int i = 0; i < end; i += Short.BYTES) {
          count(buffer.getShort(i) & 0x7fff, 0x7c00);
        }
      }
      case BF16 -> {
        for (int i = 0; i < end; i += Short.BYTES) {
          count(buffer.getShort(i) & 0x7fff, 0x7f80);
        }
      }
      case F8_E5M2 -> {
        for (int i = 0; i < end; i++) {
          count(buffer.get(i) & 0x7f, 0x7c);
        }
      }
      case F8_E4M3 -> {
        for (int i = 0; i < end; i++) {
          // No infinity; all bits set is NaN.
          int magnitude = buffer.get(i) & 0x7f;
          nans += magnitude == 0x7f ? 1 : 0;
          nonZeros += magnitude == 0 ? 0 : 1;
        }
      }
      default -> {
        for (int i = 0; i < end; i++) {
          nonZeros += buffer.get(i) == 0 ? 0 : 1;
          strangeBooleans += type == TensorType.BOOL && (buffer.get(i) & 0xFE) != 0 ? 1 : 0;
        }
      }
    }
    buffer.clear();
  }

  /** Bits without the sign, against those of infinity. */
  private void count(long magnitude, long infinity) {
    if (magnitude >= infinity) {
      if (magnitude > infinity) {
        nans++;
      } else {
        infinities++;
      }
    }
    nonZeros += magnitude == 0 ? 0 : 1;
  }

  long nans() {
    return nans;
  }

  long infinities() {
    return infinities;
  }

  boolean isZero() {
    return nonZeros == 0;
  }

  long strangeBooleans() {
    return strangeBooleans;
  }

  /** The SHA-256 of all bytes; to be asked for at the end. */
  String hash() {
    return hash;
  }

  @Override
  public boolean isOpen() {
    return hash == null;
  }

  @Override
  public void close() {
    if (hash == null) {
      drain();
      hash = HexFormat.of().formatHex(digest.digest());
    }
  }
}
