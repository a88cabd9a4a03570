package org.attentionzoo.models;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.attentionzoo.blocks.ZooBlock;

/**
 * A block or model as the sweep test sees it: how to make one, what to feed it, and which
 * properties hold.
 *
 * @param name for example {@code titans/neural-memory}
 * @param paper the id of the paper it belongs to
 * @param factory makes an uninitialised one, small enough to run in milliseconds
 * @param inputs makes inputs of a batch size and a length (what has no length ignores it)
 * @param traits what is promised beyond the properties of every block
 * @param exceptions properties of every block that do not hold here, with the reason
 * @param tolerance the largest difference relative to the largest value between two ways to compute
 *     the same
 * @param toleranceReason why the tolerance is what it is
 */
public record Specimen(
    String name,
    String paper,
    Supplier<? extends ZooBlock> factory,
    Inputs inputs,
    Set<Trait> traits,
    Map<Property, String> exceptions,
    double tolerance,
    String toleranceReason) {

  /** Makes inputs for a specimen. */
  @FunctionalInterface
  public interface Inputs {
    /**
     * Makes random inputs; the caller has seeded the engine.
     *
     * @param manager owns them
     * @param batch the batch size
     * @param length the sequence length
     * @return the inputs
     */
    NDList make(NDManager manager, int batch, int length);
  }

  /** What a specimen promises beyond the properties of every block. */
  public enum Trait {
    /** Output 0 is (B, L, ...) and no position depends on a later one. */
    CAUSAL,
    /** With a decode cache, pieces of any lengths give what the whole sequence gives. */
    STREAMING,
    /** The decode cache does not grow with the length. */
    CONSTANT_STATE,
    /** Implements Mixer; content of padded positions never matters. */
    MASKED
  }

  /** Properties that every specimen has unless it is excepted by name. */
  public enum Property {
    /** Every trainable parameter receives a gradient that is not zero. */
    EVERY_PARAMETER_LEARNS,
    /** A batch of n equals n batches of one. */
    BATCH_INDEPENDENT,
    /** The kernel path equals the plain path, outputs and gradients. */
    FAST_EQUALS_PLAIN,
    /** Two passes from one seed are equal. */
    SEEDED
  }

  /**
   * A specimen with the usual tolerance of float32 and no exceptions.
   *
   * @param name for example {@code eca-net/layer}
   * @param paper the id of the paper
   * @param factory makes an uninitialised one
   * @param inputs makes inputs
   * @param traits what is promised
   * @return the specimen
   */
  public static Specimen of(
      String name,
      String paper,
      Supplier<? extends ZooBlock> factory,
      Inputs inputs,
      Trait... traits) {
    return new Specimen(
        name, paper, factory, inputs, Set.of(traits), Map.of(), 2e-5, "float32 rounding");
  }
}
