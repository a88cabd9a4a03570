package org.attentionzoo.training;

import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.attentionzoo.blocks.ZooBlock;

/**
 * The seam of edits: parts of a trained model are taken out or put in, and it stays what it is but
 * for its sizes. Found by {@link java.util.ServiceLoader}.
 */
public interface ModelEdit {

  /**
   * What it is called.
   *
   * @return for example {@code prune-experts}
   */
  String name();

  /**
   * What can be edited.
   *
   * @return the name of a model, for example {@code moduleformer}
   */
  String model();

  /**
   * What is done.
   *
   * @return one line
   */
  String summary();

  /**
   * The options with their defaults.
   *
   * @return an instance of a record; its components are the options
   */
  Record defaults();

  /**
   * Decides what is done.
   *
   * @param model the model with its weights, which are not changed
   * @param config the model's config, by key
   * @param figures the figures of an evaluation, by name; the model is evaluated when they are
   *     asked for
   * @param options an instance of the class of {@link #defaults()}
   * @return the plan
   * @throws org.attentionzoo.blocks.UserException if the model cannot be edited so
   */
  Plan plan(
      ZooBlock model,
      Map<String, Object> config,
      Supplier<Map<String, Double>> figures,
      Record options);

  /**
   * What an edit does.
   *
   * @param settings what changes of the config, by key
   * @param rows how parameters are put together whose first axis changes, by name in the state
   *     dict; all others stay as they are
   * @param figures what there is to tell in numbers, by name
   * @param notes what there is to tell in sentences
   */
  record Plan(
      Map<String, Object> settings,
      Map<String, Rows> rows,
      Map<String, Double> figures,
      List<String> notes) {}

  /**
   * The rows of an edited parameter, by its first axis.
   *
   * @param kept the rows of the source that come first, in this order
   * @param added how many follow as a new model draws them
   * @param scale what those are multiplied by
   */
  record Rows(List<Integer> kept, int added, double scale) {}
}
