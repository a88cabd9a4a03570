package org.attentionzoo.blocks;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/**
 * Writes files so that a reader, or whoever comes after a crash, finds the old content or the new
 * one whole: a temporary file in the same folder, forced to disk, renamed.
 */
public final class AtomicFile {

  /** Writes the content. */
  @FunctionalInterface
  public interface Content {
    /**
     * Writes the content.
     *
     * @param channel an empty file
     * @throws IOException if writing fails
     */
    void write(FileChannel channel) throws IOException;
  }

  /** Looks at content before it replaces what was there. */
  @FunctionalInterface
  public interface Check {
    /**
     * Reads the content.
     *
     * @param written a file that will be renamed
     * @throws IOException if it cannot be read
     */
    void check(Path written) throws IOException;
  }

  private AtomicFile() {}

  /**
   * Replaces or creates a file; missing folders are made.
   *
   * @param file the file
   * @param content writes it
   * @throws IOException if writing fails; the file is then as it was
   */
  public static void write(Path file, Content content) throws IOException {
    write(file, content, written -> {});
  }

  /**
   * Replaces or creates a file if its new content passes a check; missing folders are made.
   *
   * @param file the file
   * @param content writes it
   * @param check reads the content under another name and throws if it is not right
   * @throws IOException if writing or the check fails; the file is then as it was
   */
  public static void write(Path file, Content content, Check check) throws IOException {
    Path target = file.toAbsolutePath();
    Path folder = Files.createDirectories(target.getParent());
    // Not createTempFile: its files are readable by nobody else, and so would be the result.
    Path temporary = folder.resolve("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
    try {
      try (FileChannel channel =
          FileChannel.open(temporary, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
        content.write(channel);
        channel.force(true);
      }
      check.check(temporary);
      Files.move(
          temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (FileSystemException e) {
      if (!temporary.toString().equals(e.getFile())) {
        throw e;
      }
      // Nobody but this class knows the temporary file.
      FileSystemException ours =
          new FileSystemException(file.toString(), null, "cannot be written: " + reason(e));
      ours.initCause(e);
      throw ours;
    } finally {
      Files.deleteIfExists(temporary);
    }
    try (FileChannel directory = FileChannel.open(folder, StandardOpenOption.READ)) {
      directory.force(true);
    } catch (IOException e) {
      // Some systems cannot open folders; the file itself is on disk and in place.
      return;
    }
  }

  private static String reason(FileSystemException e) {
    return e instanceof NoSuchFileException
        ? "no file can be made in its folder"
        : e instanceof AccessDeniedException ? "permission denied" : String.valueOf(e.getReason());
  }

  /**
   * Replaces or creates a file of text in UTF-8.
   *
   * @param file the file
   * @param text its content
   * @throws IOException if writing fails; the file is then as it was
   */
  public static void write(Path file, String text) throws IOException {
    write(file, channel -> writeFully(channel, text.getBytes(StandardCharsets.UTF_8)));
  }

  /**
   * Writes all bytes at the channel's position.
   *
   * @param channel the file
   * @param bytes what to write
   * @throws IOException if writing fails
   */
  public static void writeFully(FileChannel channel, byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }
}
