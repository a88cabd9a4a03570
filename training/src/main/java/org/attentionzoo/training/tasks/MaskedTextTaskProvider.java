package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.text.MaskedTexts;
import org.attentionzoo.datasets.text.TextCorpus;
import org.attentionzoo.datasets.text.TextTokenizer;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/** Masked language modelling on the lines of text files, tokenised; see {@link MaskedTexts}. */
@AutoService(TaskProvider.class)
public final class MaskedTextTaskProvider implements TaskProvider {

  /**
   * The options.
   *
   * @param batch how many lines a training batch has
   * @param length the most tokens of a line; what is longer is cut off
   * @param rate the probability of a token to be chosen
   * @param tokenizer a tokenizer.json or the folder of one; empty for the most frequent words of
   *     the lines
   * @param words how many tokens there are at most if the tokenizer is made of words
   * @param maskToken what the tokenizer calls its mask
   * @param lengthPool how many training batches are drawn together and divided by length, so that
   *     little is filled up; 1 for none
   */
  public record Options(
      int batch,
      int length,
      double rate,
      String tokenizer,
      int words,
      String maskToken,
      int lengthPool) {}

  @Override
  public String scheme() {
    return "masked-text";
  }

  @Override
  public String usage() {
    return "masked-text:<file or folder>  recover masked tokens of the lines of UTF-8 text files";
  }

  @Override
  public Record defaults() {
    return new Options(32, 128, 0.15, "", 8000, "[MASK]", 1);
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    Options chosen = (Options) options;
    if (chosen.length() < 3) {
      throw new UserException("length=" + chosen.length() + "; expected at least 3 tokens");
    }
    TextCorpus corpus = PublishedTexts.corpus(location, Part.VALIDATION);
    byte[] bytes = Arrays.copyOf(corpus.training(), corpus.length());
    System.arraycopy(
        corpus.validation(), 0, bytes, corpus.trainingLength(), corpus.validationLength());
    List<String> lines =
        new String(bytes, StandardCharsets.UTF_8).lines().filter(line -> !line.isBlank()).toList();
    // lives as long as the task, of which nobody says when it ends
    TextTokenizer tokenizer =
        chosen.tokenizer().isBlank()
            ? TextTokenizer.ofWords(lines, chosen.words(), chosen.length())
            : TextTokenizer.open(Path.of(chosen.tokenizer()), chosen.length());
    MaskedTexts source =
        new MaskedTexts(
            lines,
            tokenizer,
            tokenizer.specialToken(chosen.maskToken()),
            chosen.batch(),
            chosen.rate(),
            chosen.lengthPool());
    Map<String, Object> description = new LinkedHashMap<>();
    description.put("source", location);
    description.put("sha256", corpus.provenance().sha256());
    description.put("lines", lines.size());
    description.put(
        "tokenizer", chosen.tokenizer().isBlank() ? "words of the lines" : chosen.tokenizer());
    description.put("vocabulary", tokenizer.vocabulary());
    return new Task(
        scheme(),
        ModelKind.MASKED_LANGUAGE_MODEL,
        source,
        LanguageModelObjective.ofTokens(),
        Map.of("vocabulary", tokenizer.vocabulary()),
        (long) chosen.batch() * chosen.length(),
        "tokens",
        description);
  }
}
