package org.attentionzoo.models;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import org.attentionzoo.blocks.NearestName;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;

/**
 * Everything in the zoo by name: papers, models, presets, golden targets, specimens. Loads no
 * engine.
 *
 * <p>Thread safety: immutable.
 */
public final class Papers {

  private final Map<String, PaperProvider> papers = new TreeMap<>();
  private final Map<String, ModelEntry<?>> models;
  private final Map<String, Preset<?>> presets;

  /**
   * A model's preset.
   *
   * @param name its full name, for example {@code titans-mac-tiny}
   * @param preset its name within the model, for example {@code tiny}
   * @param model the model
   * @param config its config
   * @param <C> the config record's type
   */
  public record Preset<C extends Record>(
      String name, String preset, ModelEntry<C> model, C config) {

    /**
     * Builds the model of this preset.
     *
     * @return uninitialised
     */
    public ZooBlock build() {
      return model.factory().apply(config);
    }
  }

  /**
   * Collects papers.
   *
   * @param providers the papers
   * @throws IllegalStateException if two papers, models or presets have one name (two golden
   *     targets or specimens, when they are asked for); a mistake in the zoo, not of its user
   */
  public Papers(Iterable<PaperProvider> providers) {
    for (PaperProvider provider : providers) {
      put(papers, provider.id(), provider, "papers");
    }
    models = collect(PaperProvider::models, ModelEntry::name, "models");
    presets = new LinkedHashMap<>();
    models
        .values()
        .forEach(model -> presetsOf(model).forEach(p -> put(presets, p.name(), p, "presets")));
  }

  /**
   * Finds all papers on the class path.
   *
   * @return the zoo
   */
  public static Papers load() {
    return new Papers(ServiceLoader.load(PaperProvider.class, Papers.class.getClassLoader()));
  }

  /**
   * All papers.
   *
   * @return sorted by id
   */
  public Collection<PaperProvider> all() {
    return List.copyOf(papers.values());
  }

  /**
   * A paper.
   *
   * @param id its id
   * @return its provider
   * @throws UserException if there is none; suggests the nearest
   */
  public PaperProvider paper(String id) {
    return find(papers, id, "paper");
  }

  /**
   * All models.
   *
   * @return in the order of the papers
   */
  public Collection<ModelEntry<?>> models() {
    return List.copyOf(models.values());
  }

  /**
   * A model.
   *
   * @param name its name without a preset
   * @return the model
   * @throws UserException if there is none; suggests the nearest
   */
  public ModelEntry<?> model(String name) {
    return find(models, name, "model");
  }

  /**
   * All presets of all models.
   *
   * @return in the order of the models
   */
  public Collection<Preset<?>> presets() {
    return List.copyOf(presets.values());
  }

  /**
   * A preset.
   *
   * @param name its full name, for example {@code titans-mac-tiny}; a model's name alone means its
   *     first preset
   * @return the preset
   * @throws UserException if there is none; suggests the nearest
   */
  public Preset<?> preset(String name) {
    ModelEntry<?> model = models.get(name);
    if (model != null && !presets.containsKey(name)) {
      return presetsOf(model).get(0);
    }
    return find(presets, name, "model");
  }

  /**
   * All mixers that any decoder can take.
   *
   * @return in the order of the papers
   */
  public Collection<MixerEntry> mixers() {
    return List.copyOf(collectMixers().values());
  }

  /**
   * A mixer.
   *
   * @param name for example {@code attention}
   * @return the mixer
   * @throws UserException if there is none; suggests the nearest
   */
  public MixerEntry mixer(String name) {
    return find(collectMixers(), name, "mixer", "'zoo compare --list' shows what there is");
  }

  /**
   * All attentions that declare patterns: those of the papers, then every causal mixer.
   *
   * @return in the order of the papers
   */
  public Collection<PatternMixerEntry> patternMixers() {
    return List.copyOf(collectPatternMixers().values());
  }

  /**
   * An attention that declares patterns.
   *
   * @param name for example {@code cab-attention}
   * @return the attention
   * @throws UserException if there is none; suggests the nearest
   */
  public PatternMixerEntry patternMixer(String name) {
    Map<String, PatternMixerEntry> known = collectPatternMixers();
    Set<String> others = new LinkedHashSet<>(known.keySet());
    others.removeAll(collectMixers().keySet());
    return find(
        known,
        name,
        "mixer",
        "'zoo compare --list' shows the causal ones, the others are " + String.join(", ", others));
  }

  private Map<String, PatternMixerEntry> collectPatternMixers() {
    Map<String, PatternMixerEntry> all =
        new LinkedHashMap<>(
            collect(PaperProvider::patternMixers, PatternMixerEntry::name, "mixers"));
    mixers().forEach(mixer -> put(all, mixer.name(), PatternMixerEntry.of(mixer), "mixers"));
    return all;
  }

  private Map<String, MixerEntry> collectMixers() {
    return collect(PaperProvider::mixers, MixerEntry::name, "mixers");
  }

  /**
   * All golden targets.
   *
   * @return in the order of the papers
   */
  public Collection<GoldenTarget> goldenTargets() {
    return List.copyOf(collectGoldenTargets().values());
  }

  /**
   * A golden target.
   *
   * @param name for example {@code titans/neural-memory}
   * @return the target
   * @throws UserException if there is none; suggests the nearest
   */
  public GoldenTarget goldenTarget(String name) {
    return find(collectGoldenTargets(), name, "golden target");
  }

  /**
   * All specimens.
   *
   * @return in the order of the papers
   */
  public Collection<Specimen> specimens() {
    return List.copyOf(collect(PaperProvider::specimens, Specimen::name, "specimens").values());
  }

  private static <C extends Record> List<Preset<C>> presetsOf(ModelEntry<C> model) {
    List<Preset<C>> result = new ArrayList<>();
    model
        .presets()
        .forEach(
            (name, config) ->
                result.add(new Preset<>(model.name() + "-" + name, name, model, config)));
    if (result.isEmpty()) {
      throw new IllegalStateException("the model '" + model.name() + "' has no preset");
    }
    return result;
  }

  /**
   * Collected when asked for, so that a list of the models need not make the parts of all papers.
   */
  private Map<String, GoldenTarget> collectGoldenTargets() {
    return collect(PaperProvider::goldenTargets, GoldenTarget::name, "golden targets");
  }

  private <T> Map<String, T> collect(
      Function<PaperProvider, List<? extends T>> parts, Function<T, String> name, String what) {
    Map<String, T> found = new LinkedHashMap<>();
    for (PaperProvider paper : papers.values()) {
      for (T part : parts.apply(paper)) {
        put(found, name.apply(part), part, what);
      }
    }
    return found;
  }

  private static <T> void put(Map<String, T> found, String name, T part, String what) {
    if (found.putIfAbsent(name, part) != null) {
      throw new IllegalStateException("two " + what + " are called '" + name + "'");
    }
  }

  private static <T> T find(Map<String, T> known, String name, String what) {
    return find(known, name, what, "'zoo list' shows what there is");
  }

  private static <T> T find(Map<String, T> known, String name, String what, String shown) {
    T found = known.get(name);
    if (found != null) {
      return found;
    }
    String hint = NearestName.suggestion(name, known.keySet());
    throw new UserException(
        "unknown " + what + " '" + name + "'" + (hint.isEmpty() ? "; " + shown : hint));
  }
}
