package org.attentionzoo.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.models.weights.WeightImport;
import org.attentionzoo.training.run.ImportedWeights;
import picocli.CommandLine.Option;

/** The options of commands that take weights from elsewhere. */
final class WeightOptions {

  @Option(
      names = "--weights",
      paramLabel = "FILE",
      description =
          "Take the weights of a .safetensors, .pt, .pth or .bin file, of an index of several, or "
              + "of a folder with one of these. They must fit the model in full, a prefix of all "
              + "names aside.")
  private Path file;

  @Option(
      names = "--strip-prefix",
      paramLabel = "PREFIX",
      description =
          "What to take off the names in the file; by default what makes most of them fit.")
  private String prefix;

  @Option(
      names = "--allow-missing",
      paramLabel = "PATTERN",
      description =
          "The model's tensors that the file need not have, for example 'head.*'; they keep their "
              + "initial values. May be given several times.")
  private List<String> missing = List.of();

  @Option(
      names = "--allow-unexpected",
      paramLabel = "PATTERN",
      description = "The file's tensors that the model need not have. May be given several times.")
  private List<String> unexpected = List.of();

  Optional<ImportedWeights> weights() {
    if (file == null && (prefix != null || !missing.isEmpty() || !unexpected.isEmpty())) {
      throw new UserException(
          "--strip-prefix, --allow-missing and --allow-unexpected are about the file that --weights"
              + " names; give it too");
    }
    return Optional.ofNullable(file)
        .map(path -> new ImportedWeights(path, new WeightImport(prefix, missing, unexpected)));
  }
}
