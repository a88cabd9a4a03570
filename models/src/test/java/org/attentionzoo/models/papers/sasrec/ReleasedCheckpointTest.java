package org.attentionzoo.models.papers.sasrec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.models.Papers;
import org.attentionzoo.models.weights.PyTorchFile;
import org.attentionzoo.models.weights.SafetensorsFile;
import org.attentionzoo.models.weights.StateDictLoader;
import org.junit.jupiter.api.Test;

/** The checkpoint that pmixer/SASRec.pytorch released, which does not travel with the project. */
class ReleasedCheckpointTest {

  @Test
  void loadsAndGivesTheOfficialScores() throws IOException {
    String data = System.getenv("ZOO_DATA");
    assumeTrue(data != null, "ZOO_DATA is not set, so there is no released checkpoint");
    Path checkpoint;
    try (Stream<Path> files = Files.list(Path.of(data, "checkpoints/sasrec-ml-1m"))) {
      checkpoint = files.filter(f -> f.toString().endsWith(".pth")).findFirst().orElseThrow();
    }
    Path golden =
        Path.of(data).toAbsolutePath().resolveSibling("golden/sasrec/released_checkpoint");
    assumeTrue(Files.isDirectory(golden), golden + " is not there");
    ZooBlock model = Papers.load().preset("sasrec-ml1m-legacy").build();
    try (NDManager manager = NDManager.newBaseManager();
        PyTorchFile weights = PyTorchFile.open(checkpoint);
        SafetensorsFile scores = SafetensorsFile.open(golden.resolve("case.safetensors"));
        SafetensorsFile same = SafetensorsFile.open(golden.resolve("weights.safetensors"));
        GradientMode ignored = GradientMode.off()) {
      assertThat(weights.place()).isEmpty();
      assertThat(weights.tensors().keySet()).isEqualTo(same.tensors().keySet());
      for (String name : same.tensors().keySet()) {
        assertThat(weights.read(manager, name).toFloatArray())
            .as(name)
            .isEqualTo(same.read(manager, name).toFloatArray());
      }
      StateDictLoader.strict().load(model, manager, weights);
      Pass pass = Pass.inference(new ParameterStore(manager, false));
      NDArray histories = scores.read(manager, "input.log_seqs");
      NDArray candidates = scores.read(manager, "input.item_indices");
      long users = histories.getShape().get(0);
      NDArray each = candidates.reshape(1, -1).repeat(0, users);
      float[] actual = model.forward(pass, new NDList(histories, each)).head().toFloatArray();
      float[] expected = scores.read(manager, "output.scores").toFloatArray();
      assertThat(actual).hasSize(expected.length).contains(expected, within(2e-5f));
      float[] all = model.forward(pass, new NDList(histories)).head().toFloatArray();
      long[] ids = candidates.toLongArray();
      int items = all.length / (int) users;
      for (int u = 0; u < users; u++) {
        assertThat(all[u * items]).as("the score of the padding").isZero();
        for (int i = 0; i < ids.length; i++) {
          assertThat(all[u * items + (int) ids[i]])
              .isCloseTo(expected[u * ids.length + i], within(2e-5f));
        }
      }
    }
  }
}
