package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.util.LinkedHashMap;
import java.util.Map;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.generated.PermutedTokens;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/** Masked tokens that others at a distance determine, generated; see {@link PermutedTokens}. */
@AutoService(TaskProvider.class)
public final class PermutedTokensTaskProvider implements TaskProvider {

  @Override
  public String scheme() {
    return "permuted";
  }

  @Override
  public String usage() {
    return "permuted:  generated: recover masked tokens, each a permutation of the one before a lag";
  }

  @Override
  public Record defaults() {
    return PermutedTokens.Options.standard();
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    if (!location.isBlank()) {
      throw new UserException(
          "permuted is generated and has no location, got 'permuted:"
              + location
              + "'; write permuted: and set task.symbols, task.length, ...");
    }
    PermutedTokens.Options chosen = (PermutedTokens.Options) options;
    PermutedTokens tokens = new PermutedTokens(chosen);
    Map<String, Object> description = new LinkedHashMap<>();
    description.put("source", "generated");
    description.put("vocabulary", tokens.vocabulary());
    description.put("permutation_seed", chosen.permutationSeed());
    description.put("validation_examples", chosen.validationExamples());
    description.put("validation_seed", chosen.validationSeed());
    return new Task(
        scheme(),
        ModelKind.MASKED_LANGUAGE_MODEL,
        tokens,
        LanguageModelObjective.ofTokens(),
        Map.of("vocabulary", tokens.vocabulary()),
        (long) chosen.batch() * chosen.length(),
        "tokens",
        description);
  }
}
