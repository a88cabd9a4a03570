package org.attentionzoo.training.run;

import ai.djl.ndarray.NDManager;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.Papers;
import org.attentionzoo.models.weights.StoredWeights;
import org.attentionzoo.models.weights.WeightFiles;
import org.attentionzoo.models.weights.WeightImport;

/**
 * Weights from elsewhere that a model takes.
 *
 * @param path a file, an index or a folder; see {@link WeightFiles#open}
 * @param rules what need not fit
 */
public record ImportedWeights(Path path, WeightImport rules) {

  private static final int MOST_LISTED = 10;

  /**
   * The preset that a name means: where it is that of an architecture, the preset whose shapes the
   * weights have.
   *
   * @param papers the zoo
   * @param name a preset, an architecture or a recipe
   * @return the preset's name; any other name as it is
   * @throws UserException if the weights fit no preset of the architecture
   */
  String preset(Papers papers, String name) {
    List<Papers.Preset<?>> presets =
        papers.presets().stream().filter(p -> p.model().name().equals(name)).toList();
    boolean exact = papers.presets().stream().anyMatch(p -> p.name().equals(name));
    if (presets.isEmpty() || exact) {
      return name;
    }
    try (StoredWeights weights = WeightFiles.open(path)) {
      for (Papers.Preset<?> preset : presets) {
        if (WeightImport.fits(preset.build(), weights)) {
          return preset.name();
        }
      }
    }
    ModelEntry<?> model = presets.get(0).model();
    throw new UserException(
        path
            + " fits no preset of "
            + name
            + " ("
            + String.join(", ", model.presets().keySet())
            + "); name one, and change it with model.<key>=<value>: what does not fit will be"
            + " listed");
  }

  /**
   * Loads a model.
   *
   * @param model the model
   * @param manager owns the parameters of a model that is not yet initialised
   * @return what a user should know of it
   */
  List<String> load(ZooBlock model, NDManager manager) {
    try (StoredWeights weights = WeightFiles.open(path)) {
      WeightImport.Outcome outcome = rules.load(model, manager, weights);
      List<String> notes = new ArrayList<>(weights.notes());
      if (!outcome.prefix().isEmpty()) {
        notes.add("'" + outcome.prefix() + "' was taken off the names");
      }
      note(notes, outcome.missing(), "keep their initial values");
      note(notes, outcome.extra(), "were passed over");
      return notes;
    }
  }

  private static void note(List<String> notes, List<String> keys, String what) {
    if (!keys.isEmpty()) {
      notes.add(
          keys.size()
              + " tensors "
              + what
              + ": "
              + String.join(", ", keys.stream().limit(MOST_LISTED).toList())
              + (keys.size() > MOST_LISTED ? ", ..." : ""));
    }
  }
}
