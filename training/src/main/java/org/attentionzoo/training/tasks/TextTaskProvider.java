package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.util.Map;
import org.attentionzoo.datasets.text.ByteWindows;
import org.attentionzoo.datasets.text.TextCorpus;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/** Byte-level language modelling on text files; see {@link TextCorpus} and {@link ByteWindows}. */
@AutoService(TaskProvider.class)
public final class TextTaskProvider implements TaskProvider {

  /**
   * The options.
   *
   * @param batch how many windows a training batch has
   * @param length how many bytes a window predicts
   * @param part what is evaluated on, of a data set that is published in parts
   */
  public record Options(int batch, int length, Part part) {}

  @Override
  public String scheme() {
    return "text";
  }

  @Override
  public String usage() {
    return "text:<file or folder>  bytes of UTF-8 text files, the last 10% for validation;"
        + " text:<data set> (zoo data list), in its published parts";
  }

  @Override
  public Record defaults() {
    return new Options(16, 128, Part.VALIDATION);
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    Options chosen = (Options) options;
    TextCorpus corpus = PublishedTexts.corpus(location, chosen.part());
    ByteWindows windows = new ByteWindows(corpus, chosen.batch(), chosen.length());
    return new Task(
        scheme(),
        ModelKind.CAUSAL_LANGUAGE_MODEL,
        windows,
        LanguageModelObjective.ofBytes(),
        Map.of("vocabulary", ByteWindows.VOCABULARY),
        (long) chosen.batch() * chosen.length(),
        "tokens",
        PublishedTexts.describe(corpus, chosen.part()));
  }
}
