package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.catalog.DatasetCatalog;
import org.attentionzoo.datasets.text.LabelledText;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/**
 * Classes of texts, tokenised; see {@link LabelledText} and {@link
 * org.attentionzoo.datasets.text.TextTokenizer}.
 */
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
   * @param part what is evaluated on
   * @param lengthPool how many training batches are drawn together and divided by length, so that
   *     little is filled up; 1 for none
   */
  public record Options(
      int batch, int length, String tokenizer, int words, Part part, int lengthPool) {}

  @Override
  public String scheme() {
    return "sentences";
  }

  @Override
  public String usage() {
    return "sentences:<folder or data set>  train.tsv and dev.tsv, lines of text<TAB>class, or IMDB's"
        + " train/<class>/ and test/<class>/; task.tokenizer=...";
  }

  @Override
  public Record defaults() {
    return new Options(32, 64, "", 8000, Part.VALIDATION, 1);
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    if (location.isBlank()) {
      throw new UserException(
          "sentences needs a data set or a folder with train.tsv and dev.tsv; write sentences:sst2 or"
              + " sentences:<folder>");
    }
    Options chosen = (Options) options;
    if (chosen.length() < 2) {
      throw new UserException("length=" + chosen.length() + "; expected at least 2 tokens");
    }
    LabelledText texts =
        LabelledText.read(
            Path.of(DatasetCatalog.ofProcess().pathOf(location)), chosen.part() == Part.TEST);
    Map<String, Object> description = new LinkedHashMap<>();
    description.put("source", location);
    description.put("sha256", texts.sha256());
    description.put("evaluated_on", chosen.part().name().toLowerCase(Locale.ROOT));
    return TextClasses.task(
        scheme(),
        texts,
        chosen.tokenizer(),
        chosen.words(),
        chosen.length(),
        chosen.batch(),
        chosen.lengthPool(),
        description);
  }
}
