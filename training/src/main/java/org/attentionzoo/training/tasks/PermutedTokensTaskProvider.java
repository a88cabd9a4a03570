package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.util.Map;
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
    GeneratedTasks.noLocation(scheme(), location, "task.symbols, task.length");
    PermutedTokens.Options chosen = (PermutedTokens.Options) options;
    PermutedTokens tokens = new PermutedTokens(chosen);
    Map<String, Object> description =
        GeneratedTasks.description(
            tokens.plan(),
            "vocabulary",
            tokens.vocabulary(),
            "permutation_seed",
            chosen.permutationSeed());
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
