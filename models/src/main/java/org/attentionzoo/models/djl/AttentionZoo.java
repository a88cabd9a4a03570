package org.attentionzoo.models.djl;

import ai.djl.repository.zoo.ModelZoo;
import java.util.Set;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.Papers;

/**
 * The zoo's models for DJL's {@link ai.djl.repository.zoo.Criteria}: group id {@value #GROUP_ID},
 * an artifact for each model, its presets by the filter {@value #PRESET}. See {@link PresetLoader}
 * for the options. Listing loads no engine.
 */
public final class AttentionZoo extends ModelZoo {

  /** The group id. */
  public static final String GROUP_ID = "org.attentionzoo";

  /** The filter that chooses a preset; without it the smallest is taken. */
  public static final String PRESET = "preset";

  static final String ENGINE = "PyTorch";

  /** Collects the models on the class path. */
  public AttentionZoo() {
    Papers papers = Papers.load();
    PresetRepository repository = new PresetRepository(papers);
    for (ModelEntry<?> entry : papers.models()) {
      addModel(new PresetLoader<>(papers, entry, repository));
    }
  }

  /** {@inheritDoc} */
  @Override
  public String getGroupId() {
    return GROUP_ID;
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> getSupportedEngines() {
    return Set.of(ENGINE);
  }
}
