package org.attentionzoo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command; what the download withstands is tested in {@code models}. */
class PullTest {

  private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
  private static final byte[] CONTENT = "hello".getBytes(StandardCharsets.UTF_8);

  /** What {@code git hash-object} says of the content. */
  private static final String HASH = "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0";

  @TempDir private Path cache;
  private HttpServer server;

  @BeforeEach
  void open() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/api/models/owner/name/revision/main",
        exchange ->
            answer(
                exchange,
                """
                {"sha":"%s","siblings":[
                {"rfilename":"config.json","size":5,"blobId":"%s"},
                {"rfilename":"tf_model.h5","size":5,"blobId":"%s"}]}
                """
                    .formatted(COMMIT, HASH, HASH)
                    .getBytes(StandardCharsets.UTF_8)));
    server.createContext(
        "/owner/name/resolve/" + COMMIT + "/", exchange -> answer(exchange, CONTENT));
    server.start();
    System.setProperty("HF_ENDPOINT", "http://localhost:" + server.getAddress().getPort());
    System.setProperty("HF_HUB_CACHE", cache.toString());
    System.setProperty("HF_TOKEN", "hf_secret");
  }

  @AfterEach
  void close() {
    server.stop(0);
    for (String name : new String[] {"HF_ENDPOINT", "HF_HUB_CACHE", "HF_TOKEN"}) {
      System.clearProperty(name);
    }
  }

  private static void answer(HttpExchange exchange, byte[] body) throws IOException {
    boolean head = exchange.getRequestMethod().equals("HEAD");
    exchange.getResponseHeaders().set("ETag", "\"" + HASH + "\"");
    exchange.getResponseHeaders().set("Content-Length", String.valueOf(body.length));
    exchange.sendResponseHeaders(200, head ? -1 : body.length);
    try (OutputStream out = exchange.getResponseBody()) {
      if (!head) {
        out.write(body);
      }
    }
  }

  @Test
  void printsTheFolderAndNothingElseOnStandardOutput() {
    Run run = Run.zoo("pull", "owner/name");
    Path folder = cache.resolve("models--owner--name/snapshots").resolve(COMMIT);
    assertThat(run.err()).contains("config.json, 0.000 MB", "not wanted: tf_model.h5");
    assertThat(run.err()).doesNotContain("hf_secret", "not verified");
    assertThat(run.out()).isEqualTo(folder + System.lineSeparator());
    assertThat(run.exit()).isZero();
    assertThat(folder.resolve("config.json")).hasContent("hello");
    server.stop(0);
    assertThat(Run.zoo("pull", "owner/name", "--offline").out()).isEqualTo(run.out());
    assertThat(Run.zoo("pull", "owner/name", "--offline", "--json").out())
        .contains("\"commit\" : \"" + COMMIT + "\"");
  }

  @Test
  void refusesInOneLine() {
    Run missing = Run.zoo("pull", "owner/other");
    assertThat(missing.exit()).isEqualTo(2);
    assertThat(missing.err().lines())
        .singleElement()
        .asString()
        .startsWith("zoo pull: owner/other is not there (the server answers 404)");
    assertThat(Run.zoo("pull", "../x").err())
        .startsWith("zoo pull: '../x' names no model of a hub; expected owner/name");
    assertThat(Run.zoo("pull", "owner/name", "--include", "*.xyz").err())
        .contains("has no file that is wanted; it has config.json, tf_model.h5");
    assertThat(Run.zoo("pull", "owner/absent", "--offline").err()).contains("is not in the cache");
  }
}
