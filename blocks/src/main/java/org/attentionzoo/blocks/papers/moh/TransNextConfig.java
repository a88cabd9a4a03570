package org.attentionzoo.blocks.papers.moh;

import java.util.List;
import org.attentionzoo.blocks.Limits;

/**
 * Sizes of a {@link TransNext}, with an entry of each list for each stage.
 *
 * @param image the side of the square images, in pixels
 * @param channels the number of colour channels
 * @param classes the number of classes
 * @param patch the stride of the first stage's patches; each later stage halves the grid
 * @param widths the sizes of the hidden states
 * @param depths the numbers of layers
 * @param heads the numbers of heads
 * @param ratios the inner sizes of the gated networks, in widths, before two thirds are taken
 * @param cells the sides of the cells that attention pools; 1 for attention to all tokens
 * @param window the side of attention's window where it pools; odd
 * @param sharedHeads how many heads of a stage's layers always act; empty for plain attention
 * @param routedHeads how many of the other heads act for a token; empty for plain attention
 * @param balanceWeight the factor of the mean load-balancing loss of the layers that route
 */
public record TransNextConfig(
    int image,
    int channels,
    int classes,
    int patch,
    List<Integer> widths,
    List<Integer> depths,
    List<Integer> heads,
    List<Integer> ratios,
    List<Integer> cells,
    int window,
    List<Integer> sharedHeads,
    List<Integer> routedHeads,
    double balanceWeight) {

  /** Checks the sizes. */
  public TransNextConfig {
    Limits.positive("channels", channels);
    Limits.positive("classes", classes);
    Limits.notNegative("balanceWeight", balanceWeight);
    widths = List.copyOf(widths);
    depths = List.copyOf(depths);
    heads = List.copyOf(heads);
    ratios = List.copyOf(ratios);
    cells = List.copyOf(cells);
    sharedHeads = List.copyOf(sharedHeads);
    routedHeads = List.copyOf(routedHeads);
    int stages = widths.size();
    if (stages < 1
        || depths.size() != stages
        || heads.size() != stages
        || ratios.size() != stages
        || cells.size() != stages) {
      throw new IllegalArgumentException(
          "widths, depths, heads, ratios and cells need a number for each stage; got "
              + widths
              + ", "
              + depths
              + ", "
              + heads
              + ", "
              + ratios
              + ", "
              + cells);
    }
    HeadLists.check(stages, sharedHeads, routedHeads);
    int smallest = patch << (stages - 1);
    if (patch < 1 || image < smallest || image % smallest != 0) {
      throw new IllegalArgumentException(
          "image must be a multiple of patch times 2 for each further stage, "
              + smallest
              + "; got "
              + image);
    }
  }

  /**
   * The side of a stage's grid.
   *
   * @param stage from 0
   * @return in tokens
   */
  public int side(int stage) {
    return image / (patch << stage);
  }

  /**
   * Whether heads are weighed at all.
   *
   * @return false for the plain TransNeXt
   */
  public boolean isMixture() {
    return !sharedHeads.isEmpty();
  }

  /**
   * The attention of a stage's layers.
   *
   * @param stage from 0
   * @return its config; the balance weight is shared by all layers that route
   */
  public MohConfig attention(int stage) {
    int layers = 0;
    for (int i = 0; i < routedHeads.size(); i++) {
      layers += routedHeads.get(i) > 0 ? depths.get(i) : 0;
    }
    int count = heads.get(stage);
    return new MohConfig(
        widths.get(stage),
        count,
        true,
        false,
        isMixture() ? sharedHeads.get(stage) : count,
        isMixture() ? routedHeads.get(stage) : 0,
        balanceWeight / Math.max(1, layers));
  }

  /**
   * The same without a router: TransNeXt itself.
   *
   * @return a changed copy
   */
  public TransNextConfig plain() {
    return new TransNextConfig(
        image, channels, classes, patch, widths, depths, heads, ratios, cells, window, List.of(),
        List.of(), 0);
  }
}
