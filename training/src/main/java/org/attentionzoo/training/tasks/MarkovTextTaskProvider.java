package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.util.Map;
import org.attentionzoo.datasets.generated.MarkovText;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/** Text of Markov chains, generated; see {@link MarkovText}. */
@AutoService(TaskProvider.class)
public final class MarkovTextTaskProvider implements TaskProvider {

  @Override
  public String scheme() {
    return "markov";
  }

  @Override
  public String usage() {
    return "markov:  generated: text of Markov chains over one alphabet, each a domain; with"
        + " task.pairs also pairs to recall after it";
  }

  @Override
  public Record defaults() {
    return MarkovText.Options.standard();
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    GeneratedTasks.noLocation(scheme(), location, "task.domains, task.length");
    MarkovText.Options chosen = (MarkovText.Options) options;
    MarkovText source = new MarkovText(chosen);
    return new Task(
        scheme(),
        ModelKind.CAUSAL_LANGUAGE_MODEL,
        source,
        LanguageModelObjective.ofTokens(),
        Map.of("vocabulary", source.vocabulary()),
        (long) chosen.batch() * chosen.length(),
        "tokens",
        GeneratedTasks.description(
            source.plan(), "vocabulary", source.vocabulary(), "entropy", source.entropy()));
  }
}
