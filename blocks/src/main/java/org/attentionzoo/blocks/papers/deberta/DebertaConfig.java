package org.attentionzoo.blocks.papers.deberta;

import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.attentionzoo.blocks.Limits;
import org.attentionzoo.blocks.NearestName;

/**
 * The sizes and switches of a DeBERTa encoder of any version; the official names stand in brackets.
 *
 * @param width the size of the hidden states (hidden_size)
 * @param layers the number of layers (num_hidden_layers)
 * @param heads the number of attention heads (num_attention_heads); divides the width
 * @param hidden the inner size of the feed-forward networks (intermediate_size)
 * @param activation between the layers of those (hidden_act)
 * @param dropout the rate on embeddings, relative embeddings and residual branches
 *     (hidden_dropout_prob)
 * @param attentionDropout the rate on attention patterns (attention_probs_dropout_prob)
 * @param maximumPositions the rows of the table of absolute positions (max_position_embeddings)
 * @param tokenTypes the rows of the table of token types; 0 for none (type_vocab_size)
 * @param embeddingWidth the width of the embedding tables; 0 for the width (embedding_size)
 * @param paddingIndex the token whose embedding is not trained; negative for none (padding_idx)
 * @param positionBiasedInput whether absolute positions are added to the input
 *     (position_biased_input)
 * @param relativeAttention whether attention is disentangled (relative_attention)
 * @param positionAttention which terms it has besides content to content, joined by {@code |}: c2p,
 *     p2c (pos_att_type). Each named term widens the scale, also without relative attention
 * @param maximumRelativePositions the largest distance; below 1 for maximumPositions
 *     (max_relative_positions)
 * @param positionBuckets into how many buckets a side distances fall; below 1 for a row for each
 *     distance (position_buckets)
 * @param shareAttentionKey whether relative positions are projected by the content's projections
 *     (share_att_key)
 * @param normalizeRelative whether the table of relative positions is normalised (norm_rel_ebd)
 * @param layerNormEpsilon what the norms add to the variance (layer_norm_eps)
 * @param convolutionKernel the width of the convolution after the first layer, odd; 0 for none
 *     (conv_kernel_size)
 * @param convolutionActivation its activation (conv_act)
 * @param convolutionGroups into how many groups it parts the width (conv_groups)
 * @param initializerRange the deviation of initial weights (initializer_range)
 */
public record DebertaConfig(
    int width,
    int layers,
    int heads,
    int hidden,
    DebertaActivation activation,
    double dropout,
    double attentionDropout,
    int maximumPositions,
    int tokenTypes,
    int embeddingWidth,
    int paddingIndex,
    boolean positionBiasedInput,
    boolean relativeAttention,
    String positionAttention,
    int maximumRelativePositions,
    int positionBuckets,
    boolean shareAttentionKey,
    boolean normalizeRelative,
    double layerNormEpsilon,
    int convolutionKernel,
    DebertaActivation convolutionActivation,
    int convolutionGroups,
    double initializerRange) {

  private static final Set<String> TERMS = Set.of("c2p", "p2c", "p2p", "none", "");

  /** Checks that the values fit together. */
  public DebertaConfig {
    Limits.rate("dropout", dropout);
    Limits.rate("attentionDropout", attentionDropout);
    Limits.positive("layerNormEpsilon", layerNormEpsilon);
    Limits.notNegative("initializerRange", initializerRange);
    require(width >= 1 && layers >= 1 && hidden >= 1, "width, layers and hidden are at least 1");
    require(
        heads >= 1 && width % heads == 0,
        "heads=" + heads + " does not divide width=" + width + "; give a divisor");
    require(maximumPositions >= 1, "maximumPositions=" + maximumPositions + "; give at least 1");
    require(
        convolutionKernel <= 0 || convolutionKernel % 2 == 1,
        "convolutionKernel=" + convolutionKernel + " is even; give an odd number, or 0 for none");
    require(
        convolutionGroups >= 1 && width % convolutionGroups == 0,
        "convolutionGroups=" + convolutionGroups + " does not divide width=" + width);
    Set<String> terms = terms(positionAttention);
    for (String term : terms) {
      require(
          TERMS.contains(term),
          "positionAttention names '"
              + term
              + "'; known: c2p, p2c, p2p, none"
              + NearestName.suggestion(term, TERMS));
    }
    require(
        !relativeAttention || !terms.contains("p2p"),
        "positionAttention=p2p with relativeAttention is not defined; give c2p, p2c or c2p|p2c");
    int distance = maximumRelativePositions < 1 ? maximumPositions : maximumRelativePositions;
    require(
        !relativeAttention || positionBuckets < 1 || (positionBuckets > 1 && distance > 1),
        "positionBuckets="
            + positionBuckets
            + " with a largest distance of "
            + distance
            + "; both must be at least 2");
  }

  private static void require(boolean condition, String message) {
    if (!condition) {
      throw new IllegalArgumentException(message);
    }
  }

  private static Set<String> terms(String text) {
    Set<String> terms = new TreeSet<>();
    if (text != null) {
      Arrays.stream(text.toLowerCase(Locale.ROOT).split("\\|", -1))
          .map(String::strip)
          .forEach(terms::add);
    }
    return terms;
  }

  /**
   * Version 3 (He, Gao and Chen 2021): shared projections, 256 buckets a side, no absolute
   * positions in the input.
   *
   * @param width the size of the hidden states
   * @param layers the number of layers
   * @param heads the number of heads
   * @return the config, with a feed-forward network of four times the width
   */
  public static DebertaConfig version3(int width, int layers, int heads) {
    return new DebertaConfig(
        width,
        layers,
        heads,
        4 * width,
        DebertaActivation.GELU,
        0.1,
        0.1,
        512,
        0,
        0,
        0,
        false,
        true,
        "p2c|c2p",
        -1,
        256,
        true,
        true,
        1e-7,
        0,
        DebertaActivation.GELU,
        1,
        0.02);
  }

  /**
   * Version 2 of the largest models: version 3's encoder with a convolution.
   *
   * @param width the size of the hidden states
   * @param layers the number of layers
   * @param heads the number of heads
   * @return the config
   */
  public static DebertaConfig version2(int width, int layers, int heads) {
    return version3(width, layers, heads).withConvolution(3, DebertaActivation.GELU, 1);
  }

  /**
   * Version 1 (He et al. 2020): projections of its own for relative positions, a row for each
   * distance.
   *
   * @param width the size of the hidden states
   * @param layers the number of layers
   * @param heads the number of heads
   * @return the config
   */
  public static DebertaConfig version1(int width, int layers, int heads) {
    return version3(width, layers, heads).withPositions(512, -1, "c2p|p2c", false, false);
  }

  /**
   * The same with a convolution.
   *
   * @param kernel its width; 0 for none
   * @param convolving its activation
   * @param groups its groups
   * @return a new config
   */
  public DebertaConfig withConvolution(int kernel, DebertaActivation convolving, int groups) {
    return new DebertaConfig(
        width,
        layers,
        heads,
        hidden,
        activation,
        dropout,
        attentionDropout,
        maximumPositions,
        tokenTypes,
        embeddingWidth,
        paddingIndex,
        positionBiasedInput,
        relativeAttention,
        positionAttention,
        maximumRelativePositions,
        positionBuckets,
        shareAttentionKey,
        normalizeRelative,
        layerNormEpsilon,
        kernel,
        convolving,
        groups,
        initializerRange);
  }

  /**
   * The same with other relative positions.
   *
   * @param positions the rows of the table of absolute positions
   * @param buckets the buckets a side; below 1 for none
   * @param terms as {@link #positionAttention}
   * @param share whether the content's projections are used
   * @param normalize whether the table is normalised
   * @return a new config
   */
  public DebertaConfig withPositions(
      int positions, int buckets, String terms, boolean share, boolean normalize) {
    return new DebertaConfig(
        width,
        layers,
        heads,
        hidden,
        activation,
        dropout,
        attentionDropout,
        positions,
        tokenTypes,
        embeddingWidth,
        paddingIndex,
        positionBiasedInput,
        relativeAttention,
        terms,
        maximumRelativePositions,
        buckets,
        share,
        normalize,
        layerNormEpsilon,
        convolutionKernel,
        convolutionActivation,
        convolutionGroups,
        initializerRange);
  }

  /**
   * The same with other embeddings.
   *
   * @param types the rows of the table of token types; 0 for none
   * @param tableWidth the width of the tables; 0 for the width
   * @param biased whether absolute positions are added to the input
   * @return a new config
   */
  public DebertaConfig withEmbeddings(int types, int tableWidth, boolean biased) {
    return new DebertaConfig(
        width,
        layers,
        heads,
        hidden,
        activation,
        dropout,
        attentionDropout,
        maximumPositions,
        types,
        tableWidth,
        paddingIndex,
        biased,
        relativeAttention,
        positionAttention,
        maximumRelativePositions,
        positionBuckets,
        shareAttentionKey,
        normalizeRelative,
        layerNormEpsilon,
        convolutionKernel,
        convolutionActivation,
        convolutionGroups,
        initializerRange);
  }

  /**
   * The same with another depth.
   *
   * @param depth the number of layers
   * @return a new config
   */
  public DebertaConfig withLayers(int depth) {
    return withDepth(depth, dropout, attentionDropout);
  }

  /**
   * The same without dropout.
   *
   * @return a new config
   */
  public DebertaConfig withoutDropout() {
    return withDepth(layers, 0, 0);
  }

  private DebertaConfig withDepth(int depth, double rate, double attentionRate) {
    return new DebertaConfig(
        width,
        depth,
        heads,
        hidden,
        activation,
        rate,
        attentionRate,
        maximumPositions,
        tokenTypes,
        embeddingWidth,
        paddingIndex,
        positionBiasedInput,
        relativeAttention,
        positionAttention,
        maximumRelativePositions,
        positionBuckets,
        shareAttentionKey,
        normalizeRelative,
        layerNormEpsilon,
        convolutionKernel,
        convolutionActivation,
        convolutionGroups,
        initializerRange);
  }

  /** Whether queries meet the keys of relative positions. */
  boolean contentToPosition() {
    return terms(positionAttention).contains("c2p");
  }

  /** Whether keys meet the queries of relative positions. */
  boolean positionToContent() {
    return terms(positionAttention).contains("p2c");
  }

  /** How many terms the scale is for. */
  int scaleFactor() {
    Set<String> terms = terms(positionAttention);
    terms.retainAll(Set.of("c2p", "p2c", "p2p"));
    return 1 + terms.size();
  }

  /** The width of the embedding tables. */
  int tableWidth() {
    return embeddingWidth > 0 ? embeddingWidth : width;
  }

  /** The distances of relative attention. */
  LogBucketRelativePosition relativePosition() {
    return new LogBucketRelativePosition(
        Math.max(positionBuckets, 0),
        maximumRelativePositions < 1 ? maximumPositions : maximumRelativePositions);
  }
}
