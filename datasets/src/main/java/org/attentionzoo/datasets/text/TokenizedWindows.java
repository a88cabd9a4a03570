package org.attentionzoo.datasets.text;

import ai.djl.ndarray.NDManager;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.BatchSource;

/** Windows of tokens with what makes them. */
record TokenizedWindows(TokenWindows windows, TextTokenizer tokenizer)
    implements BatchSource, Tokenized {

  @Override
  public Batch training(NDManager manager, long seed, long step) {
    return windows.training(manager, seed, step);
  }

  @Override
  public int validationBatches() {
    return windows.validationBatches();
  }

  @Override
  public Batch validation(NDManager manager, int index) {
    return windows.validation(manager, index);
  }
}
