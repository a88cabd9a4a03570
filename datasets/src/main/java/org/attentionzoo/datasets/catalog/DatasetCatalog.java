package org.attentionzoo.datasets.catalog;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.attentionzoo.blocks.FileTree;
import org.attentionzoo.blocks.NearestName;
import org.attentionzoo.blocks.UserException;

/**
 * Finds published data sets: in the folder that {@code ZOO_DATA} names, then in the cache ({@code
 * ZOO_CACHE}, else {@code attention-zoo} in {@code XDG_CACHE_HOME} or {@code ~/.cache}), then by a
 * download whose files are verified. {@code ZOO_OFFLINE=1} forbids downloads.
 *
 * <p>A data set appears in the cache whole or not at all: its files are collected in a folder
 * beside, verified, forced to disk, and the folder is renamed.
 *
 * <p>Thread safety: may be used by several threads and processes at once.
 */
public final class DatasetCatalog {

  /** Larger data sets are downloaded by {@code zoo data get} only, which shows how it goes on. */
  private static final long LARGEST_SILENT = 32_000_000;

  private static final ReentrantLock IN_PROCESS = new ReentrantLock();

  private final SortedMap<String, Dataset> datasets;
  private final Path given;
  private final Path cache;
  private final boolean offline;
  private final Download.Patience patience;

  DatasetCatalog(
      Iterable<Dataset> datasets, Map<String, String> environment, Download.Patience patience) {
    SortedMap<String, Dataset> byName = new TreeMap<>();
    for (Dataset dataset : datasets) {
      if (byName.put(dataset.name(), dataset) != null) {
        throw new IllegalStateException("two data sets are called " + dataset.name());
      }
    }
    this.datasets = Collections.unmodifiableSortedMap(byName);
    this.patience = patience;
    String data = environment.getOrDefault("ZOO_DATA", "").strip();
    given = data.isEmpty() ? null : path(data, "ZOO_DATA");
    String own = environment.getOrDefault("ZOO_CACHE", "").strip();
    String caches = environment.getOrDefault("XDG_CACHE_HOME", "").strip();
    Path home = Path.of(System.getProperty("user.home"), ".cache");
    Path root =
        own.isEmpty()
            ? (caches.isEmpty() ? home : path(caches, "XDG_CACHE_HOME")).resolve("attention-zoo")
            : path(own, "ZOO_CACHE");
    cache = root.resolve("data");
    offline =
        Set.of("1", "true", "yes", "on")
            .contains(environment.getOrDefault("ZOO_OFFLINE", "").strip().toLowerCase(Locale.ROOT));
  }

  private static Path path(String text, String name) {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw new UserException(name + " is no path: " + text, e);
    }
  }

  /**
   * The catalog of a process: all data sets that providers name.
   *
   * @param environment its variables, usually {@link System#getenv()}
   * @return the catalog
   */
  public static DatasetCatalog of(Map<String, String> environment) {
    List<Dataset> found = new ArrayList<>();
    for (DatasetProvider provider : ServiceLoader.load(DatasetProvider.class)) {
      found.addAll(provider.datasets());
    }
    return new DatasetCatalog(found, environment, Download.Patience.USUAL);
  }

  /**
   * The catalog of this process.
   *
   * @return of its environment
   */
  public static DatasetCatalog ofProcess() {
    return of(System.getenv());
  }

  /**
   * All data sets.
   *
   * @return by name
   */
  public SortedMap<String, Dataset> all() {
    return datasets;
  }

  /**
   * Where downloads are kept.
   *
   * @return a folder, which need not exist
   */
  public Path cache() {
    return cache;
  }

  /**
   * A data set by its name, in any case.
   *
   * @param name its name
   * @return the data set
   * @throws UserException if there is none; names the nearest
   */
  public Dataset find(String name) {
    return named(name)
        .orElseThrow(
            () ->
                new UserException(
                    "unknown data set '"
                        + name
                        + "'; known: "
                        + String.join(", ", datasets.keySet())
                        + NearestName.suggestion(name, datasets.keySet())));
  }

  private Optional<Dataset> named(String name) {
    return Optional.ofNullable(datasets.get(name.toLowerCase(Locale.ROOT)));
  }

  /**
   * Looks for a data set on this machine.
   *
   * @param dataset which
   * @return where it is; empty if no layout of it is there whole
   */
  public Optional<Located> locate(Dataset dataset) {
    for (Path folder : folders(dataset)) {
      for (List<String> layout : dataset.layouts()) {
        if (layout.stream().allMatch(file -> isThere(folder, file))) {
          return Optional.of(new Located(dataset, folder, layout));
        }
      }
    }
    return Optional.empty();
  }

  /**
   * Looks for files of a data set, whether it is whole or not.
   *
   * @param dataset which
   * @return where it is, or the first folder that has any file of it
   */
  public Optional<Located> locateAny(Dataset dataset) {
    Optional<Located> whole = locate(dataset);
    if (whole.isPresent()) {
      return whole;
    }
    for (Path folder : folders(dataset)) {
      List<String> there =
          dataset.files().stream()
              .map(PublishedFile::path)
              .filter(file -> isThere(folder, file))
              .toList();
      if (!there.isEmpty()) {
        return Optional.of(new Located(dataset, folder, there));
      }
    }
    return Optional.empty();
  }

  private List<Path> folders(Dataset dataset) {
    List<Path> folders = new ArrayList<>();
    if (given != null) {
      folders.add(given.resolve(dataset.folder()));
    }
    folders.add(cache.resolve(dataset.folder()));
    return folders;
  }

  private static boolean isThere(Path folder, String file) {
    Path path = folder.resolve(file);
    return file.endsWith("/") ? Files.isDirectory(path) : Files.isRegularFile(path);
  }

  /**
   * What a task's location means. A name of a data set goes before a file of that name, which is
   * reached by {@code ./name}; {@code name/file} is a file of the data set's folder.
   *
   * @param location what stands after the scheme's colon
   * @return the data set, found or downloaded; empty if the location is no data set's name
   * @throws UserException if it is a data set that is not here and cannot be had; says where it was
   *     looked for and what to do
   */
  public Optional<Located> resolve(String location) {
    int slash = location.indexOf('/');
    Optional<Dataset> dataset = named(slash < 0 ? location : location.substring(0, slash));
    if (dataset.isEmpty()) {
      return Optional.empty();
    }
    if (slash >= 0) {
      String file = location.substring(slash + 1);
      for (Path folder : folders(dataset.get())) {
        if (!file.isEmpty() && Files.exists(folder.resolve(file))) {
          return Optional.of(new Located(dataset.get(), folder, List.of(file)));
        }
      }
      throw new UserException(
          "the data set "
              + dataset.get().name()
              + " has no '"
              + file
              + "' in "
              + list(folders(dataset.get()))
              + "; for a path of your own write ./"
              + location);
    }
    return Optional.of(require(dataset.get()));
  }

  /**
   * The file or folder that a task's location means.
   *
   * @param location what stands after the scheme's colon
   * @return a data set's main file or folder, or the location as it is
   * @throws UserException as {@link #resolve}
   */
  public String pathOf(String location) {
    return resolve(location).map(found -> found.main().toString()).orElse(location);
  }

  /**
   * Finds a data set, or downloads it if it is small and all of it is pinned.
   *
   * @param dataset which
   * @return where it is
   * @throws UserException if it is not here; says what to do
   */
  public Located require(Dataset dataset) {
    Optional<Located> found = locate(dataset);
    if (found.isPresent()) {
      return found.get();
    }
    long size = dataset.downloadSize();
    boolean pinned = dataset.downloads().stream().allMatch(PublishedFile::isPinned);
    if (!offline && !dataset.downloads().isEmpty() && pinned && size <= LARGEST_SILENT) {
      return download(dataset, false, DownloadListener.NONE);
    }
    throw new UserException(missing(dataset));
  }

  /** Says that a data set is not here, where it was looked for, and what to do. */
  private String missing(Dataset dataset) {
    List<String> layouts = dataset.layouts().stream().map(l -> String.join(", ", l)).toList();
    String looked =
        "the data set "
            + dataset.name()
            + " is not here: looked for "
            + String.join("; or ", layouts)
            + " in "
            + list(folders(dataset))
            + (given == null ? " (ZOO_DATA is not set)" : "");
    if (dataset.downloads().isEmpty()) {
      return looked + "; no address of it is known: see " + dataset.page() + " and put it there";
    }
    return looked
        + "; "
        + (offline ? "download it without --offline and ZOO_OFFLINE: " : "download it: ")
        + "zoo data get "
        + dataset.name();
  }

  private static String list(List<Path> folders) {
    return String.join(" and ", folders.stream().map(Path::toString).toList());
  }

  /**
   * Downloads a data set into the cache unless it is on this machine already.
   *
   * @param dataset which
   * @param trusting whether files without a pinned hash are taken as they come
   * @param listener hears how it goes on
   * @return where it is
   * @throws UserException if it may not or cannot be downloaded; says what to do
   * @throws DownloadException if a server fails or sends what is not pinned
   */
  public Located get(Dataset dataset, boolean trusting, DownloadListener listener) {
    return locate(dataset).orElseGet(() -> download(dataset, trusting, listener));
  }

  private Located download(Dataset dataset, boolean trusting, DownloadListener listener) {
    if (offline || dataset.downloads().isEmpty()) {
      throw new UserException(missing(dataset));
    }
    List<String> loose =
        dataset.downloads().stream().filter(f -> !f.isPinned()).map(PublishedFile::path).toList();
    if (!loose.isEmpty() && !trusting) {
      throw new UserException(
          "no checksum of "
              + String.join(", ", loose)
              + " is pinned, so that what arrives cannot be verified; to take it as it comes: zoo"
              + " data get --unpinned "
              + dataset.name());
    }
    IN_PROCESS.lock();
    try (FileChannel lock = lock(dataset)) {
      Optional<Located> meanwhile = locate(dataset);
      if (meanwhile.isPresent()) {
        return meanwhile.get();
      }
      bring(dataset, listener);
      return locate(dataset)
          .orElseThrow(
              () ->
                  new DownloadException(
                      "what was downloaded for " + dataset.name() + " has another layout", null));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DownloadException("interrupted; the next attempt goes on where this one ended", e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      IN_PROCESS.unlock();
    }
  }

  private FileChannel lock(Dataset dataset) throws IOException {
    Files.createDirectories(cache);
    FileChannel channel =
        FileChannel.open(
            cache.resolve("." + dataset.folder() + ".lock"),
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE);
    channel.lock();
    return channel;
  }

  private void bring(Dataset dataset, DownloadListener listener)
      throws IOException, InterruptedException {
    Path incoming = cache.resolve(".incoming").resolve(dataset.folder());
    Path staging = cache.resolve("." + dataset.folder() + "." + UUID.randomUUID());
    try (Download download = new Download(patience, listener)) {
      for (PublishedFile file : dataset.downloads()) {
        download.bring(file, incoming.resolve(file.path() + ".part"));
      }
      Files.createDirectories(staging);
      for (PublishedFile file : dataset.downloads()) {
        Path part = incoming.resolve(file.path() + ".part");
        if (file.isArchive()) {
          Unpacking.unpack(part, file.path(), staging, file.stripped());
        } else {
          Path target = staging.resolve(file.path());
          Files.createDirectories(target.getParent());
          Files.copy(part, target);
          force(target);
        }
      }
      Path target = cache.resolve(dataset.folder());
      Path old = cache.resolve("." + dataset.folder() + "." + UUID.randomUUID() + ".old");
      if (Files.exists(target)) {
        keep(target, staging);
        Files.move(target, old, StandardCopyOption.ATOMIC_MOVE);
      }
      Files.move(staging, target, StandardCopyOption.ATOMIC_MOVE);
      FileTree.delete(old);
      FileTree.delete(incoming);
    } finally {
      FileTree.delete(staging);
    }
  }

  /** Data sets may share a folder: files that a download does not bring stay. */
  private static void keep(Path old, Path fresh) throws IOException {
    try (Stream<Path> paths = Files.walk(old)) {
      for (Path path : paths.filter(Files::isRegularFile).toList()) {
        Path target = fresh.resolve(old.relativize(path).toString());
        if (!Files.exists(target)) {
          Files.createDirectories(target.getParent());
          Files.copy(path, target, StandardCopyOption.COPY_ATTRIBUTES);
        }
      }
    }
  }

  private static void force(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
  }

  /** What a file of a data set is like on disk. */
  public enum State {
    /** It has a pinned hash. */
    VERIFIED,
    /** It is there, but no hash of it is pinned. */
    NOT_PINNED,
    /** Its size or hash is not a pinned one. */
    DIFFERENT,
    /** It is not there; another layout may do without it. */
    ABSENT
  }

  /**
   * What was found of a file.
   *
   * @param path the file, relative to the folder
   * @param state what it is like
   * @param detail what differs, or its hash where none is pinned; empty if there is nothing to say
   */
  public record Verdict(String path, State state, String detail) {}

  /**
   * Compares the files of a data set with what is pinned. Archives are not kept, and so not looked
   * at.
   *
   * @param found where it is
   * @return a verdict for each file
   */
  public List<Verdict> verify(Located found) {
    List<Verdict> verdicts = new ArrayList<>();
    for (PublishedFile file : found.dataset().files()) {
      Path path = found.folder().resolve(file.path());
      try {
        if (!Files.isRegularFile(path)) {
          if (!file.isArchive()) {
            verdicts.add(new Verdict(file.path(), State.ABSENT, ""));
          }
        } else if (file.isPinned()) {
          String wrong = Download.mismatch(file, path);
          verdicts.add(
              wrong == null
                  ? new Verdict(file.path(), State.VERIFIED, "")
                  : new Verdict(file.path(), State.DIFFERENT, wrong));
        } else {
          verdicts.add(new Verdict(file.path(), State.NOT_PINNED, Hashes.sha256(path)));
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return verdicts;
  }
}
