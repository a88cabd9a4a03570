package org.attentionzoo.training.tasks;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.ServiceLoader;
import java.util.SortedMap;
import java.util.TreeMap;
import org.attentionzoo.blocks.NearestName;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.training.TaskProvider;

/** The data schemes that exist, found by {@link ServiceLoader}. */
public final class Tasks {

  private Tasks() {}

  /**
   * What {@code --data} was given.
   *
   * @param provider the provider of the scheme
   * @param location what stands after the colon, possibly empty
   */
  public record Source(TaskProvider provider, String location) {}

  /**
   * All providers.
   *
   * @return by scheme, in the order of the names
   * @throws IllegalStateException if two claim one scheme
   */
  public static SortedMap<String, TaskProvider> all() {
    return Found.BY_SCHEME;
  }

  /**
   * The provider of a scheme.
   *
   * @param scheme for example {@code text}
   * @return the provider
   * @throws UserException if there is none; names the nearest
   */
  public static TaskProvider find(String scheme) {
    TaskProvider provider = all().get(scheme);
    if (provider == null) {
      throw new UserException(
          "unknown data scheme '"
              + scheme
              + "'; known: "
              + String.join(", ", all().keySet())
              + NearestName.suggestion(scheme, all().keySet()));
    }
    return provider;
  }

  /**
   * Takes {@code <scheme>:<location>} apart. A scheme alone means an empty location.
   *
   * @param data for example {@code text:input.txt}
   * @return provider and location
   * @throws UserException if there is no such scheme; names the nearest
   */
  public static Source parse(String data) {
    int colon = data.indexOf(':');
    if (colon >= 0) {
      return new Source(find(data.substring(0, colon)), data.substring(colon + 1));
    }
    if (!all().containsKey(data) && isPath(data)) {
      throw new UserException(
          "'" + data + "' has no scheme; for a text file or folder write text:" + data);
    }
    return new Source(find(data), "");
  }

  private static boolean isPath(String data) {
    try {
      return data.contains("/") || Files.exists(Path.of(data));
    } catch (InvalidPathException e) {
      return false;
    }
  }

  /** Loaded at first use. */
  private static final class Found {
    private static final SortedMap<String, TaskProvider> BY_SCHEME = load();

    private static SortedMap<String, TaskProvider> load() {
      SortedMap<String, TaskProvider> found = new TreeMap<>();
      for (TaskProvider provider : ServiceLoader.load(TaskProvider.class)) {
        TaskProvider other = found.putIfAbsent(provider.scheme(), provider);
        if (other != null) {
          throw new IllegalStateException(
              "two providers of scheme '" + provider.scheme() + "': " + other + ", " + provider);
        }
      }
      return Collections.unmodifiableSortedMap(found);
    }
  }
}
