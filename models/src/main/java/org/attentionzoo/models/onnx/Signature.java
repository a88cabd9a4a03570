package org.attentionzoo.models.onnx;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.models.ModelInput;

/**
 * How a model is called: what goes in and comes out, and which sizes are free.
 *
 * @param sizes the free sizes
 * @param inputs names of the inputs
 * @param outputs names of the outputs
 * @param maker makes inputs
 * @param forward runs the model
 */
public record Signature(
    List<Size> sizes, List<String> inputs, List<String> outputs, Maker maker, Forward forward) {

  /**
   * A size that the graph leaves free.
   *
   * @param name for example {@code batch}
   * @param least the least that makes sense
   * @param most the most that makes sense; {@link Integer#MAX_VALUE} if there is no bound
   */
  public record Size(String name, int least, int most) {

    /**
     * A number of sequences or images.
     *
     * @return {@code batch}, 1 or more
     */
    public static Size batch() {
      return new Size(ModelInput.BATCH, 1, Integer.MAX_VALUE);
    }

    /**
     * A number of tokens.
     *
     * @param name for example {@code length}
     * @param most the most that the model takes
     * @return 1 to most
     */
    public static Size length(String name, int most) {
      return new Size(name, 1, most);
    }
  }

  /** Makes inputs of given sizes. */
  @FunctionalInterface
  public interface Maker {
    /**
     * Makes random inputs.
     *
     * @param manager owns them
     * @param sizes a number for each free size
     * @return one array for each input
     */
    NDList make(NDManager manager, Map<String, Integer> sizes);
  }

  /** Runs a model. */
  @FunctionalInterface
  public interface Forward {
    /**
     * Runs the model.
     *
     * @param pass what the pass carries
     * @param inputs one array for each input
     * @return one array for each output
     */
    NDList run(Pass pass, NDList inputs);
  }
}
