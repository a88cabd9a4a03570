package org.attentionzoo.datasets.text;

/** Data whose tokens a tokenizer made, which a trained model needs again for other text. */
public interface Tokenized {

  /**
   * What makes the tokens.
   *
   * @return the tokenizer, not to be closed
   */
  TextTokenizer tokenizer();
}
