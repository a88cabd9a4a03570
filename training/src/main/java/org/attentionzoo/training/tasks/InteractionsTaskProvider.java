package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.attentionzoo.datasets.catalog.DatasetCatalog;
import org.attentionzoo.datasets.recommendation.Interactions;
import org.attentionzoo.datasets.recommendation.LeaveOneOut;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/** Next-item recommendation on a file of interactions; see {@link LeaveOneOut}. */
@AutoService(TaskProvider.class)
public final class InteractionsTaskProvider implements TaskProvider {

  /** How long histories are for a model that does not say. */
  private static final int DEFAULT_LENGTH = 50;

  /** Which item of a user is asked for. */
  public enum Part {
    /** The last but one. */
    VALIDATION,
    /** The last. */
    TEST
  }

  /**
   * The options.
   *
   * @param batch how many users a training batch has
   * @param negatives how many items are drawn beside each target; 0 for all items
   * @param loss binary or softmax cross-entropy
   * @param part which item of a user the evaluation asks for
   * @param candidates how many items the answer is ranked among; 0 for all that the user's training
   *     part does not have
   * @param users how many users the evaluation asks at most; 0 for all
   * @param evaluationBatch how many users a batch of the evaluation has
   * @param evaluationSeed decides which users are asked and what is drawn
   */
  public record Options(
      int batch,
      int negatives,
      RankingObjective.Loss loss,
      Part part,
      int candidates,
      int users,
      int evaluationBatch,
      long evaluationSeed) {}

  @Override
  public String scheme() {
    return "interactions";
  }

  @Override
  public String usage() {
    return "interactions:<file or data set>  'user item' per line in order of time, RecBole's .inter,"
        + " MovieLens' u.data, ratings.dat or ratings.csv; the last items of each user are asked for";
  }

  @Override
  public Record defaults() {
    return new Options(128, 1, RankingObjective.Loss.BINARY, Part.VALIDATION, 100, 10_000, 256, 1);
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    Options chosen = (Options) options;
    Interactions data = Interactions.load(DatasetCatalog.ofProcess().pathOf(location));
    int length = length(modelConfig);
    LeaveOneOut source =
        new LeaveOneOut(
            data,
            new LeaveOneOut.Options(
                chosen.batch(),
                chosen.negatives(),
                chosen.part() == Part.TEST,
                chosen.candidates(),
                chosen.users(),
                chosen.evaluationBatch(),
                chosen.evaluationSeed()),
            length);
    Map<String, Object> description = new LinkedHashMap<>();
    description.put("source", location);
    description.put("sha256", data.sha256());
    description.put("users", data.users());
    description.put("items", data.items());
    description.put("actions", data.actions());
    description.put("trained_users", source.trainedUsers());
    description.put("asked_users", source.askedUsers());
    description.put("evaluated_on", chosen.part().name().toLowerCase(Locale.ROOT));
    return new Task(
        scheme(),
        ModelKind.RECOMMENDER,
        source,
        new RankingObjective(chosen.loss()),
        Map.of("items", data.items()),
        (long) chosen.batch(),
        "users",
        description);
  }

  /** How many items of a history the model sees. */
  static int length(Map<String, Object> modelConfig) {
    return modelConfig.get("maxlen") instanceof Number length ? length.intValue() : DEFAULT_LENGTH;
  }
}
