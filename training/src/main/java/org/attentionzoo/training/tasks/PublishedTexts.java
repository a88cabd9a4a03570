package org.attentionzoo.training.tasks;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.catalog.DatasetCatalog;
import org.attentionzoo.datasets.catalog.Located;
import org.attentionzoo.datasets.text.TextCorpus;

/** Texts by the name of a data set, or by their path. */
final class PublishedTexts {

  /** More file names than this would bury the rest of a run's config. */
  private static final int MOST_NAMES = 50;

  private PublishedTexts() {}

  /**
   * Reads text. A data set that is published in parts (training, validation, test) keeps them; any
   * other text is cut nine to one.
   *
   * @param location a data set's name, with a file of it or without, or a path
   * @param part which part stands behind the training part
   * @return the text
   * @throws UserException if there is none, or no such part
   */
  static TextCorpus corpus(String location, Part part) {
    Located found = DatasetCatalog.ofProcess().resolve(location).orElse(null);
    if (found != null && found.files().size() == 3) {
      return TextCorpus.load(location, found.file(0), found.file(part == Part.TEST ? 2 : 1));
    }
    if (part == Part.TEST) {
      throw new UserException(
          "'" + location + "' has no published test part; leave out task.part=test");
    }
    return found == null
        ? TextCorpus.load(location)
        : TextCorpus.load(location, found.main().toString());
  }

  /** Where a text came from and how much there is of it, for the config of a run. */
  static Map<String, Object> describe(TextCorpus corpus, Part part) {
    TextCorpus.Provenance provenance = corpus.provenance();
    Map<String, Object> description = new LinkedHashMap<>();
    description.put("source", provenance.source());
    description.put("bytes", provenance.bytes());
    description.put("training_bytes", corpus.trainingLength());
    description.put("validation_bytes", corpus.validationLength());
    description.put("sha256", provenance.sha256());
    description.put("evaluated_on", part.name().toLowerCase(Locale.ROOT));
    description.put("file_count", provenance.files().size());
    if (provenance.files().size() <= MOST_NAMES) {
      description.put("files", provenance.files());
    }
    if (!provenance.skipped().isEmpty()) {
      description.put("skipped", provenance.skipped());
    }
    return description;
  }
}
