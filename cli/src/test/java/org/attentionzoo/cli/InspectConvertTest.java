package org.attentionzoo.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.models.weights.SafetensorsWriter;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InspectConvertTest {

  @TempDir Path folder;
  private Path file;

  @BeforeEach
  void write() throws IOException {
    file = folder.resolve("in.safetensors");
    try (NDManager manager = NDManager.newBaseManager()) {
      SafetensorsWriter.write(
          file,
          Map.of("m.w", manager.create(new float[] {1, Float.NaN}), "m.n", manager.create(3L)),
          Map.of("by", "hand"));
    }
  }

  @Test
  void inspects() throws IOException {
    Run run = Run.zoo("inspect", file.toString());
    assertThat(run.exit()).as(run.err()).isZero();
    assertThat(run.out())
        .contains("in.safetensors: safetensors", "m.w  F32  [2]", "m.n  I64  []")
        .contains("2 tensors, 3 values (F32 2, I64 1), 16 bytes", "by  hand", "NaN: m.w");
    JsonNode json =
        new ObjectMapper().readTree(Run.zoo("inspect", file.toString(), "--json").out());
    assertThat(json.at("/tensors/1/nan").asLong()).isEqualTo(1);
    assertThat(json.at("/total/bytes").asLong()).isEqualTo(16);
    assertThat(json.at("/metadata/by").asText()).isEqualTo("hand");
    assertThat(Run.zoo("inspect", file.toString(), "--no-values").out()).doesNotContain("NaN");
  }

  @Test
  void converts() throws IOException {
    Path out = folder.resolve("out");
    Run run =
        Run.zoo(
            "convert",
            file.toString(),
            out.toString(),
            "--max-shard-size",
            "8B",
            "--dtype",
            "bf16",
            "--strip-prefix",
            "m.");
    assertThat(run.exit()).as(run.err()).isZero();
    assertThat(run.out()).contains("model-00001-of-00002.safetensors", "index.json");
    Run inspected = Run.zoo("inspect", out.toString());
    assertThat(inspected.out()).contains("w  BF16  [2]", "n  I64   []");
    Run again = Run.zoo("convert", file.toString(), out.toString(), "--max-shard-size", "8B");
    assertThat(again.exit()).isEqualTo(2);
    assertThat(again.err()).contains("exists already");
    Path copy = folder.resolve("copy.safetensors");
    assertThat(Run.zoo("convert", file.toString(), copy.toString()).exit()).isZero();
    assertThat(Run.zoo("convert", file.toString(), copy.toString()).exit()).isEqualTo(2);
    assertThat(Run.zoo("convert", file.toString(), copy.toString(), "--force").exit()).isZero();
    try (var files = Files.list(folder)) {
      assertThat(files.map(f -> f.getFileName().toString()))
          .containsExactlyInAnyOrder("in.safetensors", "copy.safetensors", "out");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "5GB, 5000000000",
    "1GiB, 1073741824",
    "500mb, 500000000",
    "7, 7",
    "7B, 7",
    "2k, 2000"
  })
  void readsSizes(String text, long bytes) {
    assertThat(ConvertCommand.bytes(text)).isEqualTo(bytes);
  }

  @ParameterizedTest
  @CsvSource({"0", "-1", "5XB", "GB", "999999999999999TB"})
  void refusesOtherSizes(String text) {
    assertThatThrownBy(() -> ConvertCommand.bytes(text)).isInstanceOf(UserException.class);
  }

  @Test
  void refusesWhatIsWrong() throws IOException {
    Path pickle = Files.writeString(folder.resolve("x.pt"), "cos\nsystem\n(S'true'\ntR.");
    Run run = Run.zoo("inspect", pickle.toString());
    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err().lines()).singleElement().asString().contains("asks for 'os.system'");
    Run type = Run.zoo("convert", file.toString(), folder.resolve("y").toString(), "--dtype", "i8");
    assertThat(type.exit()).isEqualTo(2);
    assertThat(Run.zoo("inspect", folder.resolve("none").toString()).exit()).isEqualTo(2);
    assertThat(Files.exists(folder.resolve("y"))).isFalse();
  }
}
