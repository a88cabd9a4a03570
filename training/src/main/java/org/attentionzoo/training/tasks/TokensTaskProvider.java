package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.nio.file.Path;
import java.util.Map;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.BatchSource;
import org.attentionzoo.datasets.text.TextCorpus;
import org.attentionzoo.datasets.text.TextTokenizer;
import org.attentionzoo.datasets.text.TokenCorpus;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/**
 * Language modelling on the tokens of a tokenizer; see {@link TextCorpus} and {@link TokenCorpus}.
 */
@AutoService(TaskProvider.class)
public final class TokensTaskProvider implements TaskProvider {

  /**
   * The options.
   *
   * @param batch how many windows a training batch has
   * @param length how many tokens a window predicts
   * @param tokenizer a tokenizer.json or the folder of one
   * @param part what is evaluated on, of a data set that is published in parts
   */
  public record Options(int batch, int length, String tokenizer, Part part) {}

  @Override
  public String scheme() {
    return "tokens";
  }

  @Override
  public String usage() {
    return "tokens:<file, folder or data set>  tokens of text files by task.tokenizer=<tokenizer.json"
        + " or its folder>, by default the model's own";
  }

  @Override
  public Record defaults() {
    return new Options(16, 128, "", Part.VALIDATION);
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    Options chosen = (Options) options;
    if (chosen.tokenizer().isBlank()) {
      throw new UserException(
          "tokens:"
              + location
              + " needs a tokenizer; give task.tokenizer=<tokenizer.json or its folder>, or begin"
              + " with a model that has one (--from); text: takes bytes and words: words without");
    }
    TextCorpus text = PublishedTexts.corpus(location, chosen.part()).cutBehindWord();
    // lives as long as the task, of which nobody says when it ends
    TextTokenizer tokenizer = TextTokenizer.open(Path.of(chosen.tokenizer()), 0);
    TokenCorpus corpus = new TokenCorpus(text, tokenizer);
    BatchSource windows = corpus.windows(chosen.batch(), chosen.length());
    Map<String, Object> description = PublishedTexts.describe(text, chosen.part());
    description.put("tokenizer", chosen.tokenizer());
    description.put("vocabulary", tokenizer.vocabulary());
    description.put("training_tokens", corpus.trainingLength());
    description.put("validation_tokens", corpus.validationLength());
    description.put("lossless", corpus.isLossless());
    return new Task(
        scheme(),
        ModelKind.CAUSAL_LANGUAGE_MODEL,
        windows,
        corpus.isLossless()
            ? LanguageModelObjective.ofTokens(corpus.bytesPerToken())
            : LanguageModelObjective.ofTokens(),
        Map.of("vocabulary", tokenizer.vocabulary()),
        (long) chosen.batch() * chosen.length(),
        "tokens",
        description);
  }
}
