package org.attentionzoo.datasets.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.attentionzoo.blocks.UserException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatasetCatalogTest {

  private static final Download.Patience SHORT =
      new Download.Patience(
          Duration.ofSeconds(5),
          Duration.ofSeconds(5),
          Duration.ofSeconds(5),
          Duration.ofMillis(1),
          3);
  private static final byte[] CONTENT = "one line of text\n".getBytes(StandardCharsets.UTF_8);

  @TempDir Path folder;
  private final List<String> ranges = new CopyOnWriteArrayList<>();
  private HttpServer server;
  private String base;

  /** What the server does. */
  private interface Answer {
    void give(HttpExchange exchange) throws IOException;
  }

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.start();
    base = "http://127.0.0.1:" + server.getAddress().getPort();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private void serve(String path, Answer answer) {
    server.createContext(
        path,
        exchange -> {
          try (exchange) {
            ranges.add(String.valueOf(exchange.getRequestHeaders().getFirst("Range")));
            answer.give(exchange);
          }
        });
  }

  private static void whole(HttpExchange exchange, byte[] bytes) throws IOException {
    exchange.sendResponseHeaders(200, bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  private static String hash(byte[] bytes) {
    return HexFormat.of().formatHex(Hashes.digest().digest(bytes));
  }

  private PublishedFile text() {
    return PublishedFile.pinned("a.txt", CONTENT.length, hash(CONTENT)).at(base + "/a.txt");
  }

  private static Dataset dataset(PublishedFile file, String... layout) {
    return new Dataset(
        "words",
        "words",
        "t",
        "l",
        "page",
        List.of("text:words"),
        List.of(file),
        List.of(List.of(layout)));
  }

  private DatasetCatalog catalog(Dataset dataset, String... variables) {
    Map<String, String> environment = new java.util.HashMap<>();
    environment.put("ZOO_CACHE", folder.resolve("cache").toString());
    for (int i = 0; i < variables.length; i += 2) {
      environment.put(variables[i], variables[i + 1]);
    }
    return new DatasetCatalog(List.of(dataset), environment, SHORT);
  }

  @Test
  void theFolderOfTheUserGoesFirst() throws IOException {
    Path own = Files.createDirectories(folder.resolve("data/words"));
    Files.writeString(own.resolve("a.txt"), "mine");
    Dataset words = dataset(text(), "a.txt");
    DatasetCatalog catalog = catalog(words, "ZOO_DATA", folder.resolve("data").toString());
    assertThat(catalog.resolve("WORDS").orElseThrow().main()).isEqualTo(own.resolve("a.txt"));
    assertThat(catalog.pathOf("words/a.txt")).isEqualTo(own.resolve("a.txt").toString());
    assertThat(catalog.pathOf("./words")).isEqualTo("./words");
    assertThat(ranges).isEmpty();
    assertThatThrownBy(() -> catalog.resolve("words/b.txt"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("no 'b.txt'");
    List<DatasetCatalog.Verdict> verdicts = catalog.verify(catalog.require(words));
    assertThat(verdicts).hasSize(1);
    assertThat(verdicts.get(0).state()).isEqualTo(DatasetCatalog.State.DIFFERENT);
    assertThat(verdicts.get(0).detail()).isEqualTo("it has 4 bytes instead of 17");
    Files.write(own.resolve("a.txt"), "oNe line of text\n".getBytes(StandardCharsets.UTF_8));
    assertThat(catalog.verify(catalog.require(words)).get(0).detail()).contains("SHA-256");
  }

  @Test
  void whatIsMissingIsDownloadedOnceAndVerified() throws IOException {
    serve("/a.txt", exchange -> whole(exchange, CONTENT));
    DatasetCatalog catalog = catalog(dataset(text(), "a.txt"));
    Path found = Path.of(catalog.pathOf("words"));
    assertThat(found).startsWith(folder.resolve("cache/data/words")).hasBinaryContent(CONTENT);
    assertThat(catalog.pathOf("words")).isEqualTo(found.toString());
    assertThat(ranges).hasSize(1);
    assertThat(catalog.verify(catalog.require(catalog.find("words"))).get(0).state())
        .isEqualTo(DatasetCatalog.State.VERIFIED);
    try (Stream<Path> left = Files.walk(folder.resolve("cache/data"))) {
      assertThat(left.filter(p -> p.toString().endsWith(".part"))).isEmpty();
    }
  }

  @Test
  void aBrokenDownloadGoesOnWhereItEnded() throws IOException {
    serve(
        "/a.txt",
        exchange -> {
          String range = exchange.getRequestHeaders().getFirst("Range");
          if (range == null) {
            exchange.sendResponseHeaders(200, CONTENT.length);
            exchange.getResponseBody().write(CONTENT, 0, 5);
            exchange.getResponseBody().flush();
          } else {
            int from = Integer.parseInt(range.replaceAll("\\D", ""));
            exchange
                .getResponseHeaders()
                .set("Content-Range", "bytes " + from + "-16/" + CONTENT.length);
            exchange.sendResponseHeaders(206, CONTENT.length - from);
            exchange.getResponseBody().write(CONTENT, from, CONTENT.length - from);
          }
        });
    List<String> told = new ArrayList<>();
    DatasetCatalog catalog = catalog(dataset(text(), "a.txt"));
    Located found =
        catalog.get(
            catalog.find("words"),
            false,
            new DownloadListener() {
              @Override
              public void retrying(String name, String reason, Duration delay) {
                told.add(reason);
              }
            });
    assertThat(found.main()).hasBinaryContent(CONTENT);
    assertThat(ranges).containsExactly("null", "bytes=5-");
    assertThat(told).hasSize(1);
  }

  @Test
  void anEarlierDamagedPartIsThrownAway() throws IOException {
    Path part = folder.resolve("cache/data/.incoming/words/a.txt.part");
    Files.createDirectories(part.getParent());
    Files.writeString(part, "xxxx");
    serve(
        "/a.txt",
        exchange -> {
          if (exchange.getRequestHeaders().getFirst("Range") == null) {
            whole(exchange, CONTENT);
          } else {
            exchange.getResponseHeaders().set("Content-Range", "bytes 4-16/17");
            exchange.sendResponseHeaders(206, CONTENT.length - 4);
            exchange.getResponseBody().write(CONTENT, 4, CONTENT.length - 4);
          }
        });
    assertThat(Path.of(catalog(dataset(text(), "a.txt")).pathOf("words")))
        .hasBinaryContent(CONTENT);
    assertThat(ranges).containsExactly("bytes=4-", "null");
  }

  @Test
  void whatIsNotPinnedContentIsRefused() {
    byte[] other = CONTENT.clone();
    other[0] = 'O';
    serve("/a.txt", exchange -> whole(exchange, other));
    DatasetCatalog catalog = catalog(dataset(text(), "a.txt"));
    assertThatThrownBy(() -> catalog.resolve("words"))
        .isInstanceOf(DownloadException.class)
        .hasMessageContaining("its SHA-256 is " + hash(other));
    assertThat(folder.resolve("cache/data/words")).doesNotExist();
  }

  @Test
  void moreBytesThanPinnedAreNotTaken() {
    serve("/a.txt", exchange -> whole(exchange, new byte[1 << 20]));
    assertThatThrownBy(() -> catalog(dataset(text(), "a.txt")).resolve("words"))
        .isInstanceOf(DownloadException.class)
        .hasMessageContaining("more than the 17 bytes");
  }

  @Test
  void aFullDiskIsToldAtOnce() throws IOException {
    assumeThat(Path.of("/dev/full")).exists();
    Path part = folder.resolve("cache/data/.incoming/words/a.txt.part");
    Files.createDirectories(part.getParent());
    Files.createSymbolicLink(part, Path.of("/dev/full"));
    serve("/a.txt", exchange -> whole(exchange, CONTENT));
    assertThatThrownBy(() -> catalog(dataset(text(), "a.txt")).resolve("words"))
        .isInstanceOf(DownloadException.class)
        .hasMessageContaining(part + " cannot be written");
    assertThat(ranges).hasSize(1);
  }

  @Test
  void failuresAreTriedAgainAndThenTold() {
    serve("/a.txt", exchange -> exchange.sendResponseHeaders(503, -1));
    assertThatThrownBy(() -> catalog(dataset(text(), "a.txt")).resolve("words"))
        .isInstanceOf(DownloadException.class)
        .hasMessageContaining("503");
    assertThat(ranges).hasSize(3);
  }

  @Test
  void withoutNetworkTheMessageSaysWhatToDo() {
    DatasetCatalog catalog = catalog(dataset(text(), "a.txt"), "ZOO_OFFLINE", "1");
    assertThatThrownBy(() -> catalog.resolve("words"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("words is not here")
        .hasMessageContaining("ZOO_DATA is not set")
        .hasMessageContaining("download it without --offline and ZOO_OFFLINE: zoo data get words");
    assertThatThrownBy(() -> catalog.find("wrods")).hasMessageContaining("words");
    assertThat(catalog.resolve("other/a.txt")).isEmpty();
  }

  @Test
  void whatIsNotPinnedNeedsConsent() {
    serve("/b.txt", exchange -> whole(exchange, CONTENT));
    PublishedFile loose = PublishedFile.notPinned("b.txt").at(base + "/b.txt");
    Dataset words = dataset(loose, "b.txt");
    DatasetCatalog catalog = catalog(words);
    assertThatThrownBy(() -> catalog.require(words)).isInstanceOf(UserException.class);
    assertThatThrownBy(() -> catalog.get(words, false, DownloadListener.NONE))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("--unpinned");
    assertThat(ranges).isEmpty();
    Located found = catalog.get(words, true, DownloadListener.NONE);
    assertThat(catalog.verify(found).get(0))
        .isEqualTo(
            new DatasetCatalog.Verdict("b.txt", DatasetCatalog.State.NOT_PINNED, hash(CONTENT)));
  }

  private static byte[] zip(String... names) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      for (String name : names) {
        zip.putNextEntry(new ZipEntry(name));
        zip.write(CONTENT);
      }
    }
    return bytes.toByteArray();
  }

  @Test
  void archivesAreUnpackedBelowTheirFolderOnly() throws IOException {
    byte[] good = zip("top/a.txt", "top/deep/b.txt");
    byte[] evil = zip("top/a.txt", "top/../../evil.txt");
    serve("/good.zip", exchange -> whole(exchange, good));
    serve("/evil.zip", exchange -> whole(exchange, evil));
    PublishedFile archive =
        PublishedFile.pinned("w.zip", good.length, hash(good)).at(base + "/good.zip").unpacked(1);
    Path found = Path.of(catalog(dataset(archive, "a.txt", "deep/b.txt")).pathOf("words"));
    assertThat(found).hasFileName("a.txt").hasBinaryContent(CONTENT);
    PublishedFile bad =
        PublishedFile.pinned("e.zip", evil.length, hash(evil)).at(base + "/evil.zip").unpacked(1);
    Dataset hostile =
        new Dataset(
            "evil", "evil", "t", "l", "p", List.of("x"), List.of(bad), List.of(List.of("a.txt")));
    assertThatThrownBy(() -> catalog(hostile).resolve("evil"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("leads out of its folder");
    assertThat(folder.resolve("cache/data/evil")).doesNotExist();
    try (Stream<Path> all = Files.walk(folder)) {
      assertThat(all.filter(p -> p.endsWith("evil.txt"))).isEmpty();
    }
  }

  @Test
  void everyNamedDataSetIsSound() {
    DatasetCatalog catalog = DatasetCatalog.of(Map.of());
    assertThat(catalog.all()).containsKeys("shakespeare", "amazon-games", "cifar10", "etth1");
    for (Dataset dataset : catalog.all().values()) {
      assertThat(dataset.name()).matches("[a-z0-9-]+");
      assertThat(Arrays.asList(dataset.title(), dataset.licence(), dataset.page()))
          .doesNotContain("");
      assertThat(dataset.use()).isNotEmpty();
      assertThat(dataset.layouts()).isNotEmpty();
    }
  }

  @Test
  void thePublishedFilesAreWhatIsPinned() {
    String data = System.getenv("ZOO_DATA");
    assumeTrue(data != null, "ZOO_DATA is not set: no published file is looked at");
    DatasetCatalog catalog = DatasetCatalog.ofProcess();
    int verified = 0;
    for (Dataset dataset : catalog.all().values()) {
      for (Located found : catalog.locate(dataset).stream().toList()) {
        for (DatasetCatalog.Verdict verdict : catalog.verify(found)) {
          assertThat(verdict.state())
              .as("%s %s %s", dataset.name(), verdict.path(), verdict.detail())
              .isNotEqualTo(DatasetCatalog.State.DIFFERENT);
          verified += verdict.state() == DatasetCatalog.State.VERIFIED ? 1 : 0;
        }
      }
    }
    assertThat(verified).isPositive();
  }
}
