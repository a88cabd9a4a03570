package org.attentionzoo.models.hub;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.attentionzoo.blocks.UserException;

/** One download of one model. */
final class HubPull {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long MOST_LISTING = 64L << 20;
  private static final int MOST_FILES = 100_000;
  private static final Pattern ETAG = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_=+-]{0,127}");
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
  private static final Pattern SHA1 = Pattern.compile("[0-9a-f]{40}");

  private final HubClient client;
  private final HubReference reference;
  private final FileSelection selection;
  private final HubListener listener;
  private final HubCache cache;
  private final Retries retries;
  private final HubTransfer transfer;

  HubPull(
      HubClient client,
      HubSettings settings,
      HubReference reference,
      FileSelection selection,
      HubListener listener) {
    this.client = client;
    this.reference = reference;
    this.selection = selection;
    this.listener = listener;
    cache = new HubCache(settings.cache(), reference.id());
    retries = new Retries(settings.patience(), listener);
    transfer = new HubTransfer(client, cache, reference.id(), retries, listener);
  }

  /** What the hub's list says of a file; null where it says nothing. */
  private record Listed(String name, Long size, String sha256, String gitSha1) {}

  Snapshot run() throws IOException, InterruptedException {
    JsonNode listing = retries.run(reference.toString(), this::listing);
    String commit = listing.path("sha").asText("");
    if (!HubReference.isCommit(commit)
        || (reference.isCommit() && !commit.equals(reference.revision()))) {
      throw new HubException(
          reference
              + ": the hub says its commit is '"
              + ServerText.printable(commit)
              + "'; expected "
              + (reference.isCommit() ? reference.revision() : "40 hexadecimal digits"));
    }
    Map<String, Listed> listed = files(listing);
    List<String> all = List.copyOf(listed.keySet());
    List<String> names = selection.of(all);
    if (names.isEmpty()) {
      throw new UserException(
          reference
              + " has no file that is wanted; it has "
              + (all.isEmpty() ? "none at all" : String.join(", ", shortened(all)))
              + "; see --include and --exclude");
    }
    cache.prepare();
    List<RemoteFile> missing = new ArrayList<>();
    for (String name : names) {
      if (!isThere(commit, listed.get(name))) {
        missing.add(retries.run(name, () -> told(commit, listed.get(name))));
      }
    }
    plan(missing);
    for (RemoteFile file : missing) {
      listener.started(file.name(), file.size());
      transfer.bring(commit, file);
      cache.link(commit, file.name(), file.etag());
      listener.finished(file.name(), file.isVerifiable());
    }
    // Last, so that a revision never means a commit of which files are missing.
    cache.remember(reference, commit);
    return new Snapshot(
        cache.snapshot(commit),
        commit,
        names,
        all.stream().filter(n -> !names.contains(n)).toList());
  }

  private JsonNode listing() throws IOException, InterruptedException {
    try (HubClient.Answer answer = client.get(client.listing(reference), Map.of())) {
      client.check(answer, reference.toString());
      ByteArrayOutputStream body = new ByteArrayOutputStream();
      long read =
          client.read(
              answer,
              MOST_LISTING + 1,
              reference.toString(),
              (bytes, count) -> body.write(bytes, 0, count));
      if (read > MOST_LISTING) {
        throw new HubException(
            reference + ": the list of its files has more than " + MOST_LISTING + " bytes");
      }
      JsonNode tree = JSON.readTree(body.toByteArray());
      if (tree == null || !tree.isObject() || !tree.path("siblings").isArray()) {
        throw new HubException(
            reference + ": what the hub sent is no description of a model; see HF_ENDPOINT");
      }
      return tree;
    } catch (JsonProcessingException e) {
      throw new HubException(reference + ": what the hub sent is no JSON; see HF_ENDPOINT", e);
    }
  }

  private Map<String, Listed> files(JsonNode listing) {
    JsonNode siblings = listing.path("siblings");
    if (siblings.size() > MOST_FILES) {
      throw new HubException(
          reference + " has " + siblings.size() + " files; at most " + MOST_FILES + " are taken");
    }
    Map<String, Listed> files = new LinkedHashMap<>();
    for (JsonNode sibling : siblings) {
      String name = sibling.path("rfilename").asText("");
      if (!FileNames.isSafe(name)) {
        throw new HubException(
            reference
                + " has a file named '"
                + ServerText.printable(name)
                + "', which could lie outside of its folder; nothing was downloaded");
      }
      JsonNode lfs = sibling.path("lfs");
      JsonNode size = lfs.has("size") ? lfs.path("size") : sibling.path("size");
      String sha256 = hash(lfs.path("sha256"), SHA256);
      files.put(
          name,
          new Listed(
              name,
              size.isIntegralNumber() ? Long.valueOf(size.asLong()) : null,
              sha256,
              // Of a file in large file storage this is the hash of the pointer to it.
              lfs.isObject() ? null : hash(sibling.path("blobId"), SHA1)));
    }
    return files;
  }

  private static String hash(JsonNode node, Pattern form) {
    return form.matcher(node.asText("")).matches() ? node.asText() : null;
  }

  /** A commit's files never change: what the snapshot has is what the hub has. */
  private boolean isThere(String commit, Listed file) throws IOException {
    Path path = cache.snapshot(commit).resolve(file.name());
    return Files.isRegularFile(path) && (file.size() == null || Files.size(path) == file.size());
  }

  private RemoteFile told(String commit, Listed file) throws IOException, InterruptedException {
    String name = file.name();
    try (HubClient.Answer answer = client.head(client.file(reference.id(), commit, name))) {
      client.check(answer, name + " of " + reference);
      Optional<String> said = answer.first("X-Repo-Commit");
      if (said.isPresent() && !said.get().equals(commit)) {
        throw new HubException(
            name
                + ": commit "
                + commit
                + " was asked for, but the hub answers of "
                + ServerText.printable(said.get()));
      }
      String etag =
          answer
              .first("X-Linked-Etag")
              .or(() -> answer.header("ETag"))
              .map(RemoteFile::normalised)
              .orElse(file.sha256() != null ? file.sha256() : file.gitSha1());
      if (etag == null || !ETAG.matcher(etag).matches()) {
        throw new HubException(
            name
                + ": the hub's ETag is "
                + (etag == null ? "missing" : "'" + ServerText.printable(etag) + "'")
                + "; without one the file has no place in the cache");
      }
      String sha256 = file.sha256();
      String gitSha1 = file.gitSha1();
      if (sha256 == null && gitSha1 == null) {
        sha256 = SHA256.matcher(etag).matches() ? etag : null;
        gitSha1 = SHA1.matcher(etag).matches() ? etag : null;
      }
      boolean contradicts =
          (SHA256.matcher(etag).matches() && sha256 != null && !etag.equals(sha256))
              || (SHA1.matcher(etag).matches() && gitSha1 != null && !etag.equals(gitSha1));
      Optional<String> linked = answer.first("X-Linked-Size");
      Optional<String> plain =
          answer.status() / 100 == 2 ? answer.header("Content-Length") : Optional.empty();
      Long size = file.size();
      if (linked.isPresent() || (size == null && plain.isPresent())) {
        Long header = number(linked.or(() -> plain).orElseThrow());
        contradicts |= size != null && !size.equals(header);
        size = header;
      }
      if (contradicts) {
        throw new HubException(
            name + ": the hub's list and its headers tell different sizes or hashes");
      }
      if (size == null || size < 0) {
        throw new HubException(name + ": the hub tells no size that a file can have");
      }
      return new RemoteFile(name, etag, size, sha256, gitSha1);
    }
  }

  private static Long number(String text) {
    return text.matches("\\d{1,18}") ? Long.valueOf(text) : Long.valueOf(-1);
  }

  private void plan(List<RemoteFile> missing) throws IOException {
    long bytes = 0;
    for (RemoteFile file : missing) {
      Path blob = cache.blob(file.etag());
      Path part = cache.incomplete(file.etag());
      long there =
          Files.isRegularFile(blob)
              ? file.size()
              : Files.isRegularFile(part) ? Math.min(Files.size(part), file.size()) : 0;
      try {
        bytes = Math.addExact(bytes, file.size() - there);
      } catch (ArithmeticException e) {
        throw new HubException("the hub announces files of more bytes than can be counted", e);
      }
    }
    long free = Files.getFileStore(cache.folder()).getUsableSpace();
    if (bytes > free) {
      String largest =
          missing.stream()
              .max(Comparator.comparingLong(f -> f.size()))
              .map(f -> f.name() + " with " + megabytes(f.size()))
              .orElse("");
      throw new UserException(
          reference
              + " needs "
              + megabytes(bytes)
              + " (the largest is "
              + largest
              + "), but "
              + cache.folder()
              + " has "
              + megabytes(free)
              + " free; set HF_HUB_CACHE to another disk, or leave files out with --exclude");
    }
    listener.planned(missing.size(), bytes);
  }

  private static String megabytes(long bytes) {
    return String.format(Locale.ROOT, "%,d MB", (bytes + 999_999) / 1_000_000);
  }

  private static List<String> shortened(List<String> names) {
    return names.size() <= 10
        ? names
        : Stream.concat(names.stream().limit(10), Stream.of("...")).toList();
  }
}
