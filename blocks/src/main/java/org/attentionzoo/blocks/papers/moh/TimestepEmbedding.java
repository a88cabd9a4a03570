package org.attentionzoo.blocks.papers.moh;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import java.util.List;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;

/**
 * The embedding of a diffusion time (Peebles and Xie 2023; official {@code TimestepEmbedder}):
 * cosines, then sines of t / 10000^(i / 128), i from 0 to 127, through two projections with SiLU
 * between.
 *
 * <p>State dict: {@code mlp.0}, {@code mlp.2}.
 */
public final class TimestepEmbedding extends UnaryBlock {

  private static final int FREQUENCIES = 256;

  private final Projections projections;

  /**
   * An embedding.
   *
   * @param width its size
   */
  public TimestepEmbedding(int width) {
    projections = child("mlp", new Projections(width));
  }

  /**
   * Embeds times.
   *
   * @param pass what the pass carries
   * @param x (B) floating point, may be fractional
   * @return (B, width)
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    int half = FREQUENCIES / 2;
    NDArray steps = x.getManager().arange(0, half, 1, DataType.FLOAT32, x.getDevice());
    NDArray logarithms = Arithmetic.times(Arithmetic.times(steps, -Math.log(10000)), 1.0 / half);
    NDArray angles = x.toType(DataType.FLOAT32, false).expandDims(1).mul(logarithms.exp());
    NDArray waves = angles.cos().concat(angles.sin(), -1);
    return projections.forward(pass, waves.toType(x.getDataType(), false));
  }

  /** The official {@code Sequential}, whose module 1 has no parameters. */
  private static final class Projections extends UnaryBlock {
    private final List<Linear> linears;

    Projections(int width) {
      linears = List.of(child("0", linear(FREQUENCIES, width)), child("2", linear(width, width)));
    }

    private static Linear linear(int in, int out) {
      return new Linear(in, out, Initializers.normal(0.02), Initializers.constant(0));
    }

    @Override
    public NDArray forward(Pass pass, NDArray x) {
      return linears.get(1).forward(pass, Arithmetic.silu(linears.get(0).forward(pass, x)));
    }
  }
}
