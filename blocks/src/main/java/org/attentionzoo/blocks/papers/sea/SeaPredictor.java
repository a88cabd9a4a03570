package org.attentionzoo.blocks.papers.sea;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import java.util.Map;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Conv2d;
import org.attentionzoo.blocks.layers.Conv2dConfig;
import org.attentionzoo.blocks.layers.LayerNorm;

/**
 * The convolutions that make a smooth map of estimated attention from one row for each token. In
 * both directions they see rows above and below; the causal ones see their own row and the 8 above.
 *
 * <p>The children are nested as in the official code, so that its state dict fits.
 */
final class SeaPredictor extends ZooBlock {

  private static final String MODULE = "module";

  private final SeaConfig config;
  private final Layers layers;

  /** The two kinds. */
  private sealed interface Layers {}

  private record Both(Conv2d first, Conv2d second, Conv2d last) implements Layers {}

  private record Causal(
      LayerNorm before,
      CausalConvolution first,
      CausalConvolution second,
      CausalConvolution last,
      LayerNorm after)
      implements Layers {}

  SeaPredictor(SeaConfig config) {
    this.config = config;
    int heads = config.heads();
    if (config.causal()) {
      Causal causal =
          new Causal(
              new LayerNorm(config.columns() / config.narrowing()),
              new CausalConvolution(2 * heads, 2 * heads, 3, 2, 2),
              new CausalConvolution(2 * heads, 2 * heads, 3, 2, 2),
              new CausalConvolution(2 * heads, heads, 1, 1, 1),
              new LayerNorm(config.columns()));
      Nest net =
          new Nest(
              Map.of(
                  "0", module(causal.first()),
                  "2", module(causal.second()),
                  "5", module(causal.last())));
      child("0", module(causal.before()));
      child("1", module(new Nest(Map.of("net", net))));
      child("2", module(causal.after()));
      layers = causal;
    } else {
      Conv2dConfig same = Conv2dConfig.of(4 * heads, 4 * heads, 3).padding(1).withBias();
      Conv2dConfig halving = new Conv2dConfig(4 * heads, 4 * heads, 3, 3, 2, 1, 1, 1, 1, 1, true);
      Both both =
          new Both(
              new Conv2d(halving),
              new Conv2d(same),
              new Conv2d(Conv2dConfig.of(4 * heads, heads, 3).padding(1).withBias()));
      Nest net = new Nest(Map.of("0", both.first(), "2", both.second(), "5", both.last()));
      child("0", new Nest(Map.of("net", net)));
      layers = both;
    }
  }

  private static Nest module(ZooBlock block) {
    return new Nest(Map.of(MODULE, block));
  }

  /** Children under the names they have in the official code; their owner runs them. */
  private static final class Nest extends ZooBlock {
    Nest(Map<String, ZooBlock> blocks) {
      blocks.entrySet().stream()
          .sorted(Map.Entry.comparingByKey())
          .forEach(e -> child(e.getKey(), e.getValue()));
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      throw new UnsupportedOperationException("what is nested here is run by the predictor");
    }
  }

  /**
   * Estimates within whole sequences.
   *
   * @param pass what the pass carries
   * @param inputs (B, splits H, L, columns / narrowing)
   * @return (B, H, L, columns)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    return new NDList(estimate(pass, inputs.singletonOrThrow(), null));
  }

  /**
   * Estimates.
   *
   * @param pass what the pass carries; with a cache, the causal rows continue those before
   * @param x (B, splits H, L, columns / narrowing)
   * @param live (B, 1), 0 where the one row is padding, which is not remembered; null for none
   * @return (B, H, L, columns)
   */
  NDArray estimate(Pass pass, NDArray x, NDArray live) {
    Shape shape = x.getShape();
    if (layers instanceof Causal causal) {
      NDArray normed = causal.before().forward(pass, x);
      NDArray hidden = Activation.relu(causal.first().convolve(pass, normed, live));
      hidden = Activation.relu(causal.second().convolve(pass, hidden, live));
      NDArray wide = causal.last().convolve(pass, hidden.repeat(3, 4), live);
      return causal.after().forward(pass, Resize.to(pass, wide, shape.get(2), config.columns()));
    }
    Both both = (Both) layers;
    NDArray hidden = Activation.relu(both.first().forward(pass, x));
    hidden = Activation.relu(both.second().forward(pass, hidden));
    NDArray narrow = both.last().forward(pass, hidden.repeat(2, 2));
    return Resize.to(pass, narrow, shape.get(2), config.columns());
  }
}
