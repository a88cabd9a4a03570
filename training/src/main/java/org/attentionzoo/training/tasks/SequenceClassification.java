package org.attentionzoo.training.tasks;

import java.util.Map;
import org.attentionzoo.datasets.BatchSource;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;

/**
 * One class for a sequence of tokens, for any model of kind {@link ModelKind#SEQUENCE_CLASSIFIER}:
 * tokens (B, L) int64 and, where sequences are padded, valid (B, L) boolean, to logits (B,
 * classes). Judged by cross-entropy in nats and {@code accuracy}.
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
        LanguageModelObjective.ofTokens(),
        Map.of("vocabulary", vocabulary, "classes", classes),
        batch,
        "sequences",
        description);
  }
}
