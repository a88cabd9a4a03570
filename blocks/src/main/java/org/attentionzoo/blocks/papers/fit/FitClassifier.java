package org.attentionzoo.blocks.papers.fit;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Linear;

/**
 * An image classifier around a {@link FitEncoder}: groups are square parts of the image, tokens are
 * patches of a part, and the classes are read from the mean latent, or from the mean token if the
 * encoder ends without global layers.
 *
 * <p>State dict: {@code encoder}, {@code head}.
 */
public final class FitClassifier extends UnaryBlock {

  private final FitConfig config;
  private final int side;
  private final int patch;
  private final int channels;
  private final boolean fromLatents;
  private final FitEncoder encoder;
  private final Linear head;

  /**
   * A classifier.
   *
   * @param config its sizes; groups is a square number, as is the number of tokens of a group
   * @param patch the side of a patch, in pixels
   * @param channels the number of colour channels; features is channels patch patch
   * @param classes the number of classes
   */
  public FitClassifier(FitConfig config, int patch, int channels, int classes) {
    side = root(config.groups(), "groups");
    root(config.tokensPerGroup(), "tokens of a group");
    if (config.features() != channels * patch * patch) {
      throw new IllegalArgumentException(
          config.features() + " features; a patch has " + channels * patch * patch);
    }
    this.config = config;
    this.patch = patch;
    this.channels = channels;
    encoder = child("encoder", new FitEncoder(config));
    fromLatents = config.pattern().endsGlobal();
    head = child("head", new Linear(fromLatents ? config.latentWidth() : config.width(), classes));
  }

  private static int root(int square, String what) {
    int root = (int) Math.round(Math.sqrt(square));
    if (root * root != square) {
      throw new IllegalArgumentException(
          square + " " + what + "; in an image they stand in a square: 1, 4, 9, 16, ...");
    }
    return root;
  }

  /**
   * Classifies images.
   *
   * @param pass what the pass carries
   * @param x (B, channels, image, image)
   * @return logits (B, classes)
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    NDList encoded = encoder.encode(pass, grouped(x), null);
    NDArray last = encoded.get(fromLatents ? 1 : 0);
    return head.forward(pass, last.mean(new int[] {1}).mean(new int[] {1}));
  }

  /** (B, groups, tokens, channels patch patch), all from left to right and from top to bottom. */
  private NDArray grouped(NDArray x) {
    long batch = x.getShape().get(0);
    long inner = Math.round(Math.sqrt(config.tokensPerGroup()));
    return x.reshape(new Shape(batch, channels, side, inner, patch, side, inner, patch))
        .transpose(0, 2, 5, 3, 6, 1, 4, 7)
        .reshape(batch, config.groups(), config.tokensPerGroup(), config.features());
  }
}
