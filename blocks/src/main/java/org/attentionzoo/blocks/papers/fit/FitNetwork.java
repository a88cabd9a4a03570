package org.attentionzoo.blocks.papers.fit;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Activation;
import java.util.ArrayList;
import java.util.List;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.LayerNorm;

/**
 * Pre-norm Transformer layers in a row.
 *
 * <p>State dict: {@code transformer_encoder}, {@code transformer_encoder_1}, ..., each with {@code
 * mha} and {@code mlp.ffn.ln}, {@code mlp.ffn.dense1}, {@code mlp.ffn.dense2}.
 */
final class FitNetwork extends ZooBlock {

  private final List<Layer> layers = new ArrayList<>();

  FitNetwork(int count, int width, int heads, int ratio) {
    for (int i = 0; i < count; i++) {
      layers.add(child("transformer_encoder" + suffix(i), new Layer(width, heads, ratio)));
    }
  }

  /** Keras' names of the second, third, ... of a kind. */
  static String suffix(int index) {
    return index == 0 ? "" : "_" + index;
  }

  /** (B, L, width) to the same; mask (L, L) boolean or null. */
  NDArray forward(Pass pass, NDArray x, NDArray mask) {
    NDArray hidden = x;
    for (Layer layer : layers) {
      hidden = pass.segment(hidden, (inner, given) -> layer.forward(inner, given, mask));
    }
    return hidden;
  }

  @Override
  public NDList forward(Pass pass, NDList inputs) {
    return new NDList(forward(pass, inputs.head(), null));
  }

  /** Attention, then a feed-forward network. */
  private static final class Layer extends ZooBlock {

    private final FitAttention attention;
    private final Mlp mlp;

    Layer(int width, int heads, int ratio) {
      attention = child("mha", FitAttention.self(width, heads));
      mlp = child("mlp", new Mlp(width, ratio));
    }

    NDArray forward(Pass pass, NDArray x, NDArray mask) {
      return mlp.forward(pass, attention.forward(pass, x, null, mask));
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      return new NDList(forward(pass, inputs.head(), null));
    }
  }

  /** x + W2 gelu(W1 norm(x)). */
  private static final class Mlp extends UnaryBlock {

    private final FeedForward network;

    Mlp(int width, int ratio) {
      network = child("ffn", new FeedForward(width, ratio));
    }

    @Override
    public NDArray forward(Pass pass, NDArray x) {
      return x.add(network.forward(pass, x));
    }
  }

  /** W2 gelu(W1 norm(x)), with the exact GELU. */
  private static final class FeedForward extends UnaryBlock {

    private final LayerNorm norm;
    private final Projection dense1;
    private final Projection dense2;

    FeedForward(int width, int ratio) {
      norm = child("ln", new LayerNorm(width, FitAttention.EPSILON));
      dense1 = child("dense1", Projection.dense(width, (long) ratio * width));
      dense2 = child("dense2", Projection.dense((long) ratio * width, width));
    }

    @Override
    public NDArray forward(Pass pass, NDArray x) {
      NDArray hidden = dense1.forward(pass, norm.forward(pass, x));
      return dense2.forward(pass, Activation.gelu(hidden));
    }
  }
}
