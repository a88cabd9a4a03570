package org.attentionzoo.training.tasks;

import ai.djl.ndarray.NDList;
import java.util.Map;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.BatchSource;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Meter;
import org.attentionzoo.training.Objective;
import org.attentionzoo.training.Task;

/**
 * One class for a sequence of tokens, for any model of kind {@link ModelKind#SEQUENCE_CLASSIFIER}:
 * tokens (B, L) int64 and, where sequences are padded, valid (B, L) boolean, to logits (B,
 * classes). Judged by cross-entropy in nats and {@code accuracy}, an evaluation also by macro F1,
 * log loss, calibration error and, of two classes, AUC.
 */
final class SequenceClassification {

  private SequenceClassification() {}

  /**
   * A task.
   *
   * @param name the scheme of its data
   * @param source batches whose labels are (B) int64
   * @param vocabulary how many tokens there are
   * @param classes how many classes there are
   * @param batch sequences in a training batch
   * @param description provenance
   * @return the task
   */
  static Task task(
      String name,
      BatchSource source,
      int vocabulary,
      int classes,
      int batch,
      Map<String, Object> description) {
    return new Task(
        name,
        ModelKind.SEQUENCE_CLASSIFIER,
        source,
        objective(),
        Map.of("vocabulary", vocabulary, "classes", classes),
        batch,
        "sequences",
        description);
  }

  /** Cross-entropy, and the figures of classifiers. */
  static Objective objective() {
    return new Judged(LanguageModelObjective.ofTokens());
  }

  /** The loss of one kernel, and the figures of classifiers. */
  private record Judged(Objective loss) implements Objective {

    @Override
    public Outcome evaluate(NDList outputs, Batch batch) {
      return loss.evaluate(outputs, batch);
    }

    @Override
    public Meter meter() {
      return new ClassificationMeter();
    }
  }
}
