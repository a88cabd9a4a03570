package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.util.Map;
import org.attentionzoo.datasets.text.ByteWindows;
import org.attentionzoo.datasets.text.MaskedBytes;
import org.attentionzoo.datasets.text.TextCorpus;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/** Masked language modelling on the bytes of text files; see {@link MaskedBytes}. */
@AutoService(TaskProvider.class)
public final class MaskedBytesTaskProvider implements TaskProvider {

  /**
   * The options.
   *
   * @param batch how many windows a training batch has
   * @param length how many bytes a window has
   * @param rate the probability of a byte to be chosen
   * @param part what is evaluated on, of a data set that is published in parts
   */
  public record Options(int batch, int length, double rate, Part part) {}

  @Override
  public String scheme() {
    return "masked-bytes";
  }

  @Override
  public String usage() {
    return "masked-bytes:<file or folder>  recover masked bytes of UTF-8 text files";
  }

  @Override
  public Record defaults() {
    return new Options(16, 128, 0.15, Part.VALIDATION);
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    Options chosen = (Options) options;
    TextCorpus corpus = PublishedTexts.corpus(location, chosen.part());
    ByteWindows windows = new ByteWindows(corpus, chosen.batch(), chosen.length());
    return new Task(
        scheme(),
        ModelKind.MASKED_LANGUAGE_MODEL,
        new MaskedBytes(windows, chosen.rate()),
        LanguageModelObjective.ofTokens(),
        Map.of("vocabulary", MaskedBytes.VOCABULARY),
        (long) chosen.batch() * chosen.length(),
        "tokens",
        PublishedTexts.describe(corpus, chosen.part()));
  }
}
