package org.attentionzoo.blocks.papers.cab;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.Set;
import org.attentionzoo.blocks.AttentionPattern;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.PatternMixer;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Linear;

/**
 * Multi-head attention in the patterns that its core supports, with the projections of CAB's
 * library around it.
 *
 * <p>State dict, with the official names: {@code q_proj}, {@code k_proj}, {@code v_proj}, {@code
 * out_proj}, and what the core has.
 */
public final class PatternAttention extends ZooBlock implements PatternMixer {

  private final int heads;
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final Linear output;
  private final PatternCore core;
  private final AttentionPattern usual;

  /**
   * Attention.
   *
   * @param width the size of the hidden states; a multiple of heads
   * @param heads the number of heads
   * @param core what is done between the projections
   * @param usual the pattern of a call that names none; one of the core's
   */
  public PatternAttention(int width, int heads, PatternCore core, AttentionPattern usual) {
    this(width, heads, true, core, usual);
  }

  /**
   * Attention whose projections may have no biases.
   *
   * @param width the size of the hidden states; a multiple of heads
   * @param heads the number of heads
   * @param bias whether the projections have biases
   * @param core what is done between the projections
   * @param usual the pattern of a call that names none; one of the core's
   */
  public PatternAttention(
      int width, int heads, boolean bias, PatternCore core, AttentionPattern usual) {
    if (heads < 1 || width % heads != 0) {
      throw new IllegalArgumentException(
          "width must be a multiple of heads; got width " + width + " and heads " + heads);
    }
    this.heads = heads;
    this.core = core;
    this.usual = usual;
    query = child("q_proj", new Linear(width, width, bias));
    key = child("k_proj", new Linear(width, width, bias));
    value = child("v_proj", new Linear(width, width, bias));
    output = child("out_proj", new Linear(width, width, bias));
    core.weights()
        .ifPresent(
            weights -> {
              weights.getDirectParameters().forEach(p -> tie(p.getKey(), p.getValue()));
              weights.namedChildren().forEach(this::child);
            });
  }

  /** {@inheritDoc} */
  @Override
  public Set<AttentionPattern> patterns() {
    return core.patterns();
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return core.tapPoints();
  }

  /** {@inheritDoc} */
  @Override
  public NDArray attend(
      Pass pass, AttentionPattern pattern, NDArray target, NDArray source, Sequences sequences) {
    require(pattern);
    NDArray q = Tensors.splitHeads(query.forward(pass, target), heads);
    NDArray k = Tensors.splitHeads(key.forward(pass, source), heads);
    NDArray v = Tensors.splitHeads(value.forward(pass, source), heads);
    NDArray mixed = core.attend(pass, this, pattern, new Heads(q, k, v, sequences));
    return output.forward(pass, Tensors.joinHeads(mixed));
  }

  /** (B, L, width) to (B, heads, L, headWidth). */
  /**
   * Attends in the usual pattern.
   *
   * @param pass what the pass carries
   * @param inputs (B, Lt, width); for cross patterns then (B, Ls, width); then, optionally, (B, Ls)
   *     boolean, false where what is attended to is padding
   * @return (B, Lt, width)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray target = inputs.get(0);
    NDArray source = usual.isCross() ? inputs.get(1) : target;
    int given = usual.isCross() ? 2 : 1;
    NDArray valid = inputs.size() > given ? inputs.get(given) : null;
    return new NDList(attend(pass, usual, target, source, Sequences.padded(valid)));
  }
}
