package org.attentionzoo.eval.sweep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.Papers;
import org.attentionzoo.training.run.Progress;
import org.attentionzoo.training.run.Recipes;
import org.attentionzoo.training.run.TrainingListener;
import org.attentionzoo.training.run.TrainingRun;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Gradient checkpointing with the loss of a task, which may share parts of the graph with the first
 * layer's input, as the made-up losses of the sweep never do.
 */
@ExtendWith(OneThread.class)
class CheckpointedTrainingTest {

  private static final Papers PAPERS = Papers.load();

  /** One map, or one step of attention: there is nothing to be saved. */
  private static final Set<String> WITHOUT_LAYERS =
      Set.of("nlinear", "dlinear", "gaam", "eca-channel-reader");

  @TempDir private Path folder;

  static Stream<String> models() {
    String only = System.getProperty("zoo.sweep", "");
    return PAPERS.models().stream()
        .filter(model -> only.isEmpty() || model.paper().equals(only))
        .map(model -> model.name());
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("models")
  void trainsLikeARunThatKeepsItsActivations(String model) {
    List<String> refusals = new ArrayList<>();
    for (String data : data(PAPERS.preset(model).model().kind())) {
      List<Progress> again;
      try {
        again = train(model, data, true);
      } catch (UserException e) {
        refusals.add(e.getMessage());
        continue;
      }
      List<Progress> kept = train(model, data, false);
      assertThat(kept).hasSameSizeAs(again).isNotEmpty();
      for (int i = 0; i < kept.size(); i++) {
        double norm = kept.get(i).gradientNorm();
        assertThat(again.get(i).loss()).isCloseTo(kept.get(i).loss(), within(1e-5));
        assertThat(again.get(i).gradientNorm()).isCloseTo(norm, within(1e-4 * norm));
      }
      return;
    }
    assertThat(refusals).anyMatch(message -> message.contains("no layers that can be run again"));
    assertThat(WITHOUT_LAYERS).as("models without layers that can be run again").contains(model);
  }

  private List<Progress> train(String model, String data, boolean checkpointed) {
    List<String> options =
        List.of(
            "data=" + data,
            "steps=2",
            "task.batch=2",
            "optimizer.lr=0.01",
            "evaluateBatches=1",
            "gradientCheckpointing=" + checkpointed);
    List<Progress> steps = new ArrayList<>();
    Path out = folder.resolve(data.replace(":", "") + checkpointed);
    try (TrainingRun run =
        TrainingRun.start(
            PAPERS, Recipes.resolve(PAPERS, model, options), out, Map.of("command", "test"))) {
      run.addListener(
          new TrainingListener() {
            @Override
            public void stepped(Progress progress) {
              steps.add(progress);
            }
          });
      run.train();
    }
    return steps;
  }

  /** Generated data for a kind; a model of it takes at least one. */
  private static List<String> data(ModelKind kind) {
    return switch (kind) {
      case CAUSAL_LANGUAGE_MODEL -> List.of("markov:");
      case MASKED_LANGUAGE_MODEL -> List.of("permuted:");
      case SEQUENCE_CLASSIFIER -> List.of("marked-symbols:");
      case SEQUENCE_TO_SEQUENCE -> List.of("extraction:");
      case IMAGE_CLASSIFIER -> List.of("shapes:");
      case DIFFUSION -> List.of("noisy-gratings:");
      case RECOMMENDER -> List.of("item-order:");
      case FORECASTER -> List.of("waves:");
      case REGRESSOR -> List.of("icl-regression:", "list-algorithms:", "channel-corruption:");
    };
  }
}
