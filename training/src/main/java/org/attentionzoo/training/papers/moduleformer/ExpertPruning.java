package org.attentionzoo.training.papers.moduleformer;

import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.experts.ExpertMixture;
import org.attentionzoo.blocks.experts.TopKGate;
import org.attentionzoo.training.ModelEdit;

/**
 * Takes experts out of a ModuleFormer that few tokens choose (Shen et al. 2023, section 3.3; the
 * official code does not have it). The gates' rows of those that stay are kept as they are, so that
 * what the others had of a token's probability falls to them.
 *
 * <p>Stateless.
 */
@AutoService(ModelEdit.class)
public final class ExpertPruning implements ModelEdit {

  /** Which experts go. */
  public enum Choice {
    /** Those with a small load. */
    LOAD,
    /** As many of each mixture, at random: the control. */
    RANDOM
  }

  /**
   * The options.
   *
   * @param below experts go that got less than this share of the choices of their mixture; as many
   *     stay as a token chooses
   * @param choice whether it is these that go
   * @param seed decides which go at random
   */
  public record Options(double below, Choice choice, long seed) {

    /** Checks the share. */
    public Options {
      if (!(below >= 0 && below <= 1)) {
        throw new IllegalArgumentException("below is a share from 0 to 1; got " + below);
      }
    }
  }

  /** {@inheritDoc} */
  @Override
  public String name() {
    return "prune-experts";
  }

  /** {@inheritDoc} */
  @Override
  public String model() {
    return ExpertMixtures.MODEL;
  }

  /** {@inheritDoc} */
  @Override
  public String summary() {
    return "take out experts that few tokens choose";
  }

  /** {@inheritDoc} */
  @Override
  public Record defaults() {
    return new Options(0.02, Choice.LOAD, 0);
  }

  /** Figures: {@code experts_before}, {@code experts_after}, {@code experts_removed} (a share). */
  @Override
  public Plan plan(
      ZooBlock model,
      Map<String, Object> config,
      Supplier<Map<String, Double>> figures,
      Record options) {
    Options chosen = (Options) options;
    Map<String, ExpertMixture> mixtures = ExpertMixtures.of(model);
    Map<String, Double> measured = figures.get();
    Map<String, List<Integer>> kept = new LinkedHashMap<>();
    Map<String, Rows> rows = new LinkedHashMap<>();
    List<String> notes = new ArrayList<>();
    SplittableRandom random = new SplittableRandom(chosen.seed());
    int before = 0;
    int after = 0;
    for (Map.Entry<String, ExpertMixture> entry : mixtures.entrySet()) {
      String path = entry.getKey();
      ExpertMixture mixture = entry.getValue();
      double[] load = load(measured, path, mixture.sizes().experts());
      List<Integer> stay = loaded(load, chosen.below(), mixture.sizes().chosen());
      if (chosen.choice() == Choice.RANDOM) {
        stay = some(random, load.length, stay.size());
      }
      kept.put(path, stay);
      Rows same = new Rows(stay, 0, 1);
      ExpertMixtures.put(rows, path, mixture, same, same);
      notes.add(note(path, load, stay));
      before += load.length;
      after += stay.size();
    }
    Map<String, Object> settings = ExpertMixtures.counts(mixtures, path -> kept.get(path).size());
    // What learned alone may be gone.
    settings.put("learningExperts", 0);
    Map<String, Double> told = new LinkedHashMap<>();
    told.put("experts_before", (double) before);
    told.put("experts_after", (double) after);
    told.put("experts_removed", 1 - (double) after / before);
    return new Plan(settings, rows, told, notes);
  }

  private static double[] load(Map<String, Double> figures, String path, int experts) {
    return IntStream.range(0, experts)
        .mapToDouble(i -> figures.get(path + ".gate." + TopKGate.LOAD + i))
        .toArray();
  }

  /** In their order; at least so many of the most chosen. */
  private static List<Integer> loaded(double[] load, double below, int least) {
    List<Integer> byLoad =
        IntStream.range(0, load.length)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> -load[i]))
            .toList();
    long enough = byLoad.stream().filter(i -> load[i] >= below).count();
    return byLoad.stream().limit(Math.max(least, enough)).sorted().toList();
  }

  private static List<Integer> some(SplittableRandom random, int count, int stay) {
    List<Integer> all = new ArrayList<>(IntStream.range(0, count).boxed().toList());
    while (all.size() > stay) {
      all.remove(random.nextInt(all.size()));
    }
    return List.copyOf(all);
  }

  private static String note(String path, double[] load, List<Integer> stay) {
    StringBuilder line = new StringBuilder(path).append(": load");
    for (int i = 0; i < load.length; i++) {
      line.append(String.format(Locale.ROOT, " %.3f", load[i]));
      line.append(stay.contains(i) ? "" : "x");
    }
    return line.append("; ").append(stay.size()).append(" stay").toString();
  }
}
