package org.attentionzoo.blocks.papers.moh;

import java.util.Collections;
import java.util.List;
import org.attentionzoo.blocks.Limits;

/**
 * Sizes of a {@link DiffusionTransformer}, as the official constructor of MoH-DiT has them.
 *
 * @param image the side of the square (latent) images; a multiple of patch; official {@code
 *     input_size}
 * @param patch the side of a square patch
 * @param channels the number of channels
 * @param classes the number of classes that condition an image
 * @param width the size of the hidden states; even, a multiple of 4 for the positions
 * @param heads the number of heads of each layer; its length is the depth
 * @param headWidth the size of a head
 * @param hidden the inner size of the feed-forward networks
 * @param sharedHeads how many heads of each layer always act; empty for plain attention
 * @param routedHeads how many of the other heads act for a token; empty for plain attention
 * @param balanceWeight the factor of the mean load-balancing loss of the layers that route
 * @param labelDropout the rate at which training replaces a label by "none"; without "none" if 0
 * @param learnsVariance whether the model predicts a variance beside the noise
 */
public record DiffusionTransformerConfig(
    int image,
    int patch,
    int channels,
    int classes,
    int width,
    List<Integer> heads,
    int headWidth,
    int hidden,
    List<Integer> sharedHeads,
    List<Integer> routedHeads,
    double balanceWeight,
    double labelDropout,
    boolean learnsVariance) {

  /** Checks the sizes. */
  public DiffusionTransformerConfig {
    Limits.positive("channels", channels);
    Limits.positive("classes", classes);
    Limits.positive("headWidth", headWidth);
    Limits.positive("hidden", hidden);
    Limits.notNegative("balanceWeight", balanceWeight);
    heads = List.copyOf(heads);
    sharedHeads = List.copyOf(sharedHeads);
    routedHeads = List.copyOf(routedHeads);
    if (patch < 1 || image < patch || image % patch != 0) {
      throw new IllegalArgumentException(
          "image must be a multiple of patch; got image " + image + " and patch " + patch);
    }
    if (width < 4 || width % 4 != 0) {
      throw new IllegalArgumentException("width must be a multiple of 4; got " + width);
    }
    if (labelDropout < 0 || labelDropout >= 1) {
      throw new IllegalArgumentException(
          "labelDropout must be at least 0 and below 1; got " + labelDropout);
    }
    HeadLists.check(heads.size(), sharedHeads, routedHeads);
  }

  /**
   * The number of layers.
   *
   * @return the length of the lists of heads
   */
  public int depth() {
    return heads.size();
  }

  /**
   * Whether heads are weighed at all.
   *
   * @return false for the plain Transformer
   */
  public boolean isMixture() {
    return !sharedHeads.isEmpty();
  }

  /**
   * The attention of a layer.
   *
   * @param layer from 0
   * @return its config; the balance weight is shared by the layers that route
   */
  public MohConfig attention(int layer) {
    int count = heads.get(layer);
    return new MohConfig(
        width,
        count,
        headWidth,
        true,
        false,
        isMixture() ? sharedHeads.get(layer) : count,
        isMixture() ? routedHeads.get(layer) : 0,
        HeadLists.weightOfOne(balanceWeight, routedHeads));
  }

  /**
   * The same without a router: plain attention.
   *
   * @return a changed copy
   */
  public DiffusionTransformerConfig plain() {
    return new DiffusionTransformerConfig(
        image,
        patch,
        channels,
        classes,
        width,
        heads,
        headWidth,
        hidden,
        Collections.emptyList(),
        Collections.emptyList(),
        0,
        labelDropout,
        learnsVariance);
  }
}
