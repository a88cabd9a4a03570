package org.attentionzoo.cli;

import org.attentionzoo.blocks.UserException;
import picocli.CommandLine.Option;

/** How much of the validation part is looked at. */
final class ValidationBatches {

  @Option(
      names = "--batches",
      paramLabel = "N",
      description = "Take at most so many validation batches; by default all.")
  private int batches;

  /** The number asked for; 0 for all. */
  int count() {
    if (batches < 0) {
      throw new UserException("--batches=" + batches + "; expected at least 1, or 0 for all");
    }
    return batches;
  }
}
