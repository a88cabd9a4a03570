package org.attentionzoo.models.hub;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Brings the content of files into the cache, going on where earlier attempts ended. */
final class HubTransfer {

  private static final Pattern RANGE =
      Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18}|\\*)");

  private final HubClient client;
  private final HubCache cache;
  private final String id;
  private final Retries retries;
  private final HubListener listener;

  HubTransfer(HubClient client, HubCache cache, String id, Retries retries, HubListener listener) {
    this.client = client;
    this.cache = cache;
    this.id = id;
    this.retries = retries;
    this.listener = listener;
  }

  /** Makes sure that a blob is there, going on and trying again as needed. */
  void bring(String commit, RemoteFile file) throws IOException, InterruptedException {
    try (HubCache.Lock ignored = cache.lock(file.etag())) {
      Path blob = cache.blob(file.etag());
      if (Files.isRegularFile(blob) && Files.size(blob) == file.size()) {
        listener.advanced(file.name(), file.size());
        return;
      }
      Files.deleteIfExists(blob);
      Path part = cache.incomplete(file.etag());
      boolean resumed = Files.isRegularFile(part) && Files.size(part) > 0;
      complete(commit, file, part);
      String wrong = file.mismatch(part);
      if (wrong != null && resumed) {
        // What an earlier attempt left may be at fault; once more from the beginning.
        listener.retrying(file.name(), "the earlier part was damaged", Duration.ZERO);
        Files.delete(part);
        complete(commit, file, part);
        wrong = file.mismatch(part);
      }
      if (wrong != null) {
        Files.delete(part);
        throw new HubException(
            file.name() + " arrived damaged and was thrown away: " + wrong + "; try again");
      }
      cache.complete(file.etag());
    }
  }

  /** Appends to the part until it has the announced size. */
  private void complete(String commit, RemoteFile file, Path part)
      throws IOException, InterruptedException {
    if (Files.isRegularFile(part) && Files.size(part) > file.size()) {
      Files.delete(part);
    }
    long[] most = {size(part)};
    listener.advanced(file.name(), most[0]);
    retries.run(
        file.name(),
        () -> {
          transfer(commit, file, part);
          return null;
        },
        () -> {
          long before = most[0];
          most[0] = Math.max(before, size(part));
          return most[0] > before;
        });
  }

  private static long size(Path part) throws IOException {
    return Files.isRegularFile(part) ? Files.size(part) : 0;
  }

  private void transfer(String commit, RemoteFile file, Path part)
      throws IOException, InterruptedException {
    long offset = size(part);
    if (offset == file.size() && Files.exists(part)) {
      return;
    }
    Map<String, String> headers = offset == 0 ? Map.of() : Map.of("Range", "bytes=" + offset + "-");
    try (HubClient.Answer answer = client.get(client.file(id, commit, file.name()), headers)) {
      if (answer.status() == 416) {
        Files.deleteIfExists(part);
        throw new HubClient.PassingException(
            file.name() + ": the server has nothing after byte " + offset, null, null);
      }
      client.check(answer, file.name() + " of " + id);
      unchanged(answer, file);
      boolean partial = answer.status() == 206;
      if (partial && !continues(answer.header("Content-Range").orElse(""), offset, file.size())) {
        Files.deleteIfExists(part);
        throw new HubClient.PassingException(
            file.name()
                + ": bytes from "
                + offset
                + " were asked for, but the server sends '"
                + ServerText.printable(answer.header("Content-Range").orElse(""))
                + "'",
            null,
            null);
      }
      if (!partial && answer.status() != 200) {
        throw new HubException(file.name() + ": the server answers " + answer.status());
      }
      long from = partial ? offset : 0;
      append(answer, file, part, from);
    }
  }

  private void append(HubClient.Answer answer, RemoteFile file, Path part, long from)
      throws IOException {
    long size = file.size();
    try (FileChannel channel =
        FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      channel.truncate(from);
      channel.position(from);
      long[] at = {from};
      // One byte more than announced, to notice if there are more.
      long read =
          client.read(
              answer,
              size - from + 1,
              file.name(),
              (bytes, count) -> {
                int kept = (int) Math.min(count, size - at[0]);
                ByteBuffer buffer = ByteBuffer.wrap(bytes, 0, kept);
                while (buffer.hasRemaining()) {
                  channel.write(buffer);
                }
                at[0] += kept;
                listener.advanced(file.name(), at[0]);
              });
      if (read > size - from) {
        channel.truncate(0);
        throw new HubException(
            file.name()
                + ": the hub announces "
                + size
                + " bytes, but the server sends more; nothing of it was kept");
      }
      if (at[0] < size) {
        throw new HubClient.PassingException(
            file.name() + ": the server ended after " + at[0] + " of " + size + " bytes",
            null,
            null);
      }
    }
  }

  /** The hub's own answers name the content; other hosts have ETags of their own. */
  private void unchanged(HubClient.Answer answer, RemoteFile file) {
    Optional<String> etag =
        answer
            .first("X-Linked-Etag")
            .or(() -> answer.elsewhere() ? Optional.empty() : answer.header("ETag"))
            .map(RemoteFile::normalised);
    if (etag.isPresent() && !etag.get().equals(file.etag())) {
      throw new HubException(
          file.name()
              + " changed while it was downloaded (its ETag is now '"
              + ServerText.printable(etag.get())
              + "'); try again");
    }
  }

  private static boolean continues(String range, long offset, long size) {
    Matcher matcher = RANGE.matcher(range.strip());
    return matcher.matches()
        && Long.parseLong(matcher.group(1)) == offset
        && Long.parseLong(matcher.group(2)) < size
        && (matcher.group(3).equals("*") || Long.parseLong(matcher.group(3)) == size);
  }
}
