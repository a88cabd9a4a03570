package org.attentionzoo.models.huggingface;

import java.util.Set;

/**
 * Understands the {@code config.json} of a family of models; found by {@link
 * java.util.ServiceLoader}. Constructing one does no work and loads no engine.
 */
public interface HuggingFaceProvider {

  /**
   * The values of {@code model_type} that it understands.
   *
   * @return for example {@code llama}
   */
  Set<String> modelTypes();

  /**
   * Chooses model and config.
   *
   * @param config the {@code config.json}; every field must be read, expected or ignored with a
   *     reason
   * @return what is to be built, and how its weights are called
   * @throws org.attentionzoo.blocks.UserException if it describes what cannot be built
   */
  HuggingFaceModel read(HuggingFaceConfig config);
}
