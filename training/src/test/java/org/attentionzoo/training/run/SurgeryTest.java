package org.attentionzoo.training.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.models.Papers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs that begin with the weights of another, here with a decoder's made a mixture of heads. */
class SurgeryTest {

  private static final Papers PAPERS = Papers.load();
  private static final String[] SMALL = {
    "model.width=16", "model.layers=2", "model.heads=4", "model.keyValueHeads=2", "model.hidden=24"
  };

  @TempDir private Path folder;
  private Path decoder;

  @BeforeEach
  void trainADecoder() throws IOException {
    Files.write(folder.resolve("text.txt"), TinyZoo.text(4000));
    decoder = folder.resolve("decoder");
    try (TrainingRun run = start("decoder-tiny", decoder, "steps=30", SMALL)) {
      run.train();
    }
  }

  private TrainingRun start(String model, Path out, String setting, String... more) {
    List<String> settings = new ArrayList<>(List.of(more));
    settings.add(setting);
    settings.add("data=text:" + folder.resolve("text.txt"));
    settings.addAll(
        List.of("task.length=16", "task.batch=4", "optimizer.lr=0.01", "schedule.warmup=0"));
    return TrainingRun.start(PAPERS, Recipes.resolve(PAPERS, model, settings), out, Map.of());
  }

  private TrainingRun convert(String name, String... settings) {
    return start("moh-lm-tiny", folder.resolve(name), "initialFrom=" + decoder, settings);
  }

  private float[] logits(ZooBlock model, NDManager manager) {
    try (NDManager scope = manager.newSubManager();
        GradientMode ignored = GradientMode.off()) {
      NDArray tokens = scope.create(new long[] {97, 115, 32, 98, 116, 32, 99, 117}).reshape(1, 8);
      Pass pass = Pass.inference(new ParameterStore(scope, false));
      return model.forward(pass, new NDList(tokens)).head().toFloatArray();
    }
  }

  private float[] decoderLogits() {
    try (TrainedModel trained = TrainedModel.load(PAPERS, decoder, "cpu")) {
      return logits(trained.model(), trained.manager());
    }
  }

  @Test
  void withAllHeadsActiveTheConvertedModelIsTheOriginal() {
    float[] expected = decoderLogits();
    for (String router : List.of("learned", "qnorm")) {
      try (TrainingRun run =
          convert(router, "model.router=" + router, "model.sharedHeads=2", "model.routedHeads=2")) {
        StateDict.of(run.model())
            .forEach(
                (name, parameter) -> {
                  if (name.contains(".wg")) {
                    parameter.getArray().set(new float[(int) parameter.getShape().size()]);
                  }
                });
        float[] found = logits(run.model(), run.manager());
        for (int i = 0; i < expected.length; i++) {
          assertThat(found[i]).as(router).isCloseTo(expected[i], within(1e-6f));
        }
      }
    }
  }

  @Test
  void takesTheSizesOfTheOriginalAndDrawsTheRouter() {
    try (TrainingRun run = convert("learned")) {
      assertThat(run.config().modelOverrides())
          .containsEntry("width", 16)
          .containsEntry("layers", 2)
          .containsEntry("keyValueHeads", 2)
          .containsEntry("sharedHeads", 2)
          .containsEntry("routedHeads", 1)
          .containsEntry("router", "learned");
      NDArray gates = StateDict.of(run.model()).get("layers.1.attention.wg.weight").getArray();
      assertThat(gates.getShape().getShape()).containsExactly(2, 16);
      assertThat(gates.abs().min().getFloat()).isPositive();
      assertThat(run.folder().provenance().get("initial").toString())
          .contains(decoder.toString(), "model=decoder-tiny", "weights_crc32c=");
    }
  }

  @Test
  void tuningGoesOnFromTheLossOfTheOriginal() {
    double original;
    try (TrainedModel trained = TrainedModel.load(PAPERS, decoder, "cpu")) {
      original = trained.evaluate(trained.task(""), 0).loss();
    }
    try (TrainingRun run = convert("tuned", "model.router=qnorm", "steps=30", "seed=2")) {
      double converted = run.evaluate().loss();
      run.train();
      assertThat(run.evaluate().loss()).isLessThan(converted).isLessThan(original + 0.02);
      assertThat(run.evaluate().metrics())
          .containsEntry("layers.0.attention.active_heads", 0.75)
          .containsKeys("layers.1.attention.routed_entropy", "layers.1.attention.head_load.3");
    }
  }

  @Test
  void aRunThatWasNotSavedYetBeginsAgainWithTheSameWeights() throws IOException {
    Path out = folder.resolve("learned");
    float[] expected;
    try (TrainingRun run = convert("learned", "steps=4", "evaluateEvery=0")) {
      expected = logits(run.model(), run.manager());
    }
    try (TrainingRun run = TrainingRun.resume(PAPERS, out, List.of())) {
      assertThat(logits(run.model(), run.manager())).isEqualTo(expected);
      run.train();
      expected = logits(run.model(), run.manager());
    }
    Files.move(decoder, folder.resolve("elsewhere"));
    try (TrainedModel trained = TrainedModel.load(PAPERS, out, "cpu")) {
      assertThat(logits(trained.model(), trained.manager())).isEqualTo(expected);
    }
    TrainingRun.resume(PAPERS, out, List.of("steps=5")).close();
  }

  @Test
  void aModelGoesOnFromOneOfItsOwnKindAndFromASingleCheckpoint() {
    float[] expected = decoderLogits();
    Path checkpoint = RunFolder.select(decoder).checkpoint().folder();
    for (Path origin : List.of(decoder, checkpoint)) {
      Path out = folder.resolve("again-" + origin.getFileName());
      try (TrainingRun run = start("decoder-tiny", out, "initialFrom=" + origin)) {
        assertThat(logits(run.model(), run.manager())).isEqualTo(expected);
      }
    }
  }

  @Test
  void whatDoesNotFitIsSaid() {
    assertThatThrownBy(() -> start("moh-lm-tiny", folder.resolve("a"), "initialFrom=nowhere"))
        .isInstanceOf(UserException.class)
        .hasMessage("initialFrom: nowhere does not exist; give the folder of an earlier run");
    assertThatThrownBy(
            () -> start("titans-mac-tiny", folder.resolve("b"), "initialFrom=" + decoder))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("holds a decoder, which cannot become a titans-mac")
        .hasMessageContaining("moh-lm with a decoder");
    assertThatThrownBy(() -> convert("c", "model.layers=3"))
        .isInstanceOf(RuntimeException.class)
        .hasMessageContaining("missing layers.2.");
    assertThatThrownBy(() -> convert("d", "model.sharedHeads=3", "model.routedHeads=3"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("shared and routed heads must fit into the heads");
    for (String name : List.of("a", "b", "c", "d")) {
      assertThat(folder.resolve(name)).doesNotExist();
    }
  }
}
