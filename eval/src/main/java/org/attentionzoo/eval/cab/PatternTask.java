package org.attentionzoo.eval.cab;

import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.AttentionPattern;
import org.attentionzoo.blocks.NearestName;
import org.attentionzoo.blocks.UserException;

/**
 * A small task that stands for those of CAB in one pattern: a recipe whose model has the key {@code
 * mixer}.
 *
 * @param name for example {@code permuted}; its recipe is {@code cab/<name>}
 * @param pattern the pattern of the attention that is tried
 * @param generated whether its data is generated; else it is a data set of the catalogue
 * @param higherIsBetter what is judged by, and whether more of it is better; in order
 */
public record PatternTask(
    String name,
    AttentionPattern pattern,
    boolean generated,
    List<Map.Entry<String, Boolean>> higherIsBetter) {

  private static final List<Map.Entry<String, Boolean>> TOKENS =
      List.of(Map.entry("loss", false), Map.entry("accuracy", true));
  private static final List<Map.Entry<String, Boolean>> FORECASTS =
      List.of(Map.entry("loss", false), Map.entry("mean_absolute_error", false));

  /** All tasks, by pattern. */
  public static final List<PatternTask> ALL =
      List.of(
          new PatternTask("permuted", AttentionPattern.NONCAUSAL_SELF, true, TOKENS),
          new PatternTask("masked-bytes", AttentionPattern.NONCAUSAL_SELF, false, TOKENS),
          new PatternTask("markov", AttentionPattern.CAUSAL_SELF, true, TOKENS),
          new PatternTask("text", AttentionPattern.CAUSAL_SELF, false, TOKENS),
          new PatternTask("waves", AttentionPattern.NONCAUSAL_CROSS, true, FORECASTS),
          new PatternTask("etth1", AttentionPattern.NONCAUSAL_CROSS, false, FORECASTS),
          new PatternTask("extraction", AttentionPattern.CAUSAL_CROSS, true, TOKENS),
          new PatternTask("copy", AttentionPattern.CAUSAL_CROSS, true, TOKENS));

  /**
   * A task.
   *
   * @param name its name
   * @return the task
   * @throws UserException if there is none of that name
   */
  public static PatternTask named(String name) {
    return ALL.stream()
        .filter(task -> task.name.equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new UserException(
                    "no task is called '"
                        + name
                        + "'"
                        + NearestName.suggestion(
                            name, ALL.stream().map(PatternTask::name).toList())));
  }

  /**
   * What is trained.
   *
   * @return a recipe's name
   */
  public String recipe() {
    return "cab/" + name;
  }
}
