package org.attentionzoo.eval.predict;

/**
 * One of the answers that a model can give.
 *
 * @param index the token, class or item
 * @param value its probability, or its score where scores are no logits of one choice
 */
public record Choice(int index, double value) {}
