package org.attentionzoo.training.tasks;

import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.catalog.DatasetCatalog;
import org.attentionzoo.datasets.catalog.Located;
import org.attentionzoo.datasets.text.TextCorpus;

/** Texts by the name of a data set, or by their path. */
final class PublishedTexts {

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
}
