package org.attentionzoo.blocks.papers.terminator;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.ModuleList;

/**
 * An image classifier of {@link SfneBlock}s without residual connections (Zhang 2024, arXiv
 * 2401.17948; the official {@code Terminator_image}). The third block is given the output of the
 * first too, the fourth that of the second, and the fifth those of the third and the second. In
 * training it adds the slow neural loss, which draws together the global kernels of all blocks,
 * summed over channels.
 *
 * <p>State dict, with the official names: {@code blocks.0}, ..., {@code out_layer}.
 */
public final class Terminator extends UnaryBlock {

  /** The most blocks there are rules for. */
  public static final int MOST_BLOCKS = 5;

  private static final int[][] EARLIER = {{}, {}, {0}, {1}, {2, 1}};

  private final double slowLossWeight;
  private final ModuleList<SfneBlock> blocks;
  private final Linear head;

  /**
   * A classifier.
   *
   * @param configs its blocks, at most 5
   * @param classes the number of classes
   * @param slowLossWeight the factor of the slow neural loss; 0 for none
   */
  public Terminator(List<SfneConfig> configs, int classes, double slowLossWeight) {
    if (configs.isEmpty() || configs.size() > MOST_BLOCKS) {
      throw new IllegalArgumentException(configs.size() + " blocks; expected 1 to " + MOST_BLOCKS);
    }
    this.slowLossWeight = slowLossWeight;
    List<SfneBlock> all = new ArrayList<>();
    for (int i = 0; i < configs.size(); i++) {
      if (configs.get(i).earlier() != EARLIER[i].length) {
        throw new IllegalArgumentException(
            "block " + i + " is given " + EARLIER[i].length + " outputs of earlier blocks");
      }
      all.add(new SfneBlock(configs.get(i)));
    }
    blocks = child("blocks", new ModuleList<>(all));
    SfneConfig last = configs.get(configs.size() - 1);
    int width = last.channels() * last.factor();
    head =
        child(
            "out_layer",
            new Linear(
                width,
                classes,
                Initializers.normal(Math.sqrt(2.0 / width)),
                Initializers.constant(0)));
  }

  /**
   * How many outputs of earlier blocks a block is given.
   *
   * @param block its index
   * @return 0 to 2
   */
  public static int earlier(int block) {
    return EARLIER[block].length;
  }

  /**
   * Classifies images.
   *
   * @param pass what the pass carries
   * @param x (B, channels, side, side)
   * @return logits (B, classes)
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    NDList both = classify(pass, x);
    if (pass.isTraining() && slowLossWeight > 0 && blocks.size() > 1) {
      pass.addAuxiliaryLoss("terminator.slow", Arithmetic.times(both.get(1), slowLossWeight));
    }
    return both.get(0);
  }

  /**
   * Classifies images and compares the global kernels.
   *
   * @param pass what the pass carries
   * @param x (B, channels, side, side)
   * @return logits (B, classes), and the slow neural loss: the sum over pairs of blocks of the mean
   *     squared difference of their global kernels, summed over channels
   */
  public NDList classify(Pass pass, NDArray x) {
    List<NDArray> outputs = new ArrayList<>();
    List<NDArray> kernels = new ArrayList<>();
    NDArray hidden = x;
    for (int i = 0; i < blocks.size(); i++) {
      SfneBlock block = blocks.get(i);
      NDList before = new NDList();
      for (int earlier : EARLIER[i]) {
        before.add(outputs.get(earlier));
      }
      NDList both =
          pass.segmentAll(
              hidden,
              (inner, given) -> {
                NDList results = block.forward(inner, new NDList(given).addAll(before));
                return new NDList(results.get(0), results.get(1).sum(new int[] {1}));
              });
      hidden = both.get(0);
      outputs.add(hidden);
      kernels.add(both.get(1));
    }
    NDArray loss = x.getManager().zeros(new Shape(), x.getDataType());
    for (int i = 1; i < kernels.size(); i++) {
      for (int j = 0; j < i; j++) {
        loss = loss.add(kernels.get(i).sub(kernels.get(j)).square().mean());
      }
    }
    return new NDList(head.forward(pass, hidden.mean(new int[] {3}).mean(new int[] {2})), loss);
  }
}
