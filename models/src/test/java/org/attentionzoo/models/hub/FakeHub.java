package org.attentionzoo.models.hub;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A hub with one model. It behaves as huggingface.co does until a test puts a {@link Prank} before
 * it.
 */
final class FakeHub implements AutoCloseable {

  static final String ID = "owner/name";
  static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

  /** Answers in the hub's stead if it returns true. */
  interface Prank {
    boolean answer(RawServer.Request request, OutputStream out)
        throws IOException, InterruptedException;
  }

  private final Map<String, byte[]> files = new LinkedHashMap<>();
  private final Map<String, Boolean> large = new LinkedHashMap<>();
  private final RawServer server;
  private volatile Prank prank = (request, out) -> false;
  private volatile String elsewhere = "";
  private volatile boolean listsDetails = true;

  FakeHub() throws IOException {
    server = new RawServer(this::answer);
  }

  FakeHub with(String name, byte[] content) {
    files.put(name, content);
    large.put(name, false);
    return this;
  }

  FakeHub withLarge(String name, byte[] content) {
    files.put(name, content);
    large.put(name, true);
    return this;
  }

  FakeHub pranked(Prank with) {
    prank = with;
    return this;
  }

  /** Lets large files come from another address. */
  FakeHub redirecting(URI to) {
    elsewhere = to.toString();
    return this;
  }

  /** Lets the list have names only, as mirrors do. */
  FakeHub withBareList() {
    listsDetails = false;
    return this;
  }

  RawServer server() {
    return server;
  }

  HubSettings settings(Path cache, String token) {
    return new HubSettings(
        server.address(),
        token == null ? null : HubToken.of(token, "test"),
        cache,
        false,
        new HubSettings.Patience(
            Duration.ofSeconds(5),
            Duration.ofSeconds(2),
            Duration.ofMillis(400),
            Duration.ofMillis(1),
            4));
  }

  private void answer(RawServer.Request request, OutputStream out)
      throws IOException, InterruptedException {
    if (prank.answer(request, out)) {
      return;
    }
    if (request.path().startsWith("/api/models/" + ID + "/revision/main?")
        || request.path().startsWith("/api/models/" + ID + "/revision/" + COMMIT + "?")) {
      RawServer.send(out, 200, listing(), "Content-Type: application/json");
      return;
    }
    String prefix = "/" + ID + "/resolve/" + COMMIT + "/";
    String name =
        request.path().startsWith(prefix) ? request.path().substring(prefix.length()) : "";
    if (!files.containsKey(name)) {
      RawServer.send(out, 404, new byte[0], "X-Error-Code: EntryNotFound");
      return;
    }
    serve(request, name, out);
  }

  void serve(RawServer.Request request, String name, OutputStream out) throws IOException {
    byte[] content = files.get(name);
    String etag = etag(name);
    if (large.get(name) && !elsewhere.isEmpty()) {
      RawServer.head(
          out,
          302,
          "X-Repo-Commit: " + COMMIT,
          "X-Linked-Etag: \"" + etag + "\"",
          "X-Linked-Size: " + content.length,
          "Accept-Ranges: bytes",
          "Location: " + elsewhere + "/" + name + "?signature=secret",
          "Content-Length: 0");
      return;
    }
    List<String> headers =
        new ArrayList<>(List.of("X-Repo-Commit: " + COMMIT, "ETag: \"" + etag + "\""));
    content(request, content, headers, out);
  }

  static void content(
      RawServer.Request request, byte[] content, List<String> headers, OutputStream out)
      throws IOException {
    int from = request.from();
    byte[] body = Arrays.copyOfRange(content, from, content.length);
    headers.add("Accept-Ranges: bytes");
    if (request.headers().containsKey("range")) {
      headers.add(
          "Content-Range: bytes " + from + "-" + (content.length - 1) + "/" + content.length);
    }
    int status = request.headers().containsKey("range") ? 206 : 200;
    if (request.method().equals("HEAD")) {
      headers.add("Content-Length: " + content.length);
      RawServer.head(out, status, headers.toArray(String[]::new));
    } else {
      RawServer.send(out, status, body, headers.toArray(String[]::new));
    }
  }

  String etag(String name) {
    byte[] content = files.get(name);
    return large.get(name) ? hash("SHA-256", content) : gitHash(content);
  }

  static String gitHash(byte[] content) {
    byte[] head = ("blob " + content.length + "\0").getBytes(StandardCharsets.US_ASCII);
    byte[] all = Arrays.copyOf(head, head.length + content.length);
    System.arraycopy(content, 0, all, head.length, content.length);
    return hash("SHA-1", all);
  }

  static String hash(String algorithm, byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private byte[] listing() throws IOException {
    List<Map<String, Object>> siblings = new ArrayList<>();
    files.forEach(
        (name, content) -> {
          Map<String, Object> sibling = new LinkedHashMap<>();
          sibling.put("rfilename", name);
          if (listsDetails) {
            sibling.put("size", content.length);
            sibling.put("blobId", gitHash(content));
            if (large.get(name)) {
              sibling.put("blobId", "f".repeat(40));
              sibling.put(
                  "lfs", Map.of("sha256", hash("SHA-256", content), "size", content.length));
            }
          }
          siblings.add(sibling);
        });
    return new ObjectMapper()
        .writeValueAsBytes(Map.of("id", ID, "sha", COMMIT, "siblings", siblings));
  }

  @Override
  public void close() {
    server.close();
  }
}
