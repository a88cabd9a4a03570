package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.nio.file.Path;
import java.util.Map;
import org.attentionzoo.datasets.text.TextCorpus;
import org.attentionzoo.datasets.text.WordCorpus;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/** Word-level language modelling on text files; see {@link TextCorpus} and {@link WordCorpus}. */
@AutoService(TaskProvider.class)
public final class WordsTaskProvider implements TaskProvider {

  /**
   * The options.
   *
   * @param batch how many windows a training batch has
   * @param length how many words a window predicts
   * @param words how many tokens there are at most; 0 for as many as the training part has
   * @param tokenizer the tokenizer.json of an earlier run on words, or its folder, whose words are
   *     taken; empty for those of the training part
   * @param part what is evaluated on, of a data set that is published in parts
   */
  public record Options(int batch, int length, int words, String tokenizer, Part part) {}

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
    return new Options(16, 64, 0, "", Part.VALIDATION);
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    Options chosen = (Options) options;
    TextCorpus text = PublishedTexts.corpus(location, chosen.part()).cutBehindWord();
    WordCorpus corpus =
        chosen.tokenizer().isBlank()
            ? new WordCorpus(text, chosen.words())
            : new WordCorpus(text, WordCorpus.vocabulary(Path.of(chosen.tokenizer())));
    Map<String, Object> description = PublishedTexts.describe(text, chosen.part());
    description.put("training_words", corpus.trainingLength());
    description.put("validation_words", corpus.validationLength());
    description.put("vocabulary", corpus.vocabulary().size());
    description.put(
        "tokenizer",
        chosen.tokenizer().isBlank() ? "words of the training part" : chosen.tokenizer());
    return new Task(
        scheme(),
        ModelKind.CAUSAL_LANGUAGE_MODEL,
        corpus.windows(chosen.batch(), chosen.length()),
        LanguageModelObjective.ofTokens(),
        Map.of("vocabulary", corpus.vocabulary().size()),
        (long) chosen.batch() * chosen.length(),
        "tokens",
        description);
  }
}
