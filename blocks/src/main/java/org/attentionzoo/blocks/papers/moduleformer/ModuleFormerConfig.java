package org.attentionzoo.blocks.papers.moduleformer;

import java.util.List;
import org.attentionzoo.blocks.Limits;
import org.attentionzoo.blocks.experts.ParallelExperts.NonLinearity;
import org.attentionzoo.blocks.experts.TopKGateConfig;

/**
 * Sizes and switches of ModuleFormer.
 *
 * @param vocabulary the number of tokens
 * @param width the size of the hidden states
 * @param layers the number of layers
 * @param heads the number of heads of an attention expert
 * @param attentionWidth the size of an attention expert: all its heads together
 * @param attentionExperts the number of attention experts of a layer
 * @param attentionChosen how many of them a token uses
 * @param hidden the inner size of a feed-forward expert
 * @param feedForwardExperts the number of feed-forward experts of a layer
 * @param feedForwardChosen how many of them a token uses
 * @param gateKind how gates compute logits
 * @param gateHidden the inner size of the gates
 * @param sampled how many of the chosen experts are drawn in training
 * @param loss what keeps experts in use
 * @param lossWeight its factor for each gate
 * @param capacityFactor limits how many tokens an expert takes; 0 for all
 * @param activation what feed-forward experts have between their layers
 * @param dropout the rate on embeddings and residual branches
 * @param gateDropout the rate within the gates
 * @param layerAttentionExperts how many attention experts each layer has where the number is the
 *     layer's own; empty for {@code attentionExperts} in all
 * @param layerFeedForwardExperts the same of feed-forward experts
 * @param learningExperts how many of the last experts of each kind in each layer learn; 0 for all
 */
public record ModuleFormerConfig(
    int vocabulary,
    int width,
    int layers,
    int heads,
    int attentionWidth,
    int attentionExperts,
    int attentionChosen,
    int hidden,
    int feedForwardExperts,
    int feedForwardChosen,
    TopKGateConfig.Kind gateKind,
    int gateHidden,
    int sampled,
    TopKGateConfig.Loss loss,
    double lossWeight,
    double capacityFactor,
    NonLinearity activation,
    double dropout,
    double gateDropout,
    List<Integer> layerAttentionExperts,
    List<Integer> layerFeedForwardExperts,
    int learningExperts) {

  /** Checks the sizes that no part checks. */
  public ModuleFormerConfig {
    Limits.positive("vocabulary", vocabulary);
    Limits.positive("width", width);
    Limits.positive("attentionWidth", attentionWidth);
    Limits.positive("hidden", hidden);
    Limits.notNegative("layers", layers);
    Limits.notNegative("lossWeight", lossWeight);
    Limits.rate("dropout", dropout);
    Limits.rate("gateDropout", gateDropout);
    if (heads < 1 || attentionWidth % heads != 0) {
      throw new IllegalArgumentException(
          "attentionWidth must be a multiple of heads; got " + attentionWidth + " and " + heads);
    }
    layerAttentionExperts = ofEachLayer("layerAttentionExperts", layerAttentionExperts, layers);
    layerFeedForwardExperts =
        ofEachLayer("layerFeedForwardExperts", layerFeedForwardExperts, layers);
  }

  private static List<Integer> ofEachLayer(String name, List<Integer> counts, int layers) {
    if (!counts.isEmpty() && counts.size() != layers) {
      throw new IllegalArgumentException(
          name + " is empty or has a number for each of " + layers + " layers; got " + counts);
    }
    return List.copyOf(counts);
  }

  /**
   * The attention experts of a layer.
   *
   * @param layer from 0
   * @return how many
   */
  public int attentionExperts(int layer) {
    return layerAttentionExperts.isEmpty() ? attentionExperts : layerAttentionExperts.get(layer);
  }

  /**
   * The feed-forward experts of a layer.
   *
   * @param layer from 0
   * @return how many
   */
  public int feedForwardExperts(int layer) {
    return layerFeedForwardExperts.isEmpty()
        ? feedForwardExperts
        : layerFeedForwardExperts.get(layer);
  }

  TopKGateConfig attentionGate(int layer) {
    return gate(attentionExperts(layer), attentionChosen);
  }

  TopKGateConfig feedForwardGate(int layer) {
    return gate(feedForwardExperts(layer), feedForwardChosen);
  }

  private TopKGateConfig gate(int experts, int chosen) {
    return new TopKGateConfig(
        width,
        experts,
        chosen,
        sampled,
        gateKind,
        gateHidden,
        gateDropout,
        loss,
        lossWeight,
        capacityFactor);
  }
}
