package org.attentionzoo.models.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.attentionzoo.blocks.UserException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Downloads from a hub on the loopback that misbehaves in every way that was thought of. */
@Timeout(60)
class HubTest {

  private static final String WEIGHTS = "model.safetensors";
  private static final String CONFIG = "config.json";
  private static final String TOKEN = "hf_verySecretToken";
  private static final byte[] LARGE = random(300_000);
  private static final byte[] SMALL = "{\"model_type\": \"x\"}".getBytes(StandardCharsets.UTF_8);

  @TempDir private Path cache;
  private FakeHub hub;
  private final List<String> retried = new ArrayList<>();

  private static byte[] random(int size) {
    byte[] bytes = new byte[size];
    new Random(1).nextBytes(bytes);
    return bytes;
  }

  @BeforeEach
  void open() throws IOException {
    hub = new FakeHub().with(CONFIG, SMALL).withLarge(WEIGHTS, LARGE);
  }

  /** Whatever happened: what has a final name is whole. */
  @AfterEach
  void nothingHalfHasAName() throws IOException {
    hub.close();
    if (!Files.isDirectory(cache)) {
      return;
    }
    try (Stream<Path> all = Files.walk(cache)) {
      for (Path path : all.filter(Files::isRegularFile).toList()) {
        String name = path.getFileName().toString();
        byte[] content = Files.readAllBytes(path);
        if (path.toString().contains("/blobs/") && !name.endsWith(".incomplete")) {
          assertThat(name).isIn(FakeHub.hash("SHA-256", content), FakeHub.gitHash(content));
        }
        assertThat(name).doesNotEndWith(".tmp");
      }
    }
  }

  private Snapshot pull() {
    return pull(FakeHub.ID);
  }

  private Snapshot pull(String reference) {
    return pull(reference, hub.settings(cache, null));
  }

  private Snapshot pull(String reference, HubSettings settings) {
    return new Hub(settings)
        .pull(
            HubReference.parse(reference),
            FileSelection.of(List.of(), List.of()),
            new HubListener() {
              @Override
              public void retrying(String name, String reason, Duration delay) {
                retried.add(reason);
              }
            });
  }

  private void assertComplete(Snapshot snapshot) throws IOException {
    assertThat(snapshot.files()).containsExactly(CONFIG, WEIGHTS);
    assertThat(Files.readAllBytes(snapshot.folder().resolve(WEIGHTS))).isEqualTo(LARGE);
    assertThat(Files.readAllBytes(snapshot.folder().resolve(CONFIG))).isEqualTo(SMALL);
    assertThat(incomplete()).isEmpty();
  }

  private List<Path> incomplete() throws IOException {
    try (Stream<Path> all = Files.walk(cache)) {
      return all.filter(p -> p.toString().endsWith(".incomplete")).toList();
    }
  }

  private boolean isContent(RawServer.Request request) {
    return request.method().equals("GET") && request.path().endsWith(WEIGHTS);
  }

  private long contentRequests() {
    return hub.server().requests().stream().filter(this::isContent).count();
  }

  /** Puts the beginning of the weights where a broken download leaves it. */
  private void leave(byte[] part) throws IOException {
    Path blobs = Files.createDirectories(cache.resolve("models--owner--name/blobs"));
    Files.write(blobs.resolve(hub.etag(WEIGHTS) + ".incomplete"), part);
  }

  @Test
  void laysTheCacheOutAsTheHubsOwnClientDoes() throws IOException {
    hub.with("onnx/model.onnx", SMALL).with("sub/deep/vocab.txt", SMALL);
    Snapshot snapshot = pull();
    Path model = cache.resolve("models--owner--name");
    assertThat(snapshot.folder()).isEqualTo(model.resolve("snapshots").resolve(FakeHub.COMMIT));
    assertThat(snapshot.left()).containsExactly("onnx/model.onnx");
    assertThat(model.resolve("refs/main")).hasContent(FakeHub.COMMIT);
    assertThat(Files.readSymbolicLink(snapshot.folder().resolve(WEIGHTS)))
        .hasToString("../../blobs/" + FakeHub.hash("SHA-256", LARGE));
    assertThat(Files.readSymbolicLink(snapshot.folder().resolve("sub/deep/vocab.txt")))
        .hasToString("../../../../blobs/" + FakeHub.gitHash(SMALL));
    assertThat(model.resolve("blobs")).isDirectoryNotContaining("glob:**.incomplete");
  }

  @Test
  void asksOnlyForTheListWhenAllIsThere() throws IOException {
    assertComplete(pull());
    int before = hub.server().requests().size();
    assertComplete(pull());
    assertThat(hub.server().requests()).hasSize(before + 1);
  }

  @Test
  void offlineItFindsWhatWasPulled() throws IOException {
    HubSettings offline = hub.settings(cache, null).atRest();
    assertThatThrownBy(() -> pull(FakeHub.ID, offline))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("zoo pull owner/name");
    pull();
    hub.close();
    assertComplete(pull(FakeHub.ID, offline));
    assertComplete(pull(FakeHub.ID + "@" + FakeHub.COMMIT, offline));
  }

  @Test
  void aCommitIsItsOwnReference() throws IOException {
    assertComplete(pull(FakeHub.ID + "@" + FakeHub.COMMIT));
    assertThat(cache.resolve("models--owner--name/refs")).doesNotExist();
  }

  @Test
  void verifiesByTheETagWhereTheListHasNamesOnly() throws IOException {
    assertComplete(pull(FakeHub.ID, hub.withBareList().settings(cache, null)));
  }

  @Test
  void goesOnAfterEachDroppedConnection() throws IOException {
    hub.pranked(
        (request, out) -> {
          if (!isContent(request) || contentRequests() > 9) {
            return false;
          }
          int from = request.from();
          RawServer.head(
              out,
              from == 0 ? 200 : 206,
              "ETag: \"" + hub.etag(WEIGHTS) + "\"",
              "Content-Range: bytes " + from + "-" + (LARGE.length - 1) + "/" + LARGE.length,
              "Content-Length: " + (LARGE.length - from));
          out.write(LARGE, from, 20_000);
          return true;
        });
    assertComplete(pull());
    // More failures than attempts are allowed, but each brought bytes.
    assertThat(retried).hasSizeGreaterThanOrEqualTo(9);
    assertThat(
            hub.server().requests().stream().filter(this::isContent).map(RawServer.Request::from))
        .isSorted()
        .doesNotHaveDuplicates()
        .startsWith(0);
  }

  @Test
  void givesUpWhenNothingArrivesAndKeepsThePart() throws IOException {
    hub.pranked(
        (request, out) -> {
          if (!isContent(request)) {
            return false;
          }
          int from = request.from();
          RawServer.head(
              out,
              from == 0 ? 200 : 206,
              "Content-Range: bytes " + from + "-" + (LARGE.length - 1) + "/" + LARGE.length,
              "Content-Length: " + (LARGE.length - from));
          out.write(LARGE, from, from == 0 ? 1000 : 0);
          return true;
        });
    assertThatThrownBy(this::pull)
        .isInstanceOf(HubException.class)
        .hasMessageContaining("given up")
        .hasMessageContaining(WEIGHTS);
    assertThat(incomplete()).singleElement().satisfies(p -> assertThat(p).hasSize(1000));
    assertThat(cache.resolve("models--owner--name/refs/main")).doesNotExist();
    hub.pranked((request, out) -> false);
    assertComplete(pull());
    assertThat(hub.server().requests().get(hub.server().requests().size() - 1).from())
        .isEqualTo(1000);
  }

  @Test
  void aSilentServerIsNotWaitedForForever() throws IOException {
    AtomicInteger count = new AtomicInteger();
    hub.pranked(
        (request, out) -> {
          if (!isContent(request) || count.incrementAndGet() > 1) {
            return false;
          }
          RawServer.head(out, 200, "Content-Length: " + LARGE.length);
          out.write(LARGE, 0, 5000);
          out.flush();
          Thread.sleep(3000);
          return true;
        });
    assertComplete(pull());
    assertThat(retried).singleElement().asString().contains("no byte came");
  }

  @Test
  void aServerThatNeverAnswersIsGivenUp() {
    hub.pranked(
        (request, out) -> {
          Thread.sleep(3000);
          return true;
        });
    HubSettings usual = hub.settings(cache, null);
    HubSettings hasty =
        new HubSettings(
            usual.endpoint(),
            null,
            cache,
            false,
            new HubSettings.Patience(
                Duration.ofSeconds(1),
                Duration.ofMillis(100),
                Duration.ofSeconds(1),
                Duration.ofMillis(1),
                2));
    assertThatThrownBy(() -> pull(FakeHub.ID, hasty))
        .isInstanceOf(HubException.class)
        .hasMessageContaining("no answer");
  }

  @Test
  void nobodyListens() {
    hub.close();
    assertThatThrownBy(this::pull)
        .isInstanceOf(HubException.class)
        .hasMessageContaining("cannot be connected to")
        .hasMessageContaining("HF_ENDPOINT");
  }

  @Test
  void aShorterBodyWithoutLengthIsCompleted() throws IOException {
    AtomicInteger count = new AtomicInteger();
    hub.pranked(
        (request, out) -> {
          if (!isContent(request) || count.incrementAndGet() > 1) {
            return false;
          }
          RawServer.head(out, 200);
          out.write(LARGE, 0, 123_456);
          return true;
        });
    assertComplete(pull());
    assertThat(retried).singleElement().asString().contains("123456 of 300000");
  }

  @ParameterizedTest
  @ValueSource(ints = {100, 400_000})
  void aLyingContentLengthGivesNoFile(int length) throws IOException {
    byte[] body = Arrays.copyOf(LARGE, length);
    hub.pranked(
        (request, out) -> {
          if (!isContent(request)) {
            return false;
          }
          // Resumption is refused, so that it can never get anywhere.
          RawServer.send(out, 200, body);
          return true;
        });
    assertThatThrownBy(this::pull).isInstanceOf(HubException.class).hasMessageContaining(WEIGHTS);
    assertThat(cache.resolve("models--owner--name/snapshots/" + FakeHub.COMMIT + "/" + WEIGHTS))
        .doesNotExist();
  }

  @Test
  void aWrongHashGivesNoFileAndLeavesNoPart() throws IOException {
    byte[] other = LARGE.clone();
    other[77]++;
    hub.pranked(
        (request, out) -> {
          if (!isContent(request)) {
            return false;
          }
          RawServer.send(out, 200, other);
          return true;
        });
    assertThatThrownBy(this::pull)
        .isInstanceOf(HubException.class)
        .hasMessageContaining("sha256")
        .hasMessageContaining("thrown away");
    assertThat(incomplete()).isEmpty();
  }

  @Test
  void aWrongGitHashGivesNoFile() throws IOException {
    byte[] other = SMALL.clone();
    other[3]++;
    hub.pranked(
        (request, out) -> {
          if (!request.method().equals("GET") || !request.path().endsWith(CONFIG)) {
            return false;
          }
          RawServer.send(out, 200, other);
          return true;
        });
    assertThatThrownBy(this::pull)
        .isInstanceOf(HubException.class)
        .hasMessageContaining("git hash");
    assertThat(incomplete()).isEmpty();
  }

  @Test
  void aDamagedPartIsDownloadedAnew() throws IOException {
    leave(new byte[1000]);
    assertComplete(pull());
    assertThat(retried).singleElement().asString().contains("damaged");
    assertThat(contentRequests()).isEqualTo(2);
  }

  @Test
  void aWholeOrTooLongPartNeedsNoOrANewDownload() throws IOException {
    leave(LARGE);
    assertComplete(pull());
    assertThat(contentRequests()).isZero();
    Files.delete(cache.resolve("models--owner--name/snapshots/" + FakeHub.COMMIT + "/" + WEIGHTS));
    Files.delete(cache.resolve("models--owner--name/blobs/" + hub.etag(WEIGHTS)));
    leave(Arrays.copyOf(LARGE, LARGE.length + 1));
    assertComplete(pull());
    assertThat(contentRequests()).isEqualTo(1);
  }

  @Test
  void aServerThatIgnoresRangesBeginsAnew() throws IOException {
    leave(Arrays.copyOf(LARGE, 1000));
    hub.pranked(
        (request, out) -> {
          if (!isContent(request)) {
            return false;
          }
          RawServer.send(out, 200, LARGE);
          return true;
        });
    assertComplete(pull());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "bytes 0-299999/300000",
        "bytes 1000-299999/300001",
        "bytes 1000-400000/*",
        "",
        "x"
      })
  void aRangeThatWasNotAskedForIsNotTaken(String range) throws IOException {
    leave(Arrays.copyOf(LARGE, 1000));
    hub.pranked(
        (request, out) -> {
          if (!isContent(request) || !request.headers().containsKey("range")) {
            return false;
          }
          RawServer.send(out, 206, LARGE, "Content-Range: " + range);
          return true;
        });
    assertComplete(pull());
    assertThat(retried).singleElement().asString().contains("were asked for");
  }

  @Test
  void anUnsatisfiableRangeBeginsAnew() throws IOException {
    leave(Arrays.copyOf(LARGE, 1000));
    hub.pranked(
        (request, out) -> {
          if (!isContent(request) || !request.headers().containsKey("range")) {
            return false;
          }
          RawServer.send(out, 416, new byte[0]);
          return true;
        });
    assertComplete(pull());
  }

  @Test
  void aFileThatChangesBetweenTwoPartsIsRefused() throws IOException {
    leave(Arrays.copyOf(LARGE, 1000));
    hub.pranked(
        (request, out) -> {
          if (!isContent(request)) {
            return false;
          }
          RawServer.send(
              out,
              206,
              random(299_000),
              "ETag: \"" + "a".repeat(64) + "\"",
              "Content-Range: bytes 1000-299999/300000");
          return true;
        });
    assertThatThrownBy(this::pull)
        .isInstanceOf(HubException.class)
        .hasMessageContaining("changed while it was downloaded");
    hub.pranked((request, out) -> false);
    assertComplete(pull());
  }

  @Test
  void theTokenGoesToTheHubAndNowhereElse() throws IOException {
    try (RawServer store =
        new RawServer((request, out) -> FakeHub.content(request, LARGE, new ArrayList<>(), out))) {
      hub.redirecting(store.address());
      assertComplete(pull(FakeHub.ID, hub.settings(cache, TOKEN)));
      assertThat(hub.server().requests())
          .isNotEmpty()
          .allSatisfy(
              r -> assertThat(r.headers()).containsEntry("authorization", "Bearer " + TOKEN));
      assertThat(store.requests())
          .isNotEmpty()
          .noneSatisfy(r -> assertThat(r.headers().toString()).contains(TOKEN));
    }
  }

  @Test
  void resumesFromTheHostThatItIsSentTo() throws IOException {
    leave(Arrays.copyOf(LARGE, 1000));
    try (RawServer store =
        new RawServer(
            (request, out) ->
                FakeHub.content(
                    request, LARGE, new ArrayList<>(List.of("ETag: \"of-the-store\"")), out))) {
      hub.redirecting(store.address());
      assertComplete(pull());
      assertThat(store.requests())
          .singleElement()
          .extracting("headers")
          .asString()
          .contains("range=bytes=1000-");
    }
  }

  @Test
  void aHostThatIsNotTheHubsByNameGetsNoToken() throws IOException {
    // The same server by another name is another host.
    URI other = URI.create("http://localhost:" + hub.server().address().getPort());
    hub.pranked(
        (request, out) -> {
          if (isContent(request) && !request.path().startsWith("/store")) {
            RawServer.head(out, 302, "Location: " + other + "/store/" + WEIGHTS);
            return true;
          }
          if (request.path().startsWith("/store")) {
            FakeHub.content(request, LARGE, new ArrayList<>(), out);
            return true;
          }
          return false;
        });
    assertComplete(pull(FakeHub.ID, hub.settings(cache, TOKEN)));
    assertThat(hub.server().requests())
        .filteredOn(r -> r.path().startsWith("/store"))
        .isNotEmpty()
        .noneMatch(r -> r.headers().containsKey("authorization"));
  }

  @Test
  void followsARenamedModelButNoCircle() throws IOException {
    hub.pranked(
        (request, out) -> {
          if (request.path().startsWith("/old/name/") || request.path().contains("/old/name/")) {
            RawServer.head(out, 307, "Location: " + request.path().replace("old/name", FakeHub.ID));
            return true;
          }
          return false;
        });
    assertThat(pull("old/name").files()).containsExactly(CONFIG, WEIGHTS);
    hub.pranked(
        (request, out) -> {
          RawServer.head(out, 302, "Location: " + request.path());
          return true;
        });
    assertThatThrownBy(this::pull)
        .isInstanceOf(HubException.class)
        .hasMessageContaining("redirects more than");
  }

  @ParameterizedTest
  @ValueSource(strings = {"file:///etc/passwd", "ftp://127.0.0.1/x", "http://user:pw@127.0.0.1/x"})
  void redirectsToNoAddressOfTheWebAreRefused(String location) {
    hub.pranked(
        (request, out) -> {
          RawServer.head(out, 302, "Location: " + location);
          return true;
        });
    assertThatThrownBy(this::pull)
        .isInstanceOf(HubException.class)
        .hasMessageContaining("not followed");
  }

  @ParameterizedTest
  @ValueSource(ints = {401, 403})
  void saysWhatClosedDoorsMeanWithoutTheToken(int status) {
    hub.pranked(
        (request, out) -> {
          RawServer.send(out, status, new byte[0], "X-Error-Message: bad " + TOKEN);
          return true;
        });
    assertThatThrownBy(() -> pull(FakeHub.ID, hub.settings(cache, TOKEN)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining(String.valueOf(status))
        .hasMessageContaining("your token")
        .hasMessageContaining("bad ***")
        .satisfies(e -> assertThat(stackTrace(e)).doesNotContain(TOKEN));
    assertThatThrownBy(this::pull).hasMessageContaining("HF_TOKEN");
  }

  @Test
  void anAnswerThatIsNoHttpShowsNeitherTokenNorControlCharacters() {
    hub.pranked(
        (request, out) -> {
          RawServer.head(out, 200, "X-Echo: " + TOKEN + " \u001B[31m");
          return true;
        });
    assertThatThrownBy(() -> pull(FakeHub.ID, hub.settings(cache, TOKEN)))
        .isInstanceOf(HubException.class)
        .hasMessageContaining("***")
        .hasMessageNotContaining("\u001B")
        .satisfies(e -> assertThat(stackTrace(e)).doesNotContain(TOKEN));
  }

  private static String stackTrace(Throwable e) {
    StringWriter text = new StringWriter();
    e.printStackTrace(new PrintWriter(text));
    return text.toString();
  }

  @Test
  void saysThatAModelIsNotThere() {
    assertThatThrownBy(() -> pull("owner/other"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("owner/other is not there")
        .hasMessageContaining("404");
    assertThatThrownBy(() -> pull(FakeHub.ID + "@v2"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("owner/name@v2");
  }

  @ParameterizedTest
  @ValueSource(ints = {429, 500, 503})
  void triesAgainAfterWhatPasses(int status) throws IOException {
    AtomicInteger left = new AtomicInteger(2);
    hub.pranked(
        (request, out) -> {
          if (left.getAndDecrement() <= 0) {
            return false;
          }
          RawServer.send(out, status, new byte[0], "Retry-After: 0");
          return true;
        });
    assertComplete(pull());
    assertThat(retried).hasSize(2).allMatch(r -> r.contains(String.valueOf(status)));
  }

  @ParameterizedTest
  @ValueSource(ints = {429, 502, 418})
  void givesUpOnWhatDoesNotPass(int status) {
    hub.pranked(
        (request, out) -> {
          RawServer.send(out, status, new byte[0]);
          return true;
        });
    assertThatThrownBy(this::pull)
        .isInstanceOf(HubException.class)
        .hasMessageContaining(String.valueOf(status));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../../../evil",
        "/etc/evil",
        "a/../../evil",
        "a//evil",
        "./evil",
        "..",
        "C:\\\\evil",
        "a\\\\..\\\\evil",
        "evil\\u0000",
        "evil\\u001b[2J",
        "\\u202Elive",
        ""
      })
  void aNameThatLeadsOutOfTheFolderIsRefused(String name) {
    list("{\"sha\":\"%s\",\"siblings\":[{\"rfilename\":\"%s\"}]}".formatted(FakeHub.COMMIT, name));
    assertThatThrownBy(this::pull)
        .isInstanceOf(HubException.class)
        .hasMessageContaining("outside of its folder")
        .hasMessageNotContaining("\u001B");
    assertThat(cache).isEmptyDirectory();
  }

  private void list(String json) {
    hub.pranked(
        (request, out) -> {
          if (!request.path().startsWith("/api/")) {
            return false;
          }
          RawServer.send(out, 200, json.getBytes(StandardCharsets.UTF_8));
          return true;
        });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "<html>",
        "{\"sha\":\"0123\",\"siblings\":[{\"rfilename\":\"config.json\"}]}",
        "{\"sha\":\"../../../../../../../../../../../../evil\",\"siblings\":[]}",
        "{\"siblings\":[{\"rfilename\":\"config.json\"}]}",
        "{\"sha\":\"0123456789abcdef0123456789abcdef01234567\"}",
        "{\"sha\":\"0123456789abcdef0123456789abcdef01234567\",\"siblings\":[]}",
        "{\"sha\":\"0123456789abcdef0123456789abcdef01234567\",\"siblings\":[{}]}",
        "{\"sha\":\"0123456789abcdef0123456789abcdef01234567\",\"siblings\":[{\"rfilename\":3}"
      })
  void aListThatIsNoneIsRefused(String json) {
    list(json);
    assertThatThrownBy(this::pull).isInstanceOfAny(HubException.class, UserException.class);
  }

  @Test
  void absurdSizesAreRefusedBeforeAnythingIsDownloaded() {
    list(
        """
        {"sha":"%s","siblings":[{"rfilename":"config.json","size":%d,"blobId":"%s"}]}
        """
            .formatted(FakeHub.COMMIT, 1L << 60, FakeHub.gitHash(SMALL)));
    assertThatThrownBy(this::pull)
        .isInstanceOf(UserException.class)
        .hasMessageContaining("free")
        .hasMessageContaining("config.json");
    list(
        """
        {"sha":"%s","siblings":[{"rfilename":"config.json","size":-5}]}
        """
            .formatted(FakeHub.COMMIT));
    assertThatThrownBy(this::pull).isInstanceOf(HubException.class).hasMessageContaining("size");
    assertThat(hub.server().requests())
        .noneMatch(r -> r.method().equals("GET") && r.path().endsWith(CONFIG));
  }

  @Test
  void aListThatContradictsTheHeadersIsRefused() {
    list(
        """
        {"sha":"%s","siblings":[{"rfilename":"config.json","size":%d,"blobId":"%s"}]}
        """
            .formatted(FakeHub.COMMIT, SMALL.length, "a".repeat(40)));
    assertThatThrownBy(this::pull)
        .isInstanceOf(HubException.class)
        .hasMessageContaining("different sizes or hashes");
  }

  @ParameterizedTest
  @ValueSource(strings = {"../../evil", "..", "a/b", ".hidden", "x.incomplete"})
  void anETagThatIsNoNameIsRefused(String etag) {
    hub.pranked(
        (request, out) -> {
          if (!request.method().equals("HEAD")) {
            return false;
          }
          RawServer.head(out, 200, "ETag: \"" + etag + "\"", "Content-Length: 5");
          return true;
        });
    assertThatThrownBy(this::pull).isInstanceOf(HubException.class).hasMessageContaining("ETag");
    assertThat(incomplete(cache)).isEmpty();
  }

  private static List<Path> incomplete(Path folder) {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(p -> p.toString().contains("evil")).toList();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void anAnswerOfAnotherCommitIsRefused() {
    hub.pranked(
        (request, out) -> {
          if (!request.method().equals("HEAD")) {
            return false;
          }
          RawServer.head(out, 200, "X-Repo-Commit: " + "b".repeat(40), "ETag: \"x\"");
          return true;
        });
    assertThatThrownBy(this::pull).isInstanceOf(HubException.class).hasMessageContaining("commit");
  }

  @Test
  void twoAtOnceDownloadOnce() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      Callable<Snapshot> work =
          () ->
              new Hub(hub.settings(cache, null))
                  .pull(
                      HubReference.parse(FakeHub.ID),
                      FileSelection.of(List.of(), List.of()),
                      HubListener.NONE);
      for (Future<Snapshot> done : threads.invokeAll(List.of(work, work))) {
        assertComplete(done.get());
      }
    } finally {
      threads.shutdownNow();
    }
    assertThat(contentRequests()).isEqualTo(1);
  }

  @Test
  void anEmptyFileIsAFile() throws IOException {
    hub.with("empty.txt", new byte[0]);
    assertThat(pull().folder().resolve("empty.txt")).isEmptyFile();
  }

  @Test
  void choosesWhatTheZooReads() {
    List<String> names =
        List.of(
            "config.json",
            "model.safetensors",
            "pytorch_model.bin",
            "tf_model.h5",
            "onnx/model.onnx",
            "old/pytorch_model.bin");
    assertThat(FileSelection.of(List.of(), List.of()).of(names))
        .containsExactly("config.json", "model.safetensors", "old/pytorch_model.bin");
    assertThat(FileSelection.of(List.of("*.bin", "onnx/"), List.of("old/*")).of(names))
        .containsExactly("pytorch_model.bin", "onnx/model.onnx");
    assertThat(FileSelection.of(List.of("[ct]*.[jh]*", "mode?.*"), List.of()).of(names))
        .containsExactly("config.json", "model.safetensors", "tf_model.h5");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "a/b/c",
        "../b",
        "a/..",
        "-a/b",
        "a/b-",
        "a--b/c",
        "a/b@",
        "a/b@../x",
        "a b/c"
      })
  void whatNamesNoModelIsRefused(String text) {
    assertThatThrownBy(() -> HubReference.parse(text)).isInstanceOf(UserException.class);
    assertThat(HubReference.isOwned(text)).isFalse();
  }

  @Test
  void readsItsSettingsFromTheEnvironment() throws IOException {
    Path home = Files.createDirectories(cache.resolve("home"));
    Files.writeString(home.resolve("token"), TOKEN + "\n");
    HubSettings settings = HubSettings.of(Map.of("HF_HOME", home.toString()));
    assertThat(settings.endpoint()).hasToString("https://huggingface.co");
    assertThat(settings.cache()).isEqualTo(home.resolve("hub"));
    assertThat(settings.token().header()).isEqualTo("Bearer " + TOKEN);
    assertThat(settings.token()).hasToString("***");
    assertThat(
            HubSettings.of(
                Map.of(
                    "HF_HOME", home.toString(),
                    "HF_HUB_CACHE", "/elsewhere",
                    "HF_TOKEN", "other",
                    "HF_HUB_OFFLINE", "1",
                    "HF_ENDPOINT", "http://mirror:8080/hub/")))
        .satisfies(
            s -> {
              assertThat(s.cache()).hasToString("/elsewhere");
              assertThat(s.token().header()).isEqualTo("Bearer other");
              assertThat(s.isOffline()).isTrue();
              assertThat(s.endpoint()).hasToString("http://mirror:8080/hub");
            });
    assertThatThrownBy(() -> HubSettings.of(Map.of("HF_TOKEN", "two\nlines")))
        .isInstanceOf(UserException.class)
        .hasMessageNotContaining("lines");
    assertThatThrownBy(() -> HubSettings.of(Map.of("HF_ENDPOINT", "huggingface.co")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("HF_ENDPOINT");
  }
}
