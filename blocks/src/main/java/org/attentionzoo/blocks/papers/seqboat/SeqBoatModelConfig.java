package org.attentionzoo.blocks.papers.seqboat;

import org.attentionzoo.blocks.Limits;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatConfig.Attention;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatConfig.Norm;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatConfig.Positions;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatConfig.Routing;

/**
 * A SeqBoat model: a classifier, whose layers are bidirectional, or a language model, whose layers
 * are causal.
 *
 * @param vocabulary the number of tokens
 * @param classes the number of classes; 0 in a language model
 * @param layers the number of layers
 * @param width D, of the hidden states
 * @param queryWidth z, of queries and keys
 * @param hidden H, of values and their gate
 * @param averages n, moving averages a channel
 * @param window how many activated tokens attention sees to each side
 * @param truncation the longest lag of the moving averages plus one; 0 for no limit
 * @param attention how scores become weights
 * @param positions what tells attention where tokens are
 * @param maxPositions half the size of the table of simple positions
 * @param norm what normalises; layernorm in a language model
 * @param preNorm whether it normalises a layer's input rather than its output
 * @param temperatureScale c: a router's temperature starts at c sqrt(D)
 * @param routing which tokens attend
 * @param dropout of each layer
 */
public record SeqBoatModelConfig(
    int vocabulary,
    int classes,
    int layers,
    int width,
    int queryWidth,
    int hidden,
    int averages,
    int window,
    int truncation,
    Attention attention,
    Positions positions,
    int maxPositions,
    Norm norm,
    boolean preNorm,
    double temperatureScale,
    Routing routing,
    double dropout) {

  /** Checks the values. */
  public SeqBoatModelConfig {
    Limits.positive("vocabulary", vocabulary);
    Limits.notNegative("classes", classes);
    Limits.notNegative("layers", layers);
    Limits.rate("dropout", dropout);
  }

  /**
   * The config of each layer.
   *
   * @param bidirectional whether tokens see later ones
   * @return one layer, whose rows are always compressed
   */
  public SeqBoatConfig layer(boolean bidirectional) {
    return new SeqBoatConfig(
        width,
        queryWidth,
        hidden,
        averages,
        window,
        truncation,
        bidirectional,
        attention,
        positions,
        maxPositions,
        norm,
        preNorm,
        true,
        temperatureScale,
        routing,
        true,
        dropout,
        0,
        0);
  }
}
