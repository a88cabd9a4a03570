package org.attentionzoo.models.huggingface;

import ai.djl.ndarray.NDManager;
import java.util.List;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.models.weights.WeightSource;

/**
 * What a {@code config.json} describes.
 *
 * @param model the name of a model of the zoo
 * @param config an instance of that model's config record
 * @param loader loads the folder's weights into the built model
 */
public record HuggingFaceModel(String model, Record config, Loader loader) {

  /** Loads weights by the names that the folder gives them. */
  @FunctionalInterface
  public interface Loader {
    /**
     * Loads a model.
     *
     * @param model as built from the config
     * @param manager owns the parameters of a model that is not yet initialised
     * @param source the folder's tensors
     * @return parameters that the folder does not have and which keep their initial values; usually
     *     none
     * @throws org.attentionzoo.models.weights.WeightsException if the tensors do not fit; lists all
     *     that differ
     */
    List<String> load(ZooBlock model, NDManager manager, WeightSource source);
  }
}
