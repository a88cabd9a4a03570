package org.attentionzoo.cli;

import java.util.ArrayList;
import java.util.List;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.Papers;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What the ones that run a model take. */
final class BenchModel {
  private static final String PREFIX = "model.";

  @Parameters(index = "0", paramLabel = "MODEL", description = "A preset; 'zoo list' shows them.")
  String model;

  @Parameters(
      index = "1..*",
      paramLabel = "KEY=VALUE",
      description = "What differs from the preset, for example model.layers=4.")
  List<String> settings = List.of();

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "8",
      description = "Examples in a batch. Default: ${DEFAULT-VALUE}.")
  int batch;

  Papers.Preset<?> preset() {
    return preset(Papers.load());
  }

  Papers.Preset<?> preset(Papers papers) {
    BenchOptions.requireAtLeast(1, "--batch", batch);
    return papers.preset(model);
  }

  List<String> overrides() {
    List<String> overrides = new ArrayList<>();
    for (String setting : settings) {
      if (!setting.startsWith(PREFIX)) {
        throw new UserException("'" + setting + "' was given; expected model.<key>=<value>");
      }
      overrides.add(setting.substring(PREFIX.length()));
    }
    return overrides;
  }

  static boolean isCausal(Papers.Preset<?> preset) {
    return preset.model().kind() == ModelKind.CAUSAL_LANGUAGE_MODEL;
  }
}
