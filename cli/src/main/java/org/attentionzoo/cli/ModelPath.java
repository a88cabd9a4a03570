package org.attentionzoo.cli;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.models.hub.HubReference;

/** Where a command finds the model that its argument names. */
final class ModelPath {

  private ModelPath() {}

  /**
   * A path as it stands, or {@code owner/name[@revision]} in the hub's cache.
   *
   * @throws UserException if there is neither; says how to get it
   */
  static Path of(String argument) {
    Path path = null;
    try {
      path = Path.of(argument);
    } catch (InvalidPathException e) {
      throw new UserException("'" + argument + "' is no path", e);
    }
    if (Files.exists(path) || !HubReference.isOwned(argument)) {
      return path;
    }
    return Environment.hub()
        .find(HubReference.parse(argument))
        .orElseThrow(
            () ->
                new UserException(
                    argument
                        + " is not there, and no model of that name is in the cache; to download"
                        + " it: zoo pull "
                        + argument));
  }
}
