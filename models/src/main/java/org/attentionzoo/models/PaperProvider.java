package org.attentionzoo.models;

import java.util.List;

/**
 * Brings one paper into the zoo; found by {@link java.util.ServiceLoader}. Its card is the resource
 * {@code papers/<id>.yaml}. Constructing a provider does no work and loads no engine; what it lists
 * is made when asked for.
 */
public interface PaperProvider {

  /**
   * The paper's id.
   *
   * @return for example {@code titans}
   */
  String id();

  /**
   * The paper's blocks, for the sweep.
   *
   * @return one specimen for each block and for each switch worth sweeping
   */
  default List<Specimen> specimens() {
    return List.of();
  }

  /**
   * The paper's models.
   *
   * @return architectures with presets
   */
  default List<ModelEntry<?>> models() {
    return List.of();
  }

  /**
   * The paper's causal mixers that any decoder can take.
   *
   * @return mixers for comparisons
   */
  default List<MixerEntry> mixers() {
    return List.of();
  }

  /**
   * The paper's attentions that declare patterns beside the causal one of {@link #mixers}.
   *
   * @return attentions for the benchmark of patterns
   */
  default List<PatternMixerEntry> patternMixers() {
    return List.of();
  }

  /**
   * The components that golden cases name.
   *
   * @return targets by the names of the cases
   */
  default List<GoldenTarget> goldenTargets() {
    return List.of();
  }
}
