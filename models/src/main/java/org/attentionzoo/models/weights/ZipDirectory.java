package org.attentionzoo.models.weights;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The central directory of a zip archive whose entries are stored uncompressed, as PyTorch writes
 * them. Every offset and length is checked against the file before it is used; entries may not
 * overlap, so that all of them together are no larger than the file.
 */
final class ZipDirectory {

  private static final int LOCAL = 0x04034b50;
  private static final int CENTRAL = 0x02014b50;
  private static final int END = 0x06054b50;
  private static final int END_64 = 0x06064b50;
  private static final int LOCATOR_64 = 0x07064b50;
  private static final int END_BYTES = 22;
  private static final int MOST_COMMENT = 0xFFFF;
  private static final int CENTRAL_BYTES = 46;
  private static final int LOCAL_BYTES = 30;
  private static final long MOST_DIRECTORY = 64L << 20;
  private static final long UNKNOWN_32 = 0xFFFFFFFFL;

  /**
   * A file in the archive.
   *
   * @param name with its folders
   * @param offset where its bytes begin in the archive
   * @param bytes how many there are
   * @param crc their CRC-32
   */
  record Entry(String name, long offset, long bytes, long crc) {}

  /** As the directory tells it; the bytes begin after a local header at {@code header}. */
  private record Listed(String name, int method, int flags, long crc, long bytes, long header) {}

  private record End(long directory, long bytes, long entries) {}

  private final FileChannel channel;
  private final long size;

  private ZipDirectory(FileChannel channel, long size) {
    this.channel = channel;
    this.size = size;
  }

  /**
   * Reads a directory.
   *
   * @param channel the archive
   * @return its files by name, in the order of the directory
   * @throws WeightsException if it is no such archive
   */
  static Map<String, Entry> read(FileChannel channel) throws IOException {
    return new ZipDirectory(channel, channel.size()).entries();
  }

  private Map<String, Entry> entries() throws IOException {
    End end = end();
    if (end.bytes() > MOST_DIRECTORY || end.entries() > end.bytes() / CENTRAL_BYTES) {
      throw new WeightsException(
          "its directory announces "
              + end.entries()
              + " entries in "
              + end.bytes()
              + " bytes, which cannot be");
    }
    ByteBuffer directory = bytes(end.directory(), end.bytes());
    Map<String, Entry> entries = new LinkedHashMap<>();
    for (long i = 0; i < end.entries(); i++) {
      Listed listed = listed(directory);
      Entry entry = located(listed, end.directory());
      if (entries.putIfAbsent(entry.name(), entry) != null) {
        throw new WeightsException("it holds '" + Shown.of(entry.name()) + "' twice");
      }
    }
    refuseOverlaps(new ArrayList<>(entries.values()));
    return entries;
  }

  private End end() throws IOException {
    if (size < END_BYTES) {
      throw new WeightsException("it has only " + size + " bytes");
    }
    long from = Math.max(0, size - END_BYTES - MOST_COMMENT);
    ByteBuffer tail = bytes(from, size - from);
    for (int at = tail.capacity() - END_BYTES; at >= 0; at--) {
      int comment = tail.getShort(at + 20) & 0xFFFF;
      if (tail.getInt(at) == END && at + END_BYTES + comment == tail.capacity()) {
        return end(tail, at, from + at);
      }
    }
    throw new WeightsException("it has no zip directory: it is no zip archive, or it was cut off");
  }

  private End end(ByteBuffer tail, int at, long position) throws IOException {
    long entries = tail.getShort(at + 10) & 0xFFFF;
    long bytes = tail.getInt(at + 12) & UNKNOWN_32;
    long directory = tail.getInt(at + 16) & UNKNOWN_32;
    long limit = position;
    if (entries == 0xFFFF || bytes == UNKNOWN_32 || directory == UNKNOWN_32) {
      ByteBuffer locator = bytes(position - 20, 20);
      if (locator.getInt(0) != LOCATOR_64) {
        throw new WeightsException("its zip directory lacks the part for large archives");
      }
      limit = locator.getLong(8);
      ByteBuffer large = bytes(limit, 56);
      if (large.getInt(0) != END_64) {
        throw new WeightsException("its zip directory's part for large archives is elsewhere");
      }
      entries = large.getLong(32);
      bytes = large.getLong(40);
      directory = large.getLong(48);
    }
    if (entries < 0 || bytes < 0 || directory < 0 || directory > limit - bytes) {
      throw new WeightsException("its zip directory lies outside the file");
    }
    return new End(directory, bytes, entries);
  }

  private static Listed listed(ByteBuffer directory) {
    if (directory.remaining() < CENTRAL_BYTES
        || directory.getInt(directory.position()) != CENTRAL) {
      throw new WeightsException("its zip directory is damaged");
    }
    int at = directory.position();
    int flags = directory.getShort(at + 8) & 0xFFFF;
    int method = directory.getShort(at + 10) & 0xFFFF;
    long crc = directory.getInt(at + 16) & UNKNOWN_32;
    long packed = directory.getInt(at + 20) & UNKNOWN_32;
    long bytes = directory.getInt(at + 24) & UNKNOWN_32;
    int nameBytes = directory.getShort(at + 28) & 0xFFFF;
    int extraBytes = directory.getShort(at + 30) & 0xFFFF;
    int commentBytes = directory.getShort(at + 32) & 0xFFFF;
    long header = directory.getInt(at + 42) & UNKNOWN_32;
    if (directory.remaining() - CENTRAL_BYTES < nameBytes + extraBytes + commentBytes) {
      throw new WeightsException("its zip directory is damaged");
    }
    byte[] name = new byte[nameBytes];
    directory.position(at + CENTRAL_BYTES);
    directory.get(name);
    ByteBuffer extra =
        directory.slice(directory.position(), extraBytes).order(ByteOrder.LITTLE_ENDIAN);
    directory.position(directory.position() + extraBytes + commentBytes);
    String text = new String(name, StandardCharsets.UTF_8);
    ByteBuffer large = large(extra, text);
    if (bytes == UNKNOWN_32) {
      bytes = number(large, text);
    }
    if (packed == UNKNOWN_32) {
      packed = number(large, text);
    }
    if (header == UNKNOWN_32) {
      header = number(large, text);
    }
    if (method == 0 && packed != bytes) {
      throw new WeightsException("\'" + Shown.of(text) + "' has two different lengths");
    }
    return new Listed(text, method, flags, crc, bytes, header);
  }

  /** The 64-bit numbers of an entry that do not fit its 32-bit fields. */
  private static ByteBuffer large(ByteBuffer extra, String name) {
    while (extra.remaining() >= 4) {
      int id = extra.getShort() & 0xFFFF;
      int length = extra.getShort() & 0xFFFF;
      if (length > extra.remaining()) {
        throw new WeightsException("\'" + Shown.of(name) + "' has a damaged directory entry");
      }
      if (id == 1) {
        return extra.slice(extra.position(), length).order(ByteOrder.LITTLE_ENDIAN);
      }
      extra.position(extra.position() + length);
    }
    return ByteBuffer.allocate(0);
  }

  private static long number(ByteBuffer large, String name) {
    if (large.remaining() < Long.BYTES) {
      throw new WeightsException("\'" + Shown.of(name) + "' has a damaged directory entry");
    }
    return large.getLong();
  }

  private Entry located(Listed listed, long directory) throws IOException {
    String name = listed.name();
    if (listed.method() != 0) {
      throw new WeightsException(
          "\'" + Shown.of(name) + "' is compressed; PyTorch stores its files uncompressed");
    }
    if ((listed.flags() & 1) != 0) {
      throw new WeightsException("\'" + Shown.of(name) + "' is encrypted");
    }
    long header = listed.header();
    if (header < 0 || header > directory - LOCAL_BYTES) {
      throw new WeightsException("\'" + Shown.of(name) + "' lies outside the file");
    }
    ByteBuffer local = bytes(header, LOCAL_BYTES);
    if (local.getInt(0) != LOCAL) {
      throw new WeightsException("\'" + Shown.of(name) + "' is not where the directory says");
    }
    long offset =
        header + LOCAL_BYTES + (local.getShort(26) & 0xFFFF) + (local.getShort(28) & 0xFFFF);
    if (listed.bytes() < 0 || offset > directory || listed.bytes() > directory - offset) {
      throw new WeightsException(
          "\'"
              + Shown.of(name)
              + "' announces "
              + listed.bytes()
              + " bytes and lies outside the file");
    }
    return new Entry(name, offset, listed.bytes(), listed.crc());
  }

  private static void refuseOverlaps(List<Entry> entries) {
    entries.sort(Comparator.comparingLong(Entry::offset).thenComparingLong(Entry::bytes));
    for (int i = 1; i < entries.size(); i++) {
      Entry before = entries.get(i - 1);
      Entry entry = entries.get(i);
      if (before.offset() + before.bytes() > entry.offset()) {
        throw new WeightsException(
            "\'" + Shown.of(entry.name()) + "' overlaps '" + Shown.of(before.name()) + "'");
      }
    }
  }

  private ByteBuffer bytes(long from, long count) throws IOException {
    if (from < 0 || count < 0 || count > Integer.MAX_VALUE - 8 || from > size - count) {
      throw new WeightsException("its zip directory lies outside the file");
    }
    ByteBuffer buffer = ByteBuffer.allocate((int) count).order(ByteOrder.LITTLE_ENDIAN);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, from + buffer.position()) < 0) {
        throw new WeightsException("it became shorter while it was read");
      }
    }
    return buffer.flip();
  }
}
