package org.attentionzoo.training.papers.moduleformer;

import com.google.auto.service.AutoService;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.experts.ExpertMixture;
import org.attentionzoo.training.ModelEdit;

/**
 * Gives each mixture of a ModuleFormer further experts, drawn as in a new model, to learn something
 * new beside what the others know (Shen et al. 2023, section 3.4; the official code does not have
 * it). The gates' rows of the new ones are 0, or small: the others' logits stay what they are, and
 * a logit of 0 takes a share of each token's probability, so that outputs change where the others'
 * are not far above it.
 *
 * <p>Stateless.
 */
@AutoService(ModelEdit.class)
public final class ExpertInsertion implements ModelEdit {

  /**
   * The options.
   *
   * @param count how many experts each mixture gets
   * @param router what the gates' new rows, as a new model draws them, are multiplied by
   * @param freeze whether the old experts no longer learn ({@code model.learningExperts})
   */
  public record Options(int count, double router, boolean freeze) {

    /** Checks the count. */
    public Options {
      if (count < 1) {
        throw new IllegalArgumentException("count is 1 or more; got " + count);
      }
    }
  }

  /** {@inheritDoc} */
  @Override
  public String name() {
    return "insert-experts";
  }

  /** {@inheritDoc} */
  @Override
  public String model() {
    return ExpertMixtures.MODEL;
  }

  /** {@inheritDoc} */
  @Override
  public String summary() {
    return "give each mixture new experts, and let only them learn";
  }

  /** {@inheritDoc} */
  @Override
  public Record defaults() {
    return new Options(1, 0, true);
  }

  /** Figures: {@code experts_before}, {@code experts_after}. */
  @Override
  public Plan plan(
      ZooBlock model,
      Map<String, Object> config,
      Supplier<Map<String, Double>> figures,
      Record options) {
    Options chosen = (Options) options;
    Map<String, ExpertMixture> mixtures = ExpertMixtures.of(model);
    Map<String, Rows> rows = new LinkedHashMap<>();
    int before = 0;
    for (Map.Entry<String, ExpertMixture> entry : mixtures.entrySet()) {
      ExpertMixture mixture = entry.getValue();
      List<Integer> old = IntStream.range(0, mixture.sizes().experts()).boxed().toList();
      Rows experts = new Rows(old, chosen.count(), 1);
      Rows gate = new Rows(old, chosen.count(), chosen.router());
      ExpertMixtures.put(rows, entry.getKey(), mixture, experts, gate);
      before += old.size();
    }
    Map<String, Object> settings =
        ExpertMixtures.counts(
            mixtures, path -> mixtures.get(path).sizes().experts() + chosen.count());
    settings.put("learningExperts", chosen.freeze() ? chosen.count() : 0);
    Map<String, Double> told = new LinkedHashMap<>();
    told.put("experts_before", (double) before);
    told.put("experts_after", (double) before + (double) mixtures.size() * chosen.count());
    return new Plan(settings, rows, told, List.of());
  }
}
