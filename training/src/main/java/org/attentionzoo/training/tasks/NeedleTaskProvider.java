package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.util.LinkedHashMap;
import java.util.Map;
import org.attentionzoo.datasets.generated.NeedleRetrieval;
import org.attentionzoo.datasets.text.TextCorpus;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/** Needles in a haystack, of generated filler or of text; see {@link NeedleRetrieval}. */
@AutoService(TaskProvider.class)
public final class NeedleTaskProvider implements TaskProvider {

  @Override
  public String scheme() {
    return "needle";
  }

  @Override
  public String usage() {
    return "needle:[<text file or folder>]  find what a key's value is in a long haystack of the"
        + " text's bytes; without a location, of generated filler";
  }

  @Override
  public Record defaults() {
    return NeedleRetrieval.Options.standard();
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    NeedleRetrieval.Options chosen = (NeedleRetrieval.Options) options;
    NeedleRetrieval source;
    Map<String, Object> facts = new LinkedHashMap<>();
    if (location.isBlank()) {
      source = NeedleRetrieval.inFiller(chosen);
    } else {
      TextCorpus corpus = PublishedTexts.corpus(location, Part.VALIDATION);
      source = NeedleRetrieval.inText(chosen, corpus.training(), corpus.validation());
      facts.put("haystack", corpus.provenance().source());
      facts.put("sha256", corpus.provenance().sha256());
    }
    Map<String, Object> description =
        GeneratedTasks.description(
            source.plan(), "vocabulary", source.vocabulary(), "chance", source.chance());
    description.putAll(facts);
    return new Task(
        scheme(),
        ModelKind.CAUSAL_LANGUAGE_MODEL,
        source,
        new AnswerObjective(),
        Map.of("vocabulary", source.vocabulary()),
        (long) chosen.batch() * chosen.length(),
        "tokens",
        description);
  }
}
