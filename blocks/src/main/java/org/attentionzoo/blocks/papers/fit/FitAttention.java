package org.attentionzoo.blocks.papers.fit;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.Set;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.layers.LayerNorm;

/**
 * A pre-norm attention layer with the weights of Keras' {@code MultiHeadAttention}: x + attention
 * of norm(x) to itself, or to the norm of what it reads.
 *
 * <p>State dict: {@code ln}, {@code enc_ln} if it reads something else, {@code query}, {@code key},
 * {@code value}, {@code attention_output}. Tap: {@code pattern}.
 */
final class FitAttention extends ZooBlock {

  static final double EPSILON = 1e-6;

  private final int heads;
  private final int headWidth;
  private final LayerNorm norm;
  private final LayerNorm readNorm;
  private final Projection query;
  private final Projection key;
  private final Projection value;
  private final Projection output;

  private FitAttention(int width, int readWidth, int heads, int headWidth, boolean cross) {
    this.heads = heads;
    this.headWidth = headWidth;
    norm = child("ln", new LayerNorm(width, EPSILON));
    readNorm = cross ? child("enc_ln", new LayerNorm(readWidth, EPSILON)) : null;
    query = child("query", Projection.toHeads(width, heads, headWidth));
    key = child("key", Projection.toHeads(readWidth, heads, headWidth));
    value = child("value", Projection.toHeads(readWidth, heads, headWidth));
    output = child("attention_output", Projection.fromHeads(heads, headWidth, width));
  }

  static FitAttention self(int width, int heads) {
    return new FitAttention(width, width, heads, width / heads, false);
  }

  static FitAttention cross(int width, int readWidth, int heads, int headWidth) {
    return new FitAttention(width, readWidth, heads, headWidth, true);
  }

  @Override
  public Set<String> tapPoints() {
    return Set.of(DotProductAttention.PATTERN);
  }

  /** (B, L, width), (B, R, readWidth) or null, mask (L, L) boolean or null, to (B, L, width). */
  NDArray forward(Pass pass, NDArray x, NDArray read, NDArray mask) {
    NDArray own = norm.forward(pass, x);
    NDArray other = read == null ? own : readNorm.forward(pass, read);
    NDArray mixed =
        DotProductAttention.attend(
            pass,
            this,
            Tensors.splitHeads(query.forward(pass, own), heads),
            Tensors.splitHeads(key.forward(pass, other), heads),
            Tensors.splitHeads(value.forward(pass, other), heads),
            mask,
            null,
            false,
            1 / Math.sqrt(headWidth),
            0);
    NDArray joined = Tensors.joinHeads(mixed);
    return x.add(output.forward(pass, joined));
  }

  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray read = inputs.size() > 1 ? inputs.get(1) : null;
    return new NDList(forward(pass, inputs.get(0), read, null));
  }
}
