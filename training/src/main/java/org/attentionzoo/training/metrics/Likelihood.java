package org.attentionzoo.training.metrics;

/**
 * What is said of a text's probability: perplexity, the exponential of the mean negative log
 * likelihood of its tokens, and bits per byte or character, the negative log likelihood of the
 * whole text in bits, divided by its bytes or characters, so that models with different tokens can
 * be compared. For one thread.
 */
public final class Likelihood {

  private double nats;
  private double tokens;

  /**
   * Adds tokens.
   *
   * @param nats the sum of their negative log likelihoods, in nats
   * @param tokens how many they are
   */
  public void add(double nats, double tokens) {
    if (!(tokens >= 0)) {
      throw new IllegalArgumentException(tokens + " tokens; expected at least 0");
    }
    this.nats += nats;
    this.tokens += tokens;
  }

  /**
   * How many tokens were added.
   *
   * @return the number
   */
  public double tokens() {
    return tokens;
  }

  /**
   * The mean negative log likelihood: the cross-entropy, or log loss.
   *
   * @return in nats, at least 0; infinite if a token was said to be impossible
   * @throws IllegalStateException if there was no token
   */
  public double crossEntropy() {
    if (tokens == 0) {
      throw new IllegalStateException("the likelihood of no tokens is not defined: none was added");
    }
    return nats / tokens;
  }

  /**
   * The perplexity.
   *
   * @return at least 1; infinite if a token was said to be impossible
   * @throws IllegalStateException if there was no token
   */
  public double perplexity() {
    return Math.exp(crossEntropy());
  }

  /**
   * Bits per byte, or per character, or per whatever the text is counted in.
   *
   * @param units how many bytes or characters the added tokens stand for
   * @return at least 0
   * @throws IllegalArgumentException if there are none
   */
  public double bitsPer(double units) {
    if (!(units > 0)) {
      throw new IllegalArgumentException(
          "bits per unit of " + units + " units are not defined; give how many there are");
    }
    return nats / Math.log(2) / units;
  }
}
