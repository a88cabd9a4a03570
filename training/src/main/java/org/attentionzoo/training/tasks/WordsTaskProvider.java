package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.util.Map;
import org.attentionzoo.datasets.text.TextCorpus;
import org.attentionzoo.datasets.text.WordWindows;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/** Word-level language modelling on text files; see {@link TextCorpus} and {@link WordWindows}. */
@AutoService(TaskProvider.class)
public final class WordsTaskProvider implements TaskProvider {

  /**
   * The options.
   *
   * @param batch how many windows a training batch has
   * @param length how many words a window predicts
   * @param words how many tokens there are at most; 0 for as many as the training part has
   * @param part what is evaluated on, of a data set that is published in parts
   */
  public record Options(int batch, int length, int words, Part part) {}

  @Override
  public String scheme() {
    return "words";
  }

  @Override
  public String usage() {
    return "words:<file, folder or data set>  words of text files, and <eos> at the ends of lines:"
        + " words:wikitext-2";
  }

  @Override
  public Record defaults() {
    return new Options(16, 64, 0, Part.VALIDATION);
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    Options chosen = (Options) options;
    TextCorpus corpus = PublishedTexts.corpus(location, chosen.part());
    WordWindows windows = new WordWindows(corpus, chosen.words(), chosen.batch(), chosen.length());
    Map<String, Object> description = PublishedTexts.describe(corpus, chosen.part());
    description.put("training_words", windows.trainingLength());
    description.put("validation_words", windows.validationLength());
    description.put("vocabulary", windows.vocabulary().size());
    return new Task(
        scheme(),
        ModelKind.CAUSAL_LANGUAGE_MODEL,
        windows,
        LanguageModelObjective.ofTokens(),
        Map.of("vocabulary", windows.vocabulary().size()),
        (long) chosen.batch() * chosen.length(),
        "tokens",
        description);
  }
}
