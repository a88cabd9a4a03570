package org.attentionzoo.datasets.text;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.BatchSource;
import org.attentionzoo.datasets.SeededStream;
import org.attentionzoo.datasets.Tensors;

/**
 * Tokenised texts of which tokens are to be recovered, as BERT masks them: each token that stands
 * for text is chosen with probability {@code rate}, one of a text at least; of the chosen ones 80 %
 * become the mask, 10 % a uniform token, 10 % stay. Inputs are (B, L) int64, filled up to the
 * longest text of the batch, and (B, L) boolean, false where filled up; labels (B, L) int64, {@link
 * #IGNORED} except at chosen tokens. Texts without tokens are left out.
 *
 * <p>Nine tenths of the texts are for training, drawn uniformly from (seed, step); the rest is gone
 * through in order, always with the same tokens chosen. The ids of a batch are the numbers of its
 * texts.
 */
public final class MaskedTexts implements BatchSource, Tokenized {

  /** The label of a token that is not to be recovered. */
  public static final int IGNORED = -1;

  private final TextTokenizer tokenizer;
  private final Masking masking;
  private final List<TextTokenizer.Tokens> texts;
  private final int training;
  private final int batch;
  private final LengthPools pools;

  /**
   * Tokenises texts.
   *
   * @param texts the texts
   * @param tokenizer makes the tokens and cuts off what is too long; not closed
   * @param mask the token that hides others
   * @param batch B, how many texts a batch has
   * @param rate the probability of a token to be chosen
   * @param pool how many training batches are drawn together and divided by length; 1 for none
   * @throws UserException if there are fewer than 10 texts with tokens, or B or the rate is not
   *     sensible
   */
  public MaskedTexts(
      List<String> texts, TextTokenizer tokenizer, long mask, int batch, double rate, int pool) {
    if (batch < 1 || batch > 1 << 20) {
      throw new UserException("batch=" + batch + "; expected a number from 1 to " + (1 << 20));
    }
    if (!(rate >= 0 && rate <= 1)) {
      throw new UserException("rate=" + rate + "; expected a number from 0 to 1");
    }
    this.tokenizer = tokenizer;
    masking = new Masking(rate, mask, tokenizer.vocabulary());
    this.batch = batch;
    pools = new LengthPools(batch, pool);
    this.texts =
        tokenizer.encode(texts).stream().filter(tokens -> places(tokens).length > 0).toList();
    if (this.texts.size() < 10) {
      throw new UserException(
          "only " + this.texts.size() + " of the texts have tokens; give at least 10");
    }
    training = (int) (this.texts.size() * 9L / 10);
  }

  /** Where a text's own tokens stand. */
  private static int[] places(TextTokenizer.Tokens tokens) {
    return IntStream.range(0, tokens.ids().length).filter(i -> tokens.starts()[i] >= 0).toArray();
  }

  @Override
  public TextTokenizer tokenizer() {
    return tokenizer;
  }

  @Override
  public Batch training(NDManager manager, long seed, long step) {
    SplittableRandom random = SeededStream.of(seed, step);
    if (!pools.isOff()) {
      long[] pooled = pools.draw(seed, step, training, id -> texts.get((int) id).ids().length);
      return batch(manager, pooled, random);
    }
    long[] ids = new long[batch];
    for (int i = 0; i < batch; i++) {
      ids[i] = random.nextInt(training);
    }
    return batch(manager, ids, random);
  }

  @Override
  public int validationBatches() {
    return (texts.size() - training - 1) / batch + 1;
  }

  @Override
  public Batch validation(NDManager manager, int index) {
    if (index < 0 || index >= validationBatches()) {
      throw new IndexOutOfBoundsException(
          "validation batch " + index + " of " + validationBatches());
    }
    int first = training + index * batch;
    long[] ids = new long[Math.min(batch, texts.size() - first)];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = first + i;
    }
    return batch(manager, ids, SeededStream.of(Long.MIN_VALUE, index));
  }

  private Batch batch(NDManager manager, long[] ids, SplittableRandom random) {
    List<long[]> sequences = new ArrayList<>();
    List<long[]> targets = new ArrayList<>();
    int longest = 0;
    for (long id : ids) {
      TextTokenizer.Tokens tokens = texts.get((int) id);
      long[] shown = tokens.ids().clone();
      long[] labels = new long[shown.length];
      Arrays.fill(labels, IGNORED);
      int[] places = places(tokens);
      int sure = places[random.nextInt(places.length)];
      for (int place : places) {
        masking.apply(random, shown, labels, place, place == sure);
      }
      sequences.add(shown);
      targets.add(labels);
      longest = Math.max(longest, shown.length);
    }
    long[] labels = new long[ids.length * longest];
    Arrays.fill(labels, IGNORED);
    for (int i = 0; i < ids.length; i++) {
      System.arraycopy(targets.get(i), 0, labels, i * longest, targets.get(i).length);
    }
    return new Batch(
        tokenizer.arrays(manager, sequences),
        new NDList(Tensors.int64(manager, new Shape(ids.length, longest), labels)),
        ids);
  }
}
