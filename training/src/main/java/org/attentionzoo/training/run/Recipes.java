package org.attentionzoo.training.run;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.attentionzoo.blocks.NearestName;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.models.Configs;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Papers;

/**
 * Recipes: {@link RunConfig}s as YAML. Those of the zoo are resources {@code
 * recipes/<paper>/<name>.yaml} and are called {@code <paper>/<name>}; one that has the name of a
 * model's preset is what training that model means by default.
 *
 * <p>Thread safety: all methods may be called by any thread.
 */
public final class Recipes {

  private static final String ROOT = "recipes/";
  private static final String SUFFIX = ".yaml";
  private static final String MODEL = "model";

  private Recipes() {}

  /**
   * Finds what a user wants to train.
   *
   * @param papers the zoo
   * @param name a model's preset, a recipe's name or a recipe's file
   * @param overrides changes, each {@code key=value}; {@code model.<key>} and {@code task.<key>}
   *     reach the options of the model and of the task
   * @return the config; what its data and model make of their options is not checked yet
   * @throws UserException if there is no such thing, or a change does not fit
   */
  public static RunConfig resolve(Papers papers, String name, List<String> overrides) {
    return override(find(papers, name), overrides);
  }

  /**
   * Changes a config.
   *
   * @param config the config
   * @param overrides changes, each {@code key=value}, as for {@link #resolve}
   * @return a changed copy
   * @throws UserException if a change does not fit
   */
  public static RunConfig override(RunConfig config, List<String> overrides) {
    return Configs.override(
        config,
        overrides.stream()
            .map(
                o -> o.startsWith(MODEL + ".") ? "modelOverrides" + o.substring(MODEL.length()) : o)
            .toList());
  }

  /**
   * The recipes of the zoo.
   *
   * @param papers the zoo
   * @return names, {@code <paper>/<name>}
   */
  public static SortedSet<String> names(Papers papers) {
    SortedSet<String> names = new TreeSet<>();
    for (PaperProvider paper : papers.all()) {
      resources(ROOT + paper.id(), SUFFIX).forEach(file -> names.add(paper.id() + "/" + file));
    }
    return names;
  }

  private static RunConfig find(Papers papers, String name) {
    if (name.endsWith(SUFFIX) || name.endsWith(".yml")) {
      Path file = Path.of(name);
      if (!Files.isRegularFile(file)) {
        throw new UserException("there is no recipe file " + name);
      }
      return fromMap(readYaml(file), name);
    }
    if (name.contains("/")) {
      return resource(name)
          .orElseThrow(
              () ->
                  new UserException(
                      "unknown recipe '"
                          + name
                          + "'"
                          + NearestName.suggestion(name, names(papers))));
    }
    Papers.Preset<?> preset = papers.preset(name);
    return resource(paperOf(preset) + "/" + preset.name())
        .orElseGet(() -> RunConfig.of(preset.name()));
  }

  private static String paperOf(Papers.Preset<?> preset) {
    return preset.model().paper();
  }

  private static Optional<RunConfig> resource(String name) {
    String resource = ROOT + name + SUFFIX;
    try (InputStream in = Recipes.class.getClassLoader().getResourceAsStream(resource)) {
      if (in == null) {
        return Optional.empty();
      }
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return Optional.of(fromMap(Configs.parse(text, resource), resource));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A config from a map of what differs from the defaults; only the model must be named. */
  static RunConfig fromMap(Map<String, Object> values, String origin) {
    // The folder of a run is a recipe too: what it says about its origin decides nothing.
    values.remove("provenance");
    if (!(values.get(MODEL) instanceof String model)) {
      throw new UserException(origin + ": it does not say which model to train (model: <preset>)");
    }
    try {
      return Configs.fromMap(RunConfig.of(model), values);
    } catch (UserException e) {
      throw new UserException(origin + ": " + e.getMessage(), e);
    }
  }

  static Map<String, Object> readYaml(Path file) {
    try {
      return Configs.parse(Files.readString(file), file.toString());
    } catch (IOException e) {
      throw new UserException("cannot read " + file + ": " + e, e);
    }
  }

  /**
   * The resources of a folder.
   *
   * @param folder the folder, for example {@code recipes/titans}
   * @param suffix how their names end
   * @return their names without the suffix; empty if there is no such folder
   */
  public static List<String> resources(String folder, String suffix) {
    URL url = Recipes.class.getClassLoader().getResource(folder);
    if (url == null) {
      return List.of();
    }
    try {
      URI uri = url.toURI();
      if (uri.getScheme().equals("jar")) {
        String jar = uri.toString().substring(0, uri.toString().indexOf('!'));
        try (FileSystem files =
            FileSystems.newFileSystem(Path.of(URI.create(jar.substring("jar:".length()))))) {
          return list(files.getPath(folder), suffix);
        }
      }
      return list(Path.of(uri), suffix);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<String> list(Path folder, String suffix) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(f -> f.getFileName().toString())
          .filter(f -> f.endsWith(suffix))
          .map(f -> f.substring(0, f.length() - suffix.length()))
          .toList();
    }
  }
}
