package org.attentionzoo.models.hub;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.attentionzoo.blocks.UserException;

/**
 * Requests to the hub. Redirects are followed here and not by Java's client: the token goes to the
 * endpoint and to no other host, and never from https to http.
 */
final class HubClient implements AutoCloseable {

  private static final int MOST_REDIRECTS = 8;
  private static final Set<Integer> PASSING = Set.of(408, 425, 429, 500, 502, 503, 504);
  private static final Duration LONGEST_DELAY = Duration.ofMinutes(5);
  private static final String AGENT = "attention-zoo; java/" + Runtime.version().feature();

  private final HubSettings settings;
  private final HttpClient http;
  private final ScheduledExecutorService watch;

  HubClient(HubSettings settings) {
    this.settings = settings;
    http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(settings.patience().connect())
            .build();
    watch =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "hub-watch");
              thread.setDaemon(true);
              return thread;
            });
  }

  /** A failure that may pass by itself. */
  static final class PassingException extends IOException {
    private static final long serialVersionUID = 1L;
    private final transient Duration wait;

    PassingException(String message, Duration wait, Throwable cause) {
      super(message, cause);
      this.wait = wait;
    }

    /** How long the server asks to wait; null if it does not say. */
    Duration asked() {
      return wait;
    }
  }

  /** The last response of a chain of redirects, and the headers of all of them. */
  record Answer(HttpResponse<InputStream> last, List<HttpHeaders> chain, boolean elsewhere)
      implements AutoCloseable {

    int status() {
      return last.statusCode();
    }

    Optional<String> header(String name) {
      return last.headers().firstValue(name);
    }

    /** The header of the first response that has it. */
    Optional<String> first(String name) {
      return chain.stream().flatMap(h -> h.firstValue(name).stream()).findFirst();
    }

    @Override
    public void close() {
      try {
        last.body().close();
      } catch (IOException e) {
        return; // nothing more is wanted of it
      }
    }
  }

  URI listing(HubReference reference) {
    return at(
        "/api/models/" + path(reference.id()) + "/revision/" + part(reference.revision()),
        "blobs=true");
  }

  URI file(String id, String commit, String name) {
    return at("/" + path(id) + "/resolve/" + part(commit) + "/" + path(name), null);
  }

  private URI at(String path, String query) {
    return URI.create(settings.endpoint() + path + (query == null ? "" : "?" + query));
  }

  private static String path(String name) {
    List<String> parts = new ArrayList<>();
    for (String part : name.split("/", -1)) {
      parts.add(part(part));
    }
    return String.join("/", parts);
  }

  private static String part(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  /**
   * Asks for what the hub says of a file. A redirect to another host is not followed: what the hub
   * knows stands in its own headers.
   */
  Answer head(URI uri) throws IOException, InterruptedException {
    return send("HEAD", uri, Map.of(), false);
  }

  /** Asks for content. */
  Answer get(URI uri, Map<String, String> headers) throws IOException, InterruptedException {
    return send("GET", uri, headers, true);
  }

  private Answer send(String method, URI uri, Map<String, String> headers, boolean abroad)
      throws IOException, InterruptedException {
    URI at = uri;
    List<HttpHeaders> chain = new ArrayList<>();
    for (int i = 0; i <= MOST_REDIRECTS; i++) {
      HttpRequest.Builder request =
          HttpRequest.newBuilder(at)
              .method(method, HttpRequest.BodyPublishers.noBody())
              .timeout(settings.patience().answer())
              .header("User-Agent", AGENT)
              .header("Accept-Encoding", "identity");
      headers.forEach(request::header);
      boolean home = sameOrigin(at, settings.endpoint());
      if (home && settings.token() != null) {
        request.header("Authorization", settings.token().header());
      }
      HttpResponse<InputStream> response = exchange(request.build(), at);
      chain.add(response.headers());
      Optional<String> location = response.headers().firstValue("Location");
      if (response.statusCode() / 100 != 3 || location.isEmpty()) {
        return new Answer(response, chain, !home);
      }
      URI next = resolve(at, location.get());
      if (!abroad && !sameOrigin(next, settings.endpoint())) {
        return new Answer(response, chain, !home);
      }
      response.body().close();
      at = next;
    }
    throw new HubException(
        "the hub redirects more than " + MOST_REDIRECTS + " times, beginning at " + show(uri));
  }

  private HttpResponse<InputStream> exchange(HttpRequest request, URI at)
      throws IOException, InterruptedException {
    try {
      return http.send(request, HttpResponse.BodyHandlers.ofInputStream());
    } catch (HttpConnectTimeoutException e) {
      throw new PassingException(show(at) + " does not answer", null, e);
    } catch (HttpTimeoutException e) {
      throw new PassingException(
          show(at) + " sent no answer within " + settings.patience().answer().toSeconds() + " s",
          null,
          e);
    } catch (ConnectException e) {
      boolean unknown = e.getCause() instanceof java.nio.channels.UnresolvedAddressException;
      throw new PassingException(
          show(at)
              + (unknown ? " is not known to this network" : " cannot be connected to")
              + "; see the network, HF_ENDPOINT and, behind a proxy, JAVA_OPTS=-Dhttps.proxyHost=",
          null,
          e);
    } catch (UnknownHostException e) {
      throw new PassingException(show(at) + " is not known to this network", null, e);
    } catch (IOException e) {
      String message = String.valueOf(e.getMessage());
      boolean clean = redacted(message).equals(message);
      throw new PassingException(show(at) + ": " + reason(e), null, clean ? e : null);
    }
  }

  private URI resolve(URI at, String location) throws HubException {
    URI next;
    try {
      next = at.resolve(location);
    } catch (IllegalArgumentException e) {
      throw new HubException(show(at) + " redirects to what is no address", e);
    }
    boolean web = "https".equals(next.getScheme()) || "http".equals(next.getScheme());
    boolean weaker = "https".equals(at.getScheme()) && !"https".equals(next.getScheme());
    if (!web || weaker || next.getHost() == null || next.getUserInfo() != null) {
      throw new HubException(
          show(at)
              + " redirects to "
              + ServerText.printable(String.valueOf(next.getScheme()))
              + "://"
              + ServerText.printable(String.valueOf(next.getHost()))
              + ", which is not followed: it is no https address");
    }
    return next;
  }

  private static boolean sameOrigin(URI a, URI b) {
    return a.getScheme().equalsIgnoreCase(b.getScheme())
        && a.getHost().equalsIgnoreCase(b.getHost())
        && port(a) == port(b);
  }

  private static int port(URI uri) {
    return uri.getPort() >= 0
        ? uri.getPort()
        : "https".equalsIgnoreCase(uri.getScheme()) ? 443 : 80;
  }

  /** An address without its query, in which other hosts' signatures stand. */
  private static String show(URI uri) {
    return ServerText.printable(
        uri.getScheme()
            + "://"
            + uri.getRawAuthority()
            + (uri.getRawPath() == null ? "" : uri.getRawPath()));
  }

  private String reason(IOException e) {
    String message = e.getMessage();
    return message == null || message.isBlank()
        ? "the connection broke (" + e.getClass().getSimpleName() + ")"
        : ServerText.printable(redacted(message));
  }

  /** A server may say what it was told. */
  private String redacted(String text) {
    return settings.token() == null ? text : settings.token().redact(text);
  }

  /**
   * Throws what a status other than success means.
   *
   * @param what was asked for
   */
  void check(Answer answer, String what) throws PassingException {
    int status = answer.status();
    if (status / 100 == 2 || status / 100 == 3) {
      return;
    }
    String said = said(answer);
    if (PASSING.contains(status)) {
      throw new PassingException(
          what + ": the server answers " + status + meaning(status) + said, wait(answer), null);
    }
    if (status == 401 || status == 403) {
      throw new UserException(
          what
              + " is not open to you (the server answers "
              + status
              + "): "
              + (settings.token() == null
                  ? "it does not exist, is private, or wants its terms accepted on the hub's page;"
                      + " set HF_TOKEN to a token that may read it"
                  : "it does not exist, or your token may not read it; see the hub's page for terms"
                      + " to accept")
              + said);
    }
    if (status == 404 || status == 410) {
      throw new UserException(
          what + " is not there (the server answers " + status + "); see name and revision" + said);
    }
    throw new HubException(what + ": the server answers " + status + said);
  }

  private static String meaning(int status) {
    return status == 429 ? ", too many requests" : "";
  }

  private String said(Answer answer) {
    String text = answer.header("X-Error-Message").orElse("").strip();
    if (text.isEmpty()) {
      return "";
    }
    return "; it says: " + ServerText.printable(redacted(text));
  }

  private static Duration wait(Answer answer) {
    String text = answer.header("Retry-After").orElse("").strip();
    try {
      Duration asked =
          text.matches("\\d{1,9}")
              ? Duration.ofSeconds(Long.parseLong(text))
              : Duration.between(
                  Instant.now(),
                  ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant());
      return asked.isNegative()
          ? Duration.ZERO
          : asked.compareTo(LONGEST_DELAY) > 0 ? LONGEST_DELAY : asked;
    } catch (DateTimeParseException e) {
      return null;
    }
  }

  /** Takes the bytes of a body as they come. */
  interface Sink {
    void write(byte[] bytes, int count) throws IOException;
  }

  /**
   * Reads a body; one that stays silent too long is given up.
   *
   * @param most how many bytes are read at most
   * @return how many bytes came
   * @throws PassingException if it breaks off
   */
  long read(Answer answer, long most, String what, Sink sink) throws IOException {
    AtomicLong heard = new AtomicLong(System.nanoTime());
    long stall = settings.patience().stall().toNanos();
    InputStream body = answer.last().body();
    ScheduledFuture<?> guard =
        watch.scheduleWithFixedDelay(
            () -> {
              if (System.nanoTime() - heard.get() > stall) {
                answer.close();
              }
            },
            stall / 4,
            stall / 4,
            TimeUnit.NANOSECONDS);
    long count = 0;
    try {
      byte[] buffer = new byte[1 << 16];
      while (count < most) {
        int read;
        try {
          read = body.read(buffer, 0, (int) Math.min(buffer.length, most - count));
        } catch (IOException e) {
          boolean silent = System.nanoTime() - heard.get() > stall;
          throw new PassingException(
              what
                  + (silent
                      ? ": no byte came for " + settings.patience().stall().toSeconds() + " s"
                      : ": the connection broke after " + count + " bytes"),
              null,
              e);
        }
        if (read < 0) {
          break;
        }
        heard.set(System.nanoTime());
        sink.write(buffer, read);
        count += read;
      }
      return count;
    } finally {
      guard.cancel(false);
    }
  }

  @Override
  public void close() {
    watch.shutdownNow();
  }
}
