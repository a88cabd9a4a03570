package org.attentionzoo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.jni.JniUtils;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import javax.imageio.ImageIO;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.models.Papers;
import org.attentionzoo.models.weights.StateDictSaver;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PredictTest {

  @TempDir private Path folder;

  /** Random weights of a preset in a file. */
  private String weights(String preset) throws IOException {
    Path file = folder.resolve(preset + ".safetensors");
    ZooBlock model = Papers.load().preset(preset).build();
    try (NDManager manager = NDManager.newBaseManager()) {
      JniUtils.setSeed(3);
      model.initialize(manager, DataType.FLOAT32);
      StateDictSaver.save(model, file, Map.of());
    }
    return file.toString();
  }

  private static JsonNode json(Run run) throws IOException {
    assertThat(run.err()).isEmpty();
    assertThat(run.exit()).isZero();
    return new ObjectMapper().readTree(run.out());
  }

  @Test
  void goesOnWithATokenizersTokens() throws IOException {
    String llama = Folders.llama(folder.resolve("llama")).toString();
    JsonNode answer =
        json(Run.zoo("predict", llama, "--input", "w1 w2 w3", "--length", "4", "--json")).get(0);
    assertThat(answer.get("choices")).hasSize(5);
    String best = answer.get("choices").get(0).get("text").asText();
    String continuation = answer.get("continuation").asText();
    assertThat(continuation.strip().split(" ")).hasSize(4).startsWith(best);
    assertThat(answer.get("choices").get(0).get("probability").asDouble())
        .isGreaterThan(answer.get("choices").get(1).get("probability").asDouble());
    Run generated =
        Run.zoo("generate", llama, "--prompt", "w1 w2 w3", "--length", "4", "--temperature", "0");
    assertThat(generated.out()).isEqualTo("w1 w2 w3" + continuation + System.lineSeparator());
    assertThat(Run.zoo("predict", llama, "--input", "w1", "--top-k", "2").out())
        .startsWith("w1" + System.lineSeparator() + "  goes on: ")
        .containsPattern("token \\d+ +0\\.\\d{4} +'w\\d+'");
  }

  @Test
  void endsAtATokenThatEndsATextAndReadsLines() throws IOException {
    Path llama = Folders.llama(folder.resolve("llama"));
    Path lines = Files.writeString(folder.resolve("lines.txt"), "w1 w2\n\nw7\n");
    JsonNode answers =
        json(Run.zoo("predict", llama.toString(), "--input", lines.toString(), "--json"));
    assertThat(answers).hasSize(2);
    int first = answers.get(0).get("choices").get(0).get("token").asInt();
    Path config = llama.resolve("config.json");
    Files.writeString(
        config,
        Files.readString(config)
            .replace("\"hidden_act\"", "\"eos_token_id\": [" + first + ", 9], \"hidden_act\""));
    String continuation =
        json(Run.zoo("predict", llama.toString(), "--input", "w1 w2", "--json"))
            .get(0)
            .get("continuation")
            .asText();
    assertThat(continuation.strip()).isEqualTo("w" + first);
  }

  @Test
  void goesOnWithBytesAndFillsMasksAmongNumbers() throws IOException {
    JsonNode bytes =
        json(
            Run.zoo(
                "predict",
                "decoder-tiny",
                "--weights",
                weights("decoder-tiny"),
                "--input",
                "to be",
                "--json"));
    assertThat(bytes.get(0).get("choices").get(0).get("token").asInt()).isBetween(0, 255);
    JsonNode masks =
        json(
            Run.zoo(
                "predict",
                "deberta-tiny",
                "--weights",
                weights("deberta-tiny"),
                "--input",
                "5 _ 7 _",
                "--mask",
                "3",
                "--top-k",
                "2",
                "--json"));
    assertThat(masks.get(0).get("masks")).hasSize(2);
    int second = masks.get(0).get("masks").get(1).get(0).get("token").asInt();
    assertThat(masks.get(0).get("filled").asText()).startsWith("5 ").endsWith(" 7 " + second);
  }

  @Test
  void classifiesTextsAndImagesAndRanksItems() throws IOException {
    JsonNode text =
        json(
            Run.zoo(
                "predict",
                "deberta-classifier-tiny",
                "--weights",
                weights("deberta-classifier-tiny"),
                "--input",
                "5 6 7",
                "--json"));
    assertThat(text.get(0).get("choices")).hasSize(2);
    Path image = folder.resolve("x.png");
    ImageIO.write(new BufferedImage(9, 7, BufferedImage.TYPE_INT_RGB), "png", image.toFile());
    JsonNode classes =
        json(
            Run.zoo(
                "predict",
                "eca-resnet-tiny",
                "--weights",
                weights("eca-resnet-tiny"),
                "--input",
                image.toString(),
                "--top-k",
                "3",
                "--json"));
    assertThat(classes.get(0).get("choices")).hasSize(3);
    JsonNode items =
        json(
            Run.zoo(
                "predict",
                "sasrec-tiny",
                "--weights",
                weights("sasrec-tiny"),
                "--input",
                "1 2 3",
                "--json"));
    assertThat(items.get(0).get("choices"))
        .hasSize(5)
        .allSatisfy(row -> assertThat(row.get("item").asInt()).isNotIn(0, 1, 2, 3));
    Run unknown =
        Run.zoo(
            "predict", "sasrec-tiny", "--weights", weights("sasrec-tiny"), "--input", "1 999999");
    assertThat(unknown.exit()).isEqualTo(2);
    assertThat(unknown.err().lines())
        .singleElement()
        .asString()
        .contains("item 999999 is none of the model's, which are 1 to ");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--input ' ' | the input is empty",
        "--input w1 --top-k 0 | --top-k 0",
        "--input w1 model.layers=2 | leave it out",
        "--input w1 --tokenizer nowhere | nowhere",
        "--input w1 --mask 3 | --mask is for models that fill masks;",
        "--input w1 --mean 0.5 | --mean and --deviation are for images;",
      })
  void refusesInOneLine(String options, String message) throws IOException {
    String llama = Folders.llama(folder.resolve("llama")).toString();
    String[] words = ("predict " + llama + " " + options.strip()).replace("' '", "\t").split(" ");
    Run run = Run.zoo(words);
    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err().lines()).singleElement().asString().contains(message);
  }

  @Test
  void refusesWhatTheModelDoesNotKnow() throws IOException {
    String bert = weights("deberta-tiny");
    for (String[] line :
        new String[][] {
          {"5 6 9999 _", "token 9999 is none of the model's 256"},
          {"5 6", "no mask"},
          {"five _", "'five' is no number"}
        }) {
      Run run =
          Run.zoo("predict", "deberta-tiny", "--weights", bert, "--input", line[0], "--mask", "3");
      assertThat(run.exit()).isEqualTo(2);
      assertThat(run.err()).contains(line[1]);
    }
  }
}
