package org.attentionzoo.blocks.papers.flashbias;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import java.util.Set;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.attention.Normalizer;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.Sequential;

/**
 * The causal attention of the official example. Its factors give slope (i - j): the opposite sign
 * of linear biases, which favours distant keys. It is here to be compared; models take {@link
 * org.attentionzoo.blocks.attention.AlibiFactors}.
 *
 * <p>State dict: {@code to_q}, {@code to_k}, {@code to_v}, {@code to_out.0}, the buffer {@code
 * slope} (1, 1, heads, 1).
 */
public final class AlibiExampleAttention extends UnaryBlock {

  private final int heads;
  private final int headWidth;
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final Sequential output;
  private final Parameter slope;

  /**
   * Attention.
   *
   * @param width the size of the hidden states
   * @param heads the number of heads
   * @param headWidth the size of a head
   */
  public AlibiExampleAttention(int width, int heads, int headWidth) {
    this.heads = heads;
    this.headWidth = headWidth;
    int inner = heads * headWidth;
    query = child("to_q", new Linear(width, inner, false));
    key = child("to_k", new Linear(width, inner, false));
    value = child("to_v", new Linear(width, inner, false));
    output = child("to_out", new Sequential(new Linear(inner, width)));
    slope =
        buffer(
            "slope",
            (manager, shape, type) -> {
              float[] slopes = new float[heads];
              for (int h = 0; h < heads; h++) {
                slopes[h] = (float) Math.pow(2, -8.0 * (h + 1) / heads);
              }
              return manager.create(slopes, shape).toType(type, false);
            },
            1,
            1,
            heads,
            1);
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return Set.of(DotProductAttention.PATTERN);
  }

  /**
   * Attends.
   *
   * @param pass what the pass carries
   * @param x (B, L, width)
   * @return the same shape
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    Shape shape = x.getShape();
    NDArray places =
        x.getManager()
            .arange(0, (int) shape.get(1), 1, DataType.INT64, x.getDevice())
            .toType(x.getDataType(), false)
            .reshape(1, 1, shape.get(1), 1);
    NDArray slopes =
        x.getManager()
            .zeros(new Shape(1, 1, heads, 1), x.getDataType(), x.getDevice())
            .add(pass.value(slope, x))
            .swapAxes(1, 2);
    NDArray context =
        DotProductAttention.attendFactored(
            pass,
            this,
            Tensors.splitHeads(query.forward(pass, x), heads),
            Tensors.splitHeads(key.forward(pass, x), heads),
            Tensors.splitHeads(value.forward(pass, x), heads),
            places.onesLike().concat(places, -1).mul(slopes),
            places.neg().concat(places.onesLike(), -1),
            null,
            null,
            true,
            1 / Math.sqrt(headWidth),
            0,
            Normalizer.SOFTMAX);
    return output.forward(pass, Tensors.joinHeads(context));
  }
}
