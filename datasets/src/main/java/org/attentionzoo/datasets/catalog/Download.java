package org.attentionzoo.datasets.catalog;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.attentionzoo.blocks.UserException;

/**
 * Brings a file by HTTP, going on where an earlier attempt ended. What arrived stays in a file
 * {@code .part} until its size and hash are right.
 */
final class Download implements AutoCloseable {

  private static final Set<Integer> PASSING = Set.of(408, 425, 429, 500, 502, 503, 504);
  private static final Pattern RANGE = Pattern.compile("bytes (\\d{1,18})-\\d{1,18}/.*");
  private static final int BUFFER = 1 << 16;
  private static final long LARGEST = 1L << 37;
  private static final int LONGEST_WAIT = 300;

  /** How a server is waited for. */
  record Patience(Duration connect, Duration answer, Duration stall, Duration delay, int attempts) {
    static final Patience USUAL =
        new Patience(
            Duration.ofSeconds(20),
            Duration.ofSeconds(30),
            Duration.ofSeconds(30),
            Duration.ofMillis(500),
            5);
  }

  /** A failure that may pass by itself. */
  private static final class PassingException extends IOException {
    private static final long serialVersionUID = 1L;
    private final long seconds;

    PassingException(String message, Throwable cause, long seconds) {
      super(message, cause);
      this.seconds = seconds;
    }
  }

  private final Patience patience;
  private final DownloadListener listener;
  private final HttpClient http;
  private final ScheduledExecutorService watch;

  Download(Patience patience, DownloadListener listener) {
    this.patience = patience;
    this.listener = listener;
    http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NORMAL)
            .connectTimeout(patience.connect())
            .build();
    watch =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "download-watch");
              thread.setDaemon(true);
              return thread;
            });
  }

  /**
   * Brings a file.
   *
   * @param file what is to come, with an address
   * @param part where its bytes are collected
   * @throws DownloadException if it cannot be had, or is not what was pinned
   */
  void bring(PublishedFile file, Path part) throws IOException, InterruptedException {
    Files.createDirectories(part.toAbsolutePath().getParent());
    listener.started(file.path(), file.size());
    boolean resumed = size(part) > 0;
    complete(file, part);
    String wrong = mismatch(file, part);
    if (wrong != null && resumed) {
      listener.retrying(file.path(), "the earlier part was damaged", Duration.ZERO);
      Files.delete(part);
      complete(file, part);
      wrong = mismatch(file, part);
    }
    if (wrong != null) {
      Files.delete(part);
      throw new DownloadException(
          file.url()
              + " is not the file that is pinned, and was thrown away: "
              + wrong
              + "; it was damaged on its way, or what is published there has changed",
          null);
    }
    listener.finished(file.path(), file.isPinned());
  }

  /** What differs from what is pinned; null if nothing does. */
  static String mismatch(PublishedFile file, Path path) throws IOException {
    if (file.size() >= 0 && Files.size(path) != file.size()) {
      return "it has " + Files.size(path) + " bytes instead of " + file.size();
    }
    if (file.isPinned()) {
      String hash = Hashes.sha256(path);
      if (!file.sha256().contains(hash)) {
        return "its SHA-256 is " + hash + " instead of " + String.join(" or ", file.sha256());
      }
    }
    return null;
  }

  private void complete(PublishedFile file, Path part) throws IOException, InterruptedException {
    if (file.size() >= 0 && size(part) > file.size()) {
      Files.delete(part);
    }
    int failures = 0;
    while (file.size() < 0 || size(part) < file.size() || !Files.exists(part)) {
      long before = size(part);
      try {
        transfer(file, part, before);
        return;
      } catch (PassingException e) {
        failures = size(part) > before ? 1 : failures + 1;
        if (failures >= patience.attempts()) {
          throw new DownloadException(
              e.getMessage()
                  + " (given up; what arrived is kept for the next time). Without a network, put"
                  + " the file where ZOO_DATA leads",
              e);
        }
        Duration delay =
            e.seconds >= 0
                ? Duration.ofSeconds(Math.min(e.seconds, LONGEST_WAIT))
                : patience.delay().multipliedBy(1L << Math.min(failures - 1, 6));
        listener.retrying(file.path(), e.getMessage(), delay);
        Thread.sleep(delay.toMillis());
      }
    }
  }

  private void transfer(PublishedFile file, Path part, long offset)
      throws IOException, InterruptedException {
    URI url = file.url();
    HttpRequest.Builder request =
        HttpRequest.newBuilder(url)
            .timeout(patience.answer())
            .header("User-Agent", "attention-zoo; java/" + Runtime.version().feature())
            .header("Accept-Encoding", "identity");
    if (offset > 0) {
      request.header("Range", "bytes=" + offset + "-");
    }
    HttpResponse<InputStream> answer;
    try {
      answer = http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
    } catch (IOException e) {
      throw new PassingException(
          url + " cannot be reached: " + (e.getMessage() == null ? e : e.getMessage()), e, -1);
    }
    try (InputStream body = answer.body()) {
      int status = answer.statusCode();
      if (status == 416) {
        Files.deleteIfExists(part);
        throw new PassingException(url + " has nothing after byte " + offset, null, 0);
      }
      if (PASSING.contains(status)) {
        throw new PassingException(url + ": the server answers " + status, null, wait(answer));
      }
      if (status == 404 || status == 410) {
        throw new UserException(url + " is not there any more (the server answers " + status + ")");
      }
      if (status != 200 && status != 206) {
        throw new DownloadException(url + ": the server answers " + status, null);
      }
      long from = status == 206 ? offset : 0;
      if (status == 206) {
        Matcher range = RANGE.matcher(answer.headers().firstValue("Content-Range").orElse(""));
        if (!range.matches() || Long.parseLong(range.group(1)) != offset) {
          Files.deleteIfExists(part);
          throw new PassingException(
              url + ": bytes from " + offset + " were asked for, others came", null, 0);
        }
      }
      long announced = answer.headers().firstValueAsLong("Content-Length").orElse(-1);
      append(file, part, from, body, announced < 0 ? -1 : from + announced);
    }
  }

  private static long wait(HttpResponse<?> answer) {
    String text = answer.headers().firstValue("Retry-After").orElse("").strip();
    return text.matches("\\d{1,9}") ? Long.parseLong(text) : -1;
  }

  private void append(PublishedFile file, Path part, long from, InputStream body, long announced)
      throws IOException {
    long most = file.size() >= 0 ? file.size() : LARGEST;
    AtomicLong heard = new AtomicLong(System.nanoTime());
    long stall = patience.stall().toNanos();
    ScheduledFuture<?> guard =
        watch.scheduleWithFixedDelay(
            () -> closeIfSilent(body, heard, stall), stall / 4, stall / 4, TimeUnit.NANOSECONDS);
    long at = from;
    try (FileChannel channel =
        FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      channel.truncate(from);
      channel.position(from);
      byte[] buffer = new byte[BUFFER];
      for (int read = read(file, body, buffer, at);
          read >= 0;
          read = read(file, body, buffer, at)) {
        heard.set(System.nanoTime());
        if (at + read > most) {
          channel.truncate(0);
          throw new DownloadException(
              file.url() + " sends more than the " + most + " bytes that are pinned", null);
        }
        ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, read);
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        at += read;
        listener.advanced(file.path(), at);
      }
      channel.force(true);
    } catch (PassingException e) {
      throw e;
    } catch (IOException e) {
      // A full disk does not pass by itself.
      throw new DownloadException(
          part + " cannot be written: " + e.getMessage() + " (what arrived is kept)", e);
    } finally {
      guard.cancel(false);
    }
    long expected = file.size() >= 0 ? file.size() : announced;
    if (expected >= 0 && at < expected) {
      throw new PassingException(
          file.url() + ": the server ended after " + at + " of " + expected + " bytes", null, -1);
    }
  }

  private static int read(PublishedFile file, InputStream body, byte[] buffer, long at)
      throws PassingException {
    try {
      return body.read(buffer);
    } catch (IOException e) {
      throw new PassingException(
          file.url() + ": the connection broke after " + at + " bytes", e, -1);
    }
  }

  private static void closeIfSilent(InputStream body, AtomicLong heard, long stall) {
    if (System.nanoTime() - heard.get() > stall) {
      try {
        body.close();
      } catch (IOException e) {
        return; // the reader finds out by itself
      }
    }
  }

  private static long size(Path part) throws IOException {
    return Files.isRegularFile(part) ? Files.size(part) : 0;
  }

  @Override
  public void close() {
    watch.shutdownNow();
  }
}
