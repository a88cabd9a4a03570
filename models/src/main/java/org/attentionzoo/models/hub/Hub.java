package org.attentionzoo.models.hub;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.attentionzoo.blocks.UserException;

/**
 * Downloads models from a hub into the cache that the hub's own client uses, and finds them there.
 *
 * <p>A file gets its name only when its size and its hash are those that the hub tells; until then
 * it is {@code .incomplete} and the next attempt goes on where it ended. Names, sizes and texts
 * from the server are checked before they are used.
 *
 * <p>Thread safety: may be used by several threads and processes at once.
 */
public final class Hub {

  private final HubSettings settings;

  /**
   * A hub.
   *
   * @param settings where it is
   */
  public Hub(HubSettings settings) {
    this.settings = settings;
  }

  /**
   * Brings a model into the cache; what is there already is not downloaded again.
   *
   * @param reference which model
   * @param selection which of its files
   * @param listener hears how it goes on
   * @return where the files are; offline, those that are in the cache
   * @throws UserException if there is no such model, it may not be read, the disk is too small, or
   *     offline it is not in the cache
   * @throws HubException if the hub cannot be reached or sends what it did not announce
   */
  public Snapshot pull(HubReference reference, FileSelection selection, HubListener listener) {
    if (settings.isOffline()) {
      return cached(reference, selection);
    }
    try (HubClient client = new HubClient(settings)) {
      return new HubPull(client, settings, reference, selection, listener).run();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HubException("interrupted; the next attempt goes on where this one ended", e);
    } catch (HubClient.PassingException e) {
      throw new HubException(e.getMessage(), e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Finds a model in the cache, without a network.
   *
   * @param reference which model
   * @return its folder, or empty if that revision was never downloaded
   */
  public Optional<Path> find(HubReference reference) {
    HubCache cache = new HubCache(settings.cache(), reference.id());
    return cache.commit(reference).map(cache::snapshot).filter(Files::isDirectory);
  }

  private Snapshot cached(HubReference reference, FileSelection selection) {
    Path folder =
        find(reference)
            .orElseThrow(
                () ->
                    new UserException(
                        reference
                            + " is not in the cache "
                            + settings.cache()
                            + "; download it first with a network: zoo pull "
                            + reference));
    try (Stream<Path> paths = Files.walk(folder)) {
      List<String> names =
          paths
              .filter(Files::isRegularFile)
              .map(p -> folder.relativize(p).toString().replace('\\', '/'))
              .sorted()
              .toList();
      List<String> files = selection.of(names);
      return new Snapshot(
          folder,
          folder.getFileName().toString(),
          files,
          names.stream().filter(n -> !files.contains(n)).toList());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
