package org.attentionzoo.blocks.papers.moh;

import java.util.List;

/** How many shared and routed heads each layer of a model has. */
public final class HeadLists {

  private HeadLists() {}

  /**
   * Checks that lists have an entry for each layer, or are both empty for plain attention.
   *
   * @param layers the number of layers
   * @param shared the shared heads of each layer
   * @param routed the routed heads of each layer
   * @throws IllegalArgumentException if a list has another length
   */
  public static void check(int layers, List<Integer> shared, List<Integer> routed) {
    boolean plain = shared.isEmpty() && routed.isEmpty();
    if (!plain && (shared.size() != layers || routed.size() != layers)) {
      throw new IllegalArgumentException(
          "sharedHeads and routedHeads need a number for each of the "
              + layers
              + " layers, or none at all for plain attention; got "
              + shared.size()
              + " and "
              + routed.size());
    }
  }

  /**
   * The factor of one layer's load-balancing loss, so that the losses add up to the factor times
   * their mean over the layers that route, as in the official training scripts.
   *
   * @param weight the factor of the mean
   * @param routed the routed heads of each layer
   * @return weight divided by the number of layers that route
   */
  public static double weightOfOne(double weight, List<Integer> routed) {
    long layers = routed.stream().filter(k -> k > 0).count();
    return weight / Math.max(1, layers);
  }
}
