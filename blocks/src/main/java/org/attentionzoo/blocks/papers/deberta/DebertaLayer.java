package org.attentionzoo.blocks.papers.deberta;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Dropout;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.LayerNorm;
import org.attentionzoo.blocks.layers.Linear;

/**
 * A layer: disentangled attention and a feed-forward network, each projected, added to what went in
 * and normalised after. With queries of their own, these are the residual stream.
 *
 * <p>State dict: {@code attention.self.*}, {@code attention.output.{dense,LayerNorm}}, {@code
 * intermediate.dense}, {@code output.{dense,LayerNorm}}.
 */
public final class DebertaLayer extends ZooBlock {

  private final Attention attention;
  private final Intermediate intermediate;
  private final Residual output;

  /** The attention of a layer with its residual. */
  private static final class Attention extends ZooBlock {
    final DisentangledSelfAttention self;
    final Residual output;

    Attention(DebertaConfig config) {
      self = child("self", new DisentangledSelfAttention(config));
      output = child("output", new Residual(config.width(), config));
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      NDArray x = inputs.get(0);
      return new NDList(output.add(pass, self.forward(pass, inputs).head(), x));
    }
  }

  /** dense. */
  private static final class Intermediate extends ZooBlock {
    final Linear dense;
    final DebertaActivation activation;

    Intermediate(DebertaConfig config) {
      dense = child("dense", dense(config.width(), config.hidden(), config));
      activation = config.activation();
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      return new NDList(activation.apply(dense.forward(pass, inputs.head())));
    }
  }

  /** dense, dropout, plus the residual, LayerNorm. */
  private static final class Residual extends ZooBlock {
    final Linear dense;
    final LayerNorm norm;
    final double dropout;

    Residual(int in, DebertaConfig config) {
      dense = child("dense", dense(in, config.width(), config));
      norm = child("LayerNorm", new LayerNorm(config.width(), config.layerNormEpsilon()));
      dropout = config.dropout();
    }

    NDArray add(Pass pass, NDArray x, NDArray residual) {
      NDArray branch = Dropout.apply(pass, dense.forward(pass, x), dropout);
      return norm.forward(pass, branch.add(residual));
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      return new NDList(add(pass, inputs.get(0), inputs.get(1)));
    }
  }

  /**
   * A layer.
   *
   * @param config its sizes and switches
   */
  public DebertaLayer(DebertaConfig config) {
    attention = child("attention", new Attention(config));
    intermediate = child("intermediate", new Intermediate(config));
    output = child("output", new Residual(config.hidden(), config));
  }

  static Linear dense(int in, int out, DebertaConfig config) {
    return new Linear(
        in, out, Initializers.normal(config.initializerRange()), Initializers.constant(0));
  }

  /**
   * Transforms hidden states.
   *
   * @param pass what the pass carries
   * @param hidden (B, L, D) from which keys and values come
   * @param queries (B, L, D) the residual stream; null for hidden
   * @param valid a mask as of {@link DisentangledSelfAttention#attend}; null if all is visible
   * @param relative relative positions; null without relative attention
   * @return (B, L, D)
   */
  public NDArray transform(
      Pass pass,
      NDArray hidden,
      NDArray queries,
      NDArray valid,
      DisentangledSelfAttention.Relative relative) {
    NDArray mixed = attention.self.attend(pass, hidden, queries, valid, relative);
    NDArray attended = attention.output.add(pass, mixed, queries == null ? hidden : queries);
    NDArray inner = intermediate.forward(pass, new NDList(attended)).head();
    return output.add(pass, inner, attended);
  }

  /**
   * Transforms hidden states; inputs as of {@link DisentangledSelfAttention#forward}.
   *
   * @param pass what the pass carries
   * @param inputs (B, L, D) and so on
   * @return (B, L, D)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray attended = attention.forward(pass, inputs).head();
    NDArray inner = intermediate.forward(pass, new NDList(attended)).head();
    return new NDList(output.add(pass, inner, attended));
  }
}
