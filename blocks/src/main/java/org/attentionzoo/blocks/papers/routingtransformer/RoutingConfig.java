package org.attentionzoo.blocks.papers.routingtransformer;

import java.util.List;
import org.attentionzoo.blocks.Limits;

/**
 * Sizes and switches of {@link RoutingLanguageModel}.
 *
 * @param vocabulary the number of tokens
 * @param width the size of the hidden states
 * @param embeddingWidth the size of the embeddings; projected where it is not {@code width}
 * @param layers the number of layers
 * @param heads the number of heads of a layer
 * @param headWidth the size of a head
 * @param localHeads for each layer, how many of its heads see a local window; the others route
 * @param length the number of tokens that the centroids are for
 * @param window how many tokens a centroid takes; divides length. There are length / window
 *     centroids
 * @param localWindow the number of tokens of a block of the local heads
 * @param radius how many blocks before its own (and behind it, without causality) a local head sees
 * @param causal whether a token sees only itself and earlier ones
 * @param shared whether queries serve as keys in routing heads
 * @param memories the number of learned keys and values of a cluster
 * @param expansion the inner size of the feed-forward networks, as a multiple of width
 * @param gated whether the feed-forward networks are gated
 * @param norm what stands before each sublayer
 * @param shift whether a part of each hidden state is that of the token before (without causality
 *     of the one behind, too)
 * @param tied whether the output projection is the embedding's table
 * @param decay how much of a centroid is kept at each update
 * @param commitment the weight of the loss that draws tokens towards centroids
 * @param dropout the rate on attention patterns and in the feed-forward networks
 * @param routesPadding whether padding takes part in all but the softmax, and counts as positions,
 *     as in the reference
 * @param causalSelection whether centroids take tokens for each query anew, of those up to it
 */
public record RoutingConfig(
    int vocabulary,
    int width,
    int embeddingWidth,
    int layers,
    int heads,
    int headWidth,
    List<Integer> localHeads,
    int length,
    int window,
    int localWindow,
    int radius,
    boolean causal,
    boolean shared,
    int memories,
    int expansion,
    boolean gated,
    Norm norm,
    boolean shift,
    boolean tied,
    double decay,
    double commitment,
    double dropout,
    boolean routesPadding,
    boolean causalSelection) {

  /** What stands before each sublayer. */
  public enum Norm {
    /** LayerNorm. */
    LAYER,
    /** A vector of length g, which is learned (Nguyen and Salazar 2019). */
    SCALE,
    /** Nothing; the sublayer's result is multiplied by a number that begins at 0. */
    REZERO
  }

  /** Checks the sizes. */
  public RoutingConfig {
    Limits.positive("vocabulary", vocabulary);
    Limits.positive("width", width);
    Limits.positive("embeddingWidth", embeddingWidth);
    Limits.positive("heads", heads);
    Limits.positive("headWidth", headWidth);
    Limits.positive("expansion", expansion);
    Limits.notNegative("commitment", commitment);
    Limits.rate("decay", decay);
    Limits.rate("dropout", dropout);
    localHeads = List.copyOf(localHeads);
    if (localHeads.size() != layers
        || localHeads.stream().anyMatch(local -> local < 0 || local > heads)) {
      throw new IllegalArgumentException(
          "localHeads must have a number from 0 to "
              + heads
              + " for each of the "
              + layers
              + " layers; got "
              + localHeads);
    }
    if (window < 1 || length % window != 0) {
      throw new IllegalArgumentException(
          "length must be a multiple of window; got " + length + " and " + window);
    }
    if (localWindow < 1 || radius < 0) {
      throw new IllegalArgumentException(
          "localWindow must be positive, radius not negative; got " + localWindow + ", " + radius);
    }
    if (headWidth % 2 != 0) {
      throw new IllegalArgumentException(
          "rotary positions need an even headWidth; got " + headWidth);
    }
  }

  KMeansAttentionConfig routing(int layer) {
    return new KMeansAttentionConfig(
        length / window,
        window,
        heads - localHeads.get(layer),
        headWidth,
        causal,
        shared,
        memories,
        decay,
        commitment,
        dropout,
        routesPadding,
        causalSelection);
  }
}
