package org.attentionzoo.cli;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.models.Papers;
import org.attentionzoo.models.hub.HubReference;
import org.attentionzoo.training.run.Recipes;

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
        .orElseThrow(() -> new UserException(missing(Papers.load(), argument)));
  }

  /** A paper's name before the slash means the zoo, not a hub. */
  private static String missing(Papers papers, String argument) {
    String paper = argument.substring(0, argument.indexOf('/'));
    List<String> known = new ArrayList<>();
    papers.models().stream()
        .filter(model -> model.paper().equals(paper))
        .forEach(model -> known.add(model.name()));
    Recipes.names(papers).stream().filter(name -> name.startsWith(paper + "/")).forEach(known::add);
    return known.isEmpty()
        ? argument
            + " is not there, and no model of that name is in the cache; to download it: zoo pull "
            + argument
        : argument
            + " is not there; models and recipes of the paper "
            + paper
            + ": "
            + String.join(", ", known);
  }

  /**
   * As {@link #of}, for commands that need weights.
   *
   * @throws UserException also if the argument is the name of a model or recipe, which has none, or
   *     a file, which is no run
   */
  static Path ofTrained(Papers papers, String argument) {
    boolean named =
        Recipes.names(papers).contains(argument)
            || papers.presets().stream().anyMatch(preset -> preset.name().equals(argument))
            || papers.models().stream().anyMatch(model -> model.name().equals(argument));
    if (named && !Files.exists(Path.of(argument))) {
      throw new UserException(
          argument
              + " is a model or recipe, which has no weights of its own; add --weights FILE or give"
              + " the folder of a run");
    }
    return ofFolder(argument);
  }

  /**
   * As {@link #of}, for commands that need a folder.
   *
   * @throws UserException also if the argument is a file
   */
  static Path ofFolder(String argument) {
    Path path = of(argument);
    if (Files.isRegularFile(path)) {
      throw new UserException(
          argument
              + (argument.endsWith(".onnx")
                  ? " is an ONNX file, which only zoo eval takes (with --engine onnxruntime)"
                  : " is a file")
              + "; give the folder of a run");
    }
    return path;
  }
}
