package org.attentionzoo.blocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.Set;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;

/**
 * Multi-head attention in both directions whose queries, keys and values come from one projection,
 * as timm's Vision Transformers have it: softmax(Q K^T / sqrt(d)) V.
 *
 * <p>State dict: {@code qkv} (3 width, width), {@code proj} (width, width). Tap: {@code pattern}.
 */
public final class JointAttention extends MixerBlock {

  private static final double DEVIATION = 0.02;

  private final int heads;
  private final Linear queryKeyValue;
  private final Linear output;

  /**
   * Attention.
   *
   * @param width the size of the hidden states; a multiple of heads
   * @param heads the number of heads
   * @param bias whether queries, keys and values have a bias
   */
  public JointAttention(int width, int heads, boolean bias) {
    if (heads < 1 || width % heads != 0) {
      throw new IllegalArgumentException(
          "width must be a multiple of heads; got width " + width + " and heads " + heads);
    }
    this.heads = heads;
    queryKeyValue = child("qkv", projection(width, 3L * width, bias));
    output = child("proj", projection(width, width, true));
  }

  /**
   * A linear layer that starts with normal weights of deviation 0.02 and zero biases, as timm has
   * it.
   *
   * @param in the input's width
   * @param out the output's width
   * @param bias whether to add a bias
   * @return the layer
   */
  public static Linear projection(long in, long out, boolean bias) {
    return new Linear(
        in, out, Initializers.normal(DEVIATION), bias ? Initializers.constant(0) : null);
  }

  /** {@inheritDoc} */
  @Override
  public String role() {
    return "attention";
  }

  /** {@inheritDoc} */
  @Override
  public boolean isCausal() {
    return false;
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return Set.of(DotProductAttention.PATTERN);
  }

  /** {@inheritDoc} */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    long width = hidden.getShape().get(2);
    NDList joint = Tensors.splitHeads(queryKeyValue.forward(pass, hidden), 3, heads);
    NDArray mask = Masks.keys(sequences.valid());
    double scale = 1 / Math.sqrt((double) width / heads);
    NDArray mixed =
        DotProductAttention.attend(
            pass, this, joint.get(0), joint.get(1), joint.get(2), mask, null, false, scale, 0);
    return output.forward(pass, Tensors.joinHeads(mixed));
  }
}
