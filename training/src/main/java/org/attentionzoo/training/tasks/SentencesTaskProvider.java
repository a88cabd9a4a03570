package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.text.LabelledText;
import org.attentionzoo.datasets.text.TextTokenizer;
import org.attentionzoo.datasets.text.TokenizedTexts;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/** Classes of texts, tokenised; see {@link LabelledText} and {@link TextTokenizer}. */
@AutoService(TaskProvider.class)
public final class SentencesTaskProvider implements TaskProvider {

  /**
   * The options.
   *
   * @param batch how many texts a training batch has
   * @param length the most tokens of a text; what is longer is cut off
   * @param tokenizer a tokenizer.json or the folder of one; empty for the most frequent words of
   *     the training texts
   * @param words how many tokens there are at most if the tokenizer is made of words
   */
  public record Options(int batch, int length, String tokenizer, int words) {}

  @Override
  public String scheme() {
    return "sentences";
  }

  @Override
  public String usage() {
    return "sentences:<folder>  train.tsv and dev.tsv, lines of text<TAB>class; task.tokenizer=...";
  }

  @Override
  public Record defaults() {
    return new Options(32, 64, "", 8000);
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    if (location.isBlank()) {
      throw new UserException(
          "sentences needs a folder with train.tsv and dev.tsv; write sentences:<folder>");
    }
    Options chosen = (Options) options;
    if (chosen.length() < 2) {
      throw new UserException("length=" + chosen.length() + "; expected at least 2 tokens");
    }
    LabelledText texts = LabelledText.read(Path.of(location));
    // lives as long as the task, of which nobody says when it ends
    TextTokenizer tokenizer =
        chosen.tokenizer().isBlank()
            ? TextTokenizer.ofWords(
                texts.training().stream().map(LabelledText.Example::text).toList(),
                chosen.words(),
                chosen.length())
            : TextTokenizer.open(Path.of(chosen.tokenizer()), chosen.length());
    TokenizedTexts source = new TokenizedTexts(texts, tokenizer, chosen.batch());
    long[] counts = new long[texts.classes().size()];
    texts.validation().forEach(example -> counts[example.label()]++);
    double majority =
        (double) java.util.Arrays.stream(counts).max().orElse(0) / texts.validation().size();
    Map<String, Object> description = new LinkedHashMap<>();
    description.put("source", location);
    description.put("training_texts", texts.training().size());
    description.put("validation_texts", texts.validation().size());
    description.put("classes", texts.classes());
    description.put("validation_majority", majority);
    description.put(
        "tokenizer",
        chosen.tokenizer().isBlank() ? "words of the training texts" : chosen.tokenizer());
    description.put("vocabulary", tokenizer.vocabulary());
    return new Task(
        scheme(),
        ModelKind.SEQUENCE_CLASSIFIER,
        source,
        SequenceClassification.objective(),
        Map.of("vocabulary", tokenizer.vocabulary(), "classes", texts.classes().size()),
        chosen.batch(),
        "texts",
        description);
  }
}
