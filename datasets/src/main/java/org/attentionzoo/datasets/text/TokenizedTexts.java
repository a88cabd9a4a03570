package org.attentionzoo.datasets.text;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.BatchSource;
import org.attentionzoo.datasets.SeededStream;
import org.attentionzoo.datasets.Tensors;

/**
 * Tokenised texts with a class each: inputs (B, L) int64, filled up to the longest text of the
 * batch, and (B, L) boolean, false where filled up; labels (B) int64. Training texts are drawn
 * uniformly from (seed, step), on request so that those of a batch have about the same length;
 * validation goes through all texts in order. The ids of a batch are the numbers of its texts.
 */
public final class TokenizedTexts implements BatchSource, Tokenized {

  private final TextTokenizer tokenizer;
  private final List<LabelledText.Example> training;
  private final List<LabelledText.Example> validation;
  private final List<long[]> trainingTokens;
  private final List<long[]> validationTokens;
  private final int batch;
  private final LengthPools pools;

  /**
   * Tokenises texts.
   *
   * @param texts the texts
   * @param tokenizer makes the tokens and cuts off what is too long; not closed
   * @param batch B, how many texts a batch has
   * @param pool how many training batches are drawn together and divided by length; 1 for none
   * @throws UserException if B or the pool is not sensible
   */
  public TokenizedTexts(LabelledText texts, TextTokenizer tokenizer, int batch, int pool) {
    if (batch < 1 || batch > 1 << 20) {
      throw new UserException("batch=" + batch + "; expected a number from 1 to " + (1 << 20));
    }
    this.tokenizer = tokenizer;
    this.batch = batch;
    pools = new LengthPools(batch, pool);
    training = texts.training();
    validation = texts.validation();
    trainingTokens = tokens(training);
    validationTokens = tokens(validation);
  }

  @Override
  public TextTokenizer tokenizer() {
    return tokenizer;
  }

  private List<long[]> tokens(List<LabelledText.Example> examples) {
    List<String> texts = examples.stream().map(LabelledText.Example::text).toList();
    return tokenizer.encode(texts).stream().map(TextTokenizer.Tokens::ids).toList();
  }

  @Override
  public Batch training(NDManager manager, long seed, long step) {
    if (!pools.isOff()) {
      long[] ids =
          pools.draw(seed, step, training.size(), id -> trainingTokens.get((int) id).length);
      return batch(manager, ids, training, trainingTokens);
    }
    SplittableRandom random = SeededStream.of(seed, step);
    long[] ids = new long[batch];
    for (int i = 0; i < batch; i++) {
      ids[i] = random.nextInt(training.size());
    }
    return batch(manager, ids, training, trainingTokens);
  }

  @Override
  public int validationBatches() {
    return (validation.size() - 1) / batch + 1;
  }

  @Override
  public Batch validation(NDManager manager, int index) {
    if (index < 0 || index >= validationBatches()) {
      throw new IndexOutOfBoundsException(
          "validation batch " + index + " of " + validationBatches());
    }
    int first = index * batch;
    long[] ids = new long[Math.min(batch, validation.size() - first)];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = first + i;
    }
    return batch(manager, ids, validation, validationTokens);
  }

  private Batch batch(
      NDManager manager, long[] ids, List<LabelledText.Example> examples, List<long[]> tokens) {
    List<long[]> sequences = new ArrayList<>();
    long[] labels = new long[ids.length];
    for (int i = 0; i < ids.length; i++) {
      sequences.add(tokens.get((int) ids[i]));
      labels[i] = examples.get((int) ids[i]).label();
    }
    return new Batch(
        tokenizer.arrays(manager, sequences),
        new NDList(Tensors.int64(manager, new Shape(ids.length), labels)),
        ids);
  }
}
