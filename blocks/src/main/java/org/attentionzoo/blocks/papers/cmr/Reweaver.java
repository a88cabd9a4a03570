package org.attentionzoo.blocks.papers.cmr;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Activation;
import ai.djl.nn.Parameter;
import java.util.Set;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.Masks;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.SimpleRmsNorm;
import org.attentionzoo.blocks.sparse.StableOrder;
import org.attentionzoo.blocks.sparse.StateBuffer;

/**
 * Contextual memory reweaving of one layer: each token of a segment asks a memory of the layer's
 * hidden states of earlier segments, what it gets is reconstructed and blended into its own hidden
 * state, and the relevant states of the segment are remembered.
 *
 * <p>With an empty memory a sequence's hidden states are unchanged. Of the parts only the choice of
 * states has no gradient; so that relevances can be learned, their logarithms are added to the
 * logits by which a token asks, which the third-party code does not do. Nor does it bring states to
 * one mean square before they ask and are asked: it works on those of trained decoders.
 *
 * <p>State dict: {@code relevance_scorer}, {@code memory_attention.query}, {@code
 * memory_attention.key}, {@code memory_attention.value}, {@code reconstructor}, {@code
 * context_blender}, {@code layer_weight} (1).
 */
public final class Reweaver extends ZooBlock {

  /** The tap of (B, slots, H), the states as the memory gives them. */
  public static final String ENTRIES = "entries";

  private static final double LEAST = 1e-12;

  private final CmrConfig config;

  /**
   * States of the same mean square, as layers with norms in front take them: those of a decoder
   * begin so small that all logits between them are about 0, and asking would not be learned.
   */
  private final SimpleRmsNorm unit;

  private final RelevanceScorer scorer;
  private final Asking asking;
  private final LatentReconstructor reconstructor;
  private final ContextBlender blender;
  private final Parameter layerWeight;

  /**
   * A memory for a layer.
   *
   * @param config its sizes
   * @throws IllegalArgumentException if it has no slots
   */
  public Reweaver(CmrConfig config) {
    if (config.slots() < 1) {
      throw new IllegalArgumentException("a memory needs slots; got " + config.slots());
    }
    this.config = config;
    unit = child("unit", new SimpleRmsNorm());
    scorer = child("relevance_scorer", new RelevanceScorer(config));
    asking = child("memory_attention", new Asking(config.width()));
    reconstructor = child("reconstructor", new LatentReconstructor(config));
    blender = child("context_blender", new ContextBlender(config));
    layerWeight = parameter("layer_weight", Initializers.constant(1), 1);
  }

  /** The projections by which tokens ask the memory. */
  private static final class Asking extends ZooBlock {
    private final Linear query;
    private final Linear key;
    private final Linear value;

    Asking(int width) {
      query = child("query", new Linear(width, width));
      key = child("key", new Linear(width, width));
      value = child("value", new Linear(width, width));
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      throw new UnsupportedOperationException("the reweaver asks");
    }
  }

  /**
   * A segment after the memory was asked.
   *
   * @param hidden (B, C, H)
   * @param used (B, slots) boolean, which states got more than an even share of the attention
   */
  public record Woven(NDArray hidden, NDArray used) {}

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return Set.of(ENTRIES);
  }

  /**
   * Remembers the first of two segments and weaves it into the second.
   *
   * @param pass what the pass carries
   * @param inputs (B, C, H) twice
   * @return (B, C, H)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray first = inputs.get(0);
    StateBuffer memory = remember(pass, first, null, empty(first));
    return new NDList(weave(pass, inputs.get(inputs.size() - 1), null, memory).hidden());
  }

  /**
   * A memory without states.
   *
   * @param hidden (B, C, H) of the sequences that it is for
   * @return the memory
   */
  public StateBuffer empty(NDArray hidden) {
    return StateBuffer.empty(
        hidden.getManager(), hidden.getShape().get(0), config.slots(), config.width(), hidden);
  }

  /** (1, 1, C, C), true where a token is not later. */
  static NDArray earlier(NDArray hidden) {
    long length = hidden.getShape().get(1);
    return Masks.causal(hidden, length, length);
  }

  /**
   * Weaves the memory into a segment.
   *
   * @param pass what the pass carries
   * @param hidden (B, C, H) the segment from its first token
   * @param live (B, C), 1 and 0 for padding; null for none
   * @param memory of the segments before
   * @return the segment
   */
  public Woven weave(Pass pass, NDArray hidden, NDArray live, StateBuffer memory) {
    NDArray filled = memory.filled().toType(hidden.getDataType(), false);
    NDArray entries = pass.tap(this, ENTRIES, memory.states());
    NDArray known = unit.forward(pass, entries);
    NDArray q = asking.query.forward(pass, unit.forward(pass, hidden));
    NDArray k = asking.key.forward(pass, known);
    NDArray logits =
        Arithmetic.times(q.matMul(k.transpose(0, 2, 1)), 1 / Math.sqrt(config.width()));
    NDArray bias =
        Arithmetic.atLeast(memory.relevance(), LEAST)
            .log()
            .mul(filled)
            .add(Arithmetic.times(filled.sub(1), 1e30))
            .expandDims(1);
    NDArray weights = logits.mul(filled.expandDims(1)).add(bias).softmax(2);
    NDArray given = weights.matMul(asking.value.forward(pass, known));
    NDArray earlier = earlier(hidden);
    NDArray rebuilt = reconstructor.reconstruct(pass, given, hidden, earlier);
    NDArray blended = blender.blend(pass, hidden, rebuilt, earlier);
    NDArray share =
        Activation.sigmoid(hidden.get("..., :1").zerosLike().add(pass.value(layerWeight, hidden)));
    NDArray woven = hidden.add(share.mul(blended.sub(hidden)));
    NDArray any = filled.max(new int[] {1}, true).expandDims(2);
    NDArray fixed = weights.stopGradient();
    NDArray mass =
        live == null
            ? fixed.mean(new int[] {1})
            : fixed
                .mul(live.expandDims(2))
                .sum(new int[] {1})
                .div(Arithmetic.atLeast(live.sum(new int[] {1}, true), 1));
    NDArray used = mass.mul(filled).mul(filled.sum(new int[] {1}, true)).gt(1);
    return new Woven(Tensors.choose(any, woven, hidden), used);
  }

  /**
   * Remembers the relevant states of a segment.
   *
   * @param pass what the pass carries
   * @param hidden (B, C, H) the whole segment, as the layer gave it
   * @param live (B, C), 1 and 0 for padding; null for none
   * @param memory of the segments before
   * @return with the segment's
   */
  public StateBuffer remember(Pass pass, NDArray hidden, NDArray live, StateBuffer memory) {
    NDArray states = config.detached() ? hidden.stopGradient() : hidden;
    NDArray relevance = scorer.score(pass, states, live);
    NDArray fixed = relevance.stopGradient();
    NDArray chosen = StableOrder.ranks(fixed).lt(config.kept());
    if (config.threshold() > 0) {
      chosen = chosen.logicalAnd(fixed.gte((float) config.threshold()));
    }
    return memory.offer(states, relevance.mul(chosen.toType(relevance.getDataType(), false)));
  }
}
