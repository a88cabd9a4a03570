package org.attentionzoo.training.tasks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.training.Meter;
import org.attentionzoo.training.Objective;
import org.attentionzoo.training.metrics.Share;

/**
 * {@link LanguageModelObjective} for sequences that hold answers: an evaluation tells also {@code
 * exact_match}, the share of sequences all of whose labels are predicted, and, where it has
 * sequences of several lengths, {@code accuracy_at_<length>} and {@code exact_match_at_<length>}.
 *
 * <p>Stateless; safe for use by several threads.
 */
public final class AnswerObjective implements Objective {

  private final LanguageModelObjective objective = LanguageModelObjective.ofTokens();

  /**
   * Judges logits.
   *
   * @param outputs first the logits, (B, L, V)
   * @param batch first label (B, L) int64
   * @return as {@link LanguageModelObjective#evaluate} does
   */
  @Override
  public Outcome evaluate(NDList outputs, Batch batch) {
    return objective.evaluate(outputs, batch);
  }

  @Override
  public Meter meter() {
    return new ByLength();
  }

  /** Counts by the length of the sequences, which is one in a batch. */
  private static final class ByLength implements Meter {

    private final SortedMap<Long, Tally> tallies = new TreeMap<>();

    @Override
    public void add(NDList outputs, Batch batch, Outcome outcome) {
      NDArray labels = batch.labels().head();
      NDArray asked = labels.neq(LanguageModelObjective.IGNORED).toType(DataType.INT64, false);
      NDArray wrong =
          outputs.head().argMax(-1).neq(labels).toType(DataType.INT64, false).mul(asked);
      long length = labels.getShape().get(1);
      long[] askedOfRow = asked.sum(new int[] {1}).toLongArray();
      long[] wrongOfRow = wrong.sum(new int[] {1}).toLongArray();
      for (int row = 0; row < askedOfRow.length; row++) {
        if (askedOfRow[row] > 0) {
          tallies.computeIfAbsent(length, l -> new Tally()).add(askedOfRow[row], wrongOfRow[row]);
        }
      }
    }

    @Override
    public Map<String, Double> figures() {
      Map<String, Double> figures = new LinkedHashMap<>();
      Tally all = new Tally();
      tallies.values().forEach(all::add);
      if (all.sequences.cases() > 0) {
        figures.put("exact_match", all.sequences.value());
      }
      if (tallies.size() > 1) {
        tallies.forEach(
            (length, tally) -> {
              figures.put("accuracy_at_" + length, tally.labels.value());
              figures.put("exact_match_at_" + length, tally.sequences.value());
            });
      }
      return figures;
    }
  }

  private static final class Tally {
    private final Share labels = new Share();
    private final Share sequences = new Share();

    void add(long asked, long wrong) {
      labels.add(asked - wrong, asked);
      sequences.add(wrong == 0);
    }

    void add(Tally other) {
      labels.add(other.labels);
      sequences.add(other.sequences);
    }
  }
}
