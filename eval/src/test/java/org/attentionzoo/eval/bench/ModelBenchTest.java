package org.attentionzoo.eval.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.Papers;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ModelBenchTest {

  private static final String SHORT = "layers=1";

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void countsAtLeastTheProductsWithTheWeightsAndLeavesNothingBehind() {
    try (Workload workload = decoder(2, 16)) {
      int arrays = manager.getManagedArrays().size();
      ModelBench.Training training =
          ModelBench.train(workload, manager, true, new Rounds.Plan(2, false), 1);
      long matrices =
          workload.model().getParameters().values().stream()
              .filter(p -> p.getArray().getShape().dimension() == 2)
              .mapToLong(p -> p.getArray().size())
              .sum();
      long table = 256L * 128;
      assertThat(training.operations()).isGreaterThan(6.0 * 32 * (matrices - table));
      assertThat(training.operations()).isLessThan(2 * 6.0 * 32 * matrices);
      assertThat(training.step().samples()).hasSize(2);
      assertThat(training.residentAfter()).isPresent();
      assertThat(manager.getManagedArrays()).hasSize(arrays);
    }
  }

  @Test
  void timesDecodingOfADecoder() {
    try (Workload workload = decoder(2, 8)) {
      ModelBench.Inference inference =
          ModelBench.infer(workload, null, true, new Rounds.Plan(2, false));
      assertThat(inference.decode().samples())
          .hasSize(2)
          .allSatisfy(s -> assertThat(s).isPositive());
      assertThat(inference.items()).isEqualTo(16);
      assertThat(inference.peer()).isNull();
    }
  }

  @Test
  void runsAPeerThatLearnsOnTheSameInputs(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("peer.pt");
    Files.write(
        file,
        module(
            """
              def forward(self, x: Tensor) -> Tensor:
                table = torch.requires_grad_(torch.ones([256, 4]), True)
                return torch.embedding(table, x)
            """));
    try (Workload workload = decoder(1, 4);
        Peer peer = Peer.load(file, manager, workload.inputs())) {
      ModelBench.Comparison comparison =
          ModelBench.compare(workload, peer, manager, new Rounds.Plan(2, true));
      assertThat(comparison.peerBoth().samples()).hasSize(2);
      assertThat(comparison.optimizer().samples()).hasSize(2);
    }
  }

  @Test
  void refusesWhatIsNoModuleOrDoesNotTakeTheInputs(@TempDir Path folder) throws IOException {
    Path text = Files.writeString(folder.resolve("text.pt"), "no module");
    Path images = folder.resolve("images.pt");
    Files.write(
        images,
        module(
            """
              def forward(self, x: Tensor) -> Tensor:
                return torch.conv2d(x, torch.ones([1, 1, 1, 1]))
            """));
    try (Workload workload = decoder(1, 4)) {
      for (Path file : List.of(text, images, folder.resolve("none.pt"))) {
        assertThatThrownBy(() -> Peer.load(file, manager, workload.inputs()))
            .isInstanceOf(UserException.class)
            .hasMessageContaining(file.getFileName().toString());
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "str | return 'hello' | gives a string; expected a tensor",
        "None | return None | gives what is no tensor",
        "float | return 1.5 | gives what is no tensor",
        "Tensor | return torch.slice(x, 0, 0, 0) | gives an empty tensor of shape (0, 4)",
        "Tensor | return torch.sum(torch.conv2d(x, x)) | RuntimeError: "
      })
  void refusesAPeerThatGivesNoTensorOrFails(
      String type, String body, String message, @TempDir Path folder) throws IOException {
    Path file = peer(folder, type, body);
    try (Workload workload = decoder(1, 4)) {
      int managed = manager.getManagedArrays().size();
      assertThatThrownBy(() -> Peer.load(file, manager, workload.inputs()))
          .isInstanceOf(UserException.class)
          .hasMessageContaining(file.toString())
          .hasMessageContaining(message);
      assertThat(manager.getManagedArrays()).hasSize(managed);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "return x | type int64; expected floating",
        "return torch.ones([2, 3]) | does not depend on parameters",
        "return torch.mul_(torch.exp(torch.requires_grad_(torch.ones([2]))), 2.) | inplace operation"
      })
  void predictsButDoesNotTrainWithAPeerThatGivesNoGradient(
      String body, String message, @TempDir Path folder) throws IOException {
    try (Workload workload = decoder(1, 4);
        Peer peer = Peer.load(peer(folder, "Tensor", body), manager, workload.inputs())) {
      peer.predict();
      assertThatThrownBy(peer::forwardBackward)
          .isInstanceOf(UserException.class)
          .hasMessageContaining(message);
    }
  }

  @Test
  void refusesToCompareOutputsOfOtherShapes(@TempDir Path folder) throws IOException {
    Path file = peer(folder, "Tensor", "return torch.ones([2, 3])");
    try (Workload workload = decoder(1, 4);
        Peer peer = Peer.load(file, manager, workload.inputs())) {
      assertThatThrownBy(() -> ModelBench.difference(workload, peer))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("(2, 3); expected (1, 4, 256)");
    }
  }

  private static Path peer(Path folder, String type, String body) throws IOException {
    String forward = "  def forward(self, x: Tensor) -> " + type + ":\n    " + body + "\n";
    return Files.write(folder.resolve("peer.pt"), module(forward));
  }

  @ParameterizedTest
  @EnumSource(ModelKind.class)
  void everyKindOfModelCanBeTimed(ModelKind kind) {
    Papers papers = Papers.load();
    Papers.Preset<?> first =
        papers.presets().stream().filter(p -> p.model().kind() == kind).findFirst().orElseThrow();
    try (Workload workload = Workload.of(manager, first, List.of(), 2, 12)) {
      workload.forwardBackward();
      workload.predict();
      assertThat(workload.items()).isIn(2L, 24L);
    }
  }

  @Test
  void refusesALengthThatTheModelDoesNotTake() {
    assertThatThrownBy(
            () ->
                Workload.of(manager, Papers.load().preset("sasrec-tiny"), List.of(), 1, 1_000_000))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("1000000");
  }

  private Workload decoder(int batch, int length) {
    return Workload.of(
        manager, Papers.load().preset("decoder-tiny"), List.of(SHORT), batch, length);
  }

  /** A TorchScript archive without parameters. */
  private static byte[] module(String forward) throws IOException {
    String source =
        """
        class K(Module):
          __parameters__ = []
          __buffers__ = []
          training : bool
        """
            + forward;
    ByteArrayOutputStream pickle = new ByteArrayOutputStream();
    pickle.write(new byte[] {(byte) 0x80, 2});
    pickle.write("c__torch__\nK\n".getBytes(StandardCharsets.US_ASCII));
    pickle.write(new byte[] {')', (byte) 0x81, '}', '(', 'X', 8, 0, 0, 0});
    pickle.write("training".getBytes(StandardCharsets.US_ASCII));
    pickle.write(new byte[] {(byte) 0x88, 'u', 'b', '.'});
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      zip.setMethod(ZipOutputStream.STORED);
      put(zip, "k/data.pkl", pickle.toByteArray());
      put(zip, "k/constants.pkl", new byte[] {(byte) 0x80, 2, ')', '.'});
      put(zip, "k/version", "10\n".getBytes(StandardCharsets.US_ASCII));
      put(zip, "k/code/__torch__.py", source.getBytes(StandardCharsets.UTF_8));
    }
    return bytes.toByteArray();
  }

  private static void put(ZipOutputStream zip, String name, byte[] content) throws IOException {
    ZipEntry entry = new ZipEntry(name);
    entry.setSize(content.length);
    CRC32 crc = new CRC32();
    crc.update(content);
    entry.setCrc(crc.getValue());
    zip.putNextEntry(entry);
    zip.write(content);
    zip.closeEntry();
  }
}
