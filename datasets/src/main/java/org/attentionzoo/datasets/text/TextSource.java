package org.attentionzoo.datasets.text;

import java.util.Optional;
import org.attentionzoo.datasets.BatchSource;

/** Tokens of a text, so that a loss over its validation part can be one over that part's bytes. */
public interface TextSource extends BatchSource {

  /**
   * The text, in the parts that are trained and evaluated on.
   *
   * @return empty if the validation part cannot be told from its tokens
   */
  Optional<TextCorpus> text();
}
