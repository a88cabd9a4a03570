package org.attentionzoo.datasets.text;

import ai.djl.ndarray.NDManager;
import java.util.Optional;
import org.attentionzoo.datasets.Batch;

/** Windows of tokens with what makes them and, if they tell it, the text. */
record TokenizedWindows(TokenWindows windows, TextTokenizer tokenizer, Optional<TextCorpus> text)
    implements TextSource, Tokenized {

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
