package org.attentionzoo.blocks.papers.routingtransformer;

import org.attentionzoo.blocks.Limits;

/**
 * Sizes and switches of {@link KMeansAttention}.
 *
 * @param clusters the number of centroids of a head
 * @param window how many queries, and how many keys, a centroid takes
 * @param heads the number of heads
 * @param headWidth the size of a head
 * @param causal whether a query sees only keys that are not later
 * @param shared whether queries serve as keys, of length 1, so that a token sees itself only if it
 *     sees no other
 * @param memories the number of learned keys and values of a cluster; at least 1 is taken with
 *     causality and keys of their own, where a query may find no key
 * @param decay how much of a centroid is kept at each update
 * @param commitment the weight of the loss that draws tokens towards centroids
 * @param dropout the rate on the attention pattern
 * @param routesPadding whether padding takes part in everything but the softmax, as in the
 *     reference; false to leave it out altogether
 * @param causalSelection whether a centroid takes, for each query, the most similar ones of the
 *     tokens up to it. At a cost of L x L for each cluster
 */
public record KMeansAttentionConfig(
    int clusters,
    int window,
    int heads,
    int headWidth,
    boolean causal,
    boolean shared,
    int memories,
    double decay,
    double commitment,
    double dropout,
    boolean routesPadding,
    boolean causalSelection) {

  /** Checks the sizes. */
  public KMeansAttentionConfig {
    Limits.notNegative("commitment", commitment);
    Limits.rate("decay", decay);
    Limits.rate("dropout", dropout);
    if (clusters < 1 || window < 1 || heads < 1 || headWidth < 1 || memories < 0) {
      throw new IllegalArgumentException(
          "clusters, window, heads and headWidth must be positive, memories not negative; got "
              + clusters
              + ", "
              + window
              + ", "
              + heads
              + ", "
              + headWidth
              + ", "
              + memories);
    }
    if (causalSelection && !causal) {
      throw new IllegalArgumentException("a causal selection needs causal attention");
    }
  }
}
