package org.attentionzoo.training.tasks;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.attentionzoo.datasets.text.LabelledText;
import org.attentionzoo.datasets.text.TextTokenizer;
import org.attentionzoo.datasets.text.TokenizedTexts;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;

/** Classes of texts as a task, wherever the texts come from. */
final class TextClasses {

  private TextClasses() {}

  /**
   * A task.
   *
   * @param name the scheme of its data
   * @param texts the texts
   * @param tokenizer a tokenizer.json or the folder of one; blank for words of the training texts
   * @param words how many words there are at most
   * @param length the most tokens of a text
   * @param batch texts in a training batch
   * @param lengthPool how many training batches are divided by length together; 1 for none
   * @param origin provenance of the texts
   * @return the task
   */
  static Task task(
      String name,
      LabelledText texts,
      String tokenizer,
      int words,
      int length,
      int batch,
      int lengthPool,
      Map<String, Object> origin) {
    // lives as long as the task, of which nobody says when it ends
    TextTokenizer opened =
        tokenizer.isBlank()
            ? TextTokenizer.ofWords(
                texts.training().stream().map(LabelledText.Example::text).toList(), words, length)
            : TextTokenizer.open(Path.of(tokenizer), length);
    TokenizedTexts source = new TokenizedTexts(texts, opened, batch, lengthPool);
    long[] counts = new long[texts.classes().size()];
    texts.validation().forEach(example -> counts[example.label()]++);
    double majority = (double) Arrays.stream(counts).max().orElse(0) / texts.validation().size();
    Map<String, Object> description = new LinkedHashMap<>(origin);
    description.put("training_texts", texts.training().size());
    description.put("validation_texts", texts.validation().size());
    description.put("classes", texts.classes());
    description.put("validation_majority", majority);
    description.put("tokenizer", tokenizer.isBlank() ? "words of the training texts" : tokenizer);
    description.put("vocabulary", opened.vocabulary());
    return new Task(
        name,
        ModelKind.SEQUENCE_CLASSIFIER,
        source,
        SequenceClassification.objective(),
        Map.of("vocabulary", opened.vocabulary(), "classes", texts.classes().size()),
        batch,
        "texts",
        description);
  }
}
