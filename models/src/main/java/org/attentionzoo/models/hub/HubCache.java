package org.attentionzoo.models.hub;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.UUID;
import org.attentionzoo.blocks.AtomicFile;

/**
 * One model's folder in the cache, laid out as the hub's own client does, so that both find what
 * the other downloaded:
 *
 * <pre>
 * models--owner--name/blobs/&lt;etag&gt;                    content
 * models--owner--name/blobs/&lt;etag&gt;.incomplete         content that is still coming
 * models--owner--name/refs/&lt;revision&gt;                 a commit
 * models--owner--name/snapshots/&lt;commit&gt;/&lt;file&gt;       relative links to blobs
 * .locks/models--owner--name/&lt;etag&gt;.lock              held while a blob is written
 * </pre>
 */
final class HubCache {

  private static final long LOCK_POLL_MILLIS = 100;

  private final Path folder;
  private final Path locks;

  HubCache(Path cache, String id) {
    String name = "models--" + id.replace("/", "--");
    folder = cache.resolve(name);
    locks = cache.resolve(".locks").resolve(name);
  }

  Path folder() {
    return folder;
  }

  Path snapshot(String commit) {
    return folder.resolve("snapshots").resolve(commit);
  }

  Path blob(String etag) {
    return folder.resolve("blobs").resolve(etag);
  }

  Path incomplete(String etag) {
    return folder.resolve("blobs").resolve(etag + ".incomplete");
  }

  /** The commit that a revision meant when it was last asked for. */
  Optional<String> commit(HubReference reference) {
    if (reference.isCommit()) {
      return Optional.of(reference.revision());
    }
    try {
      String commit = Files.readString(ref(reference)).strip();
      return HubReference.isCommit(commit) ? Optional.of(commit) : Optional.empty();
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void remember(HubReference reference, String commit) throws IOException {
    if (!reference.isCommit()) {
      AtomicFile.write(ref(reference), commit);
    }
  }

  private Path ref(HubReference reference) {
    return folder.resolve("refs").resolve(reference.revision());
  }

  /** Puts finished content under its own name, on disk before it is seen. */
  void complete(String etag) throws IOException {
    try (FileChannel channel = FileChannel.open(incomplete(etag), StandardOpenOption.WRITE)) {
      channel.force(true);
    }
    Files.move(incomplete(etag), blob(etag), StandardCopyOption.ATOMIC_MOVE);
  }

  /** Shows a blob under a file's name in a snapshot. */
  void link(String commit, String name, String etag) throws IOException {
    Path link = snapshot(commit).resolve(name);
    Files.createDirectories(link.getParent());
    Path target = link.getParent().relativize(blob(etag));
    Path temporary = link.resolveSibling("." + UUID.randomUUID() + ".tmp");
    try {
      try {
        Files.createSymbolicLink(temporary, target);
      } catch (UnsupportedOperationException e) {
        Files.copy(blob(etag), temporary);
      }
      Files.move(
          temporary, link, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /** Waits until nobody else writes a blob; the caller then may until it closes what it got. */
  Lock lock(String etag) throws IOException, InterruptedException {
    Files.createDirectories(locks);
    Path file = locks.resolve(etag + ".lock");
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      FileLock held = null;
      while (held == null) {
        held = tryLock(channel);
        if (held == null) {
          Thread.sleep(LOCK_POLL_MILLIS);
        }
      }
      FileChannel open = channel;
      channel = null;
      return open::close;
    } finally {
      if (channel != null) {
        channel.close();
      }
    }
  }

  private static FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      return null;
    }
  }

  /** The right to write a blob. */
  interface Lock extends AutoCloseable {
    @Override
    void close() throws IOException;
  }

  /** Makes the folders for blobs. */
  void prepare() throws IOException {
    try {
      Files.createDirectories(folder.resolve("blobs"));
    } catch (FileAlreadyExistsException e) {
      throw new IOException(e.getMessage() + " is no folder; the cache needs one there", e);
    }
  }
}
