package org.attentionzoo.models;

import ai.djl.ndarray.NDArray;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;

/**
 * A component whose numbers can be compared with the official code's.
 *
 * @param name for example {@code titans/neural-memory}
 * @param build makes the component from the official constructor's arguments, by the same public
 *     factory that a model uses
 */
public record GoldenTarget(String name, Function<GoldenConfig, Case> build) {

  /** Feeds named inputs to a component and names its outputs; contains no arithmetic of its own. */
  @FunctionalInterface
  public interface Adapter {
    /**
     * Runs the component.
     *
     * @param pass what the pass carries; says whether this is a training pass
     * @param inputs by the names of the case
     * @return outputs by the names of the case, possibly more than the case lists
     */
    Map<String, NDArray> run(Pass pass, Map<String, NDArray> inputs);
  }

  /**
   * A component ready to load weights.
   *
   * @param block the component, uninitialised
   * @param adapter runs it
   * @param rename official state-dict key to ours; identity where names carry over
   */
  public record Case(ZooBlock block, Adapter adapter, UnaryOperator<String> rename) {
    /**
     * A component whose parameters have the official names.
     *
     * @param block the component, uninitialised
     * @param adapter runs it
     */
    public Case(ZooBlock block, Adapter adapter) {
      this(block, adapter, UnaryOperator.identity());
    }
  }
}
