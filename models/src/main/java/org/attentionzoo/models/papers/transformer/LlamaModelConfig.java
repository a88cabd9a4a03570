package org.attentionzoo.models.papers.transformer;

import java.util.Optional;
import org.attentionzoo.blocks.Limits;
import org.attentionzoo.blocks.positions.Rotary;

/**
 * A Llama-style decoder.
 *
 * @param vocabulary the number of tokens
 * @param width the size of the hidden states
 * @param layers the number of layers
 * @param hidden the inner size of the feed-forward networks
 * @param tied whether the output projection is the embedding's table
 * @param heads the number of query heads
 * @param keyValueHeads the number of key and value heads
 * @param headWidth the size of a head
 * @param bias whether the projections of attention have biases
 * @param window how many tokens a token sees at most, itself included; 0 for all
 * @param rotaryBase the base of the rotary frequencies
 * @param rotaryScaling slows them down for long contexts
 * @param normEpsilon added to the mean square in the norms
 * @param context the length that the model was trained for; longer inputs are not refused
 */
public record LlamaModelConfig(
    int vocabulary,
    int width,
    int layers,
    int hidden,
    boolean tied,
    int heads,
    int keyValueHeads,
    int headWidth,
    boolean bias,
    int window,
    double rotaryBase,
    Optional<Rotary.Scaling> rotaryScaling,
    double normEpsilon,
    int context) {

  /** Checks the values. */
  public LlamaModelConfig {
    Limits.notNegative("context", context);
  }
}
