package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.util.LinkedHashMap;
import java.util.Map;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.recommendation.ItemOrder;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/** Generated histories whose order decides the next item; see {@link ItemOrder}. */
@AutoService(TaskProvider.class)
public final class ItemOrderTaskProvider implements TaskProvider {

  /**
   * The options.
   *
   * @param items how many items there are
   * @param length how many items a sequence has
   * @param batch how many sequences a batch has
   * @param negatives how many items are drawn beside each target; 0 for all items
   * @param loss binary or softmax cross-entropy
   * @param validationExamples how many sequences are asked about
   * @param dataSeed decides the permutation and the sequences that are asked about
   */
  public record Options(
      int items,
      int length,
      int batch,
      int negatives,
      RankingObjective.Loss loss,
      int validationExamples,
      long dataSeed) {}

  @Override
  public String scheme() {
    return "item-order";
  }

  @Override
  public String usage() {
    return "item-order:  generated: every third item follows from the item two steps back";
  }

  @Override
  public Record defaults() {
    return new Options(200, 20, 128, 1, RankingObjective.Loss.BINARY, 512, 1);
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    if (!location.isBlank()) {
      throw new UserException(
          "item-order is generated and has no location, got 'item-order:"
              + location
              + "'; write item-order: and set task.items, task.length, ...");
    }
    Options chosen = (Options) options;
    ItemOrder source =
        new ItemOrder(
            new ItemOrder.Options(
                chosen.items(),
                chosen.length(),
                chosen.batch(),
                chosen.negatives(),
                chosen.validationExamples(),
                chosen.dataSeed()),
            InteractionsTaskProvider.length(modelConfig));
    Map<String, Object> description = new LinkedHashMap<>();
    description.put("source", "generated");
    description.put("items", chosen.items());
    description.put("validation_examples", chosen.validationExamples());
    description.put("data_seed", chosen.dataSeed());
    return new Task(
        scheme(),
        ModelKind.RECOMMENDER,
        source,
        new RankingObjective(chosen.loss()),
        Map.of("items", chosen.items()),
        chosen.batch(),
        "sequences",
        description);
  }
}
