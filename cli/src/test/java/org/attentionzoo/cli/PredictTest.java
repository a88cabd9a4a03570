package org.attentionzoo.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.jni.JniUtils;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import javax.sound.sampled.AudioFileFormat;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;
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

  private String train(String model, String data, String... settings) {
    String out = folder.resolve("run-" + model).toString();
    List<String> line = new ArrayList<>(List.of("train", model, "--data", data, "--out", out));
    line.addAll(List.of(settings));
    assertThat(Run.zoo(line.toArray(String[]::new)).exit()).isZero();
    return out;
  }

  /** The words of a run's texts and the names of its classes are with the run, not in the model. */
  @Test
  void asksARunInTheWordsOfItsOwnTexts() throws IOException {
    Path reviews = folder.resolve("reviews.csv");
    Files.writeString(reviews, "text,mood\n" + "good film,happy\nbad film,sad\n".repeat(40));
    String run =
        train(
            "deberta-classifier-tiny",
            "csv:" + reviews,
            "task.text=text",
            "task.target=mood",
            "steps=30",
            "schedule.warmup=0");
    Files.delete(reviews);
    JsonNode answers =
        json(Run.zoo("predict", run, "--input", "a good film", "--input", "BAD", "--json"));
    assertThat(answers.get(0).get("choices").get(0).get("label").asText()).isEqualTo("happy");
    assertThat(answers.get(1).get("choices").get(0).get("label").asText()).isEqualTo("sad");

    Files.writeString(reviews, "id,text\n1,a bad film\n2,good\n");
    JsonNode rows = json(Run.zoo("predict", run, "--input", reviews.toString(), "--json"));
    assertThat(rows.findValuesAsText("input")).containsExactly("a bad film", "good");

    // Other text is cut into the same tokens: by its own words good and bad would change places.
    Files.writeString(reviews, "text,mood\n" + "bad,sad\nbad bad,sad\ngood,happy\n".repeat(40));
    Run evaluated = Run.zoo("eval", run, "--data", "csv:" + reviews, "--json");
    assertThat(json(evaluated).findValue("accuracy").asDouble()).isEqualTo(1);
    Files.writeString(reviews, "text,mood\n" + "bad,sad\ngood,glad\n".repeat(40));
    assertThat(Run.zoo("eval", run, "--data", "csv:" + reviews).err())
        .contains("the data has classes [glad, sad], but the model was trained with [happy, sad]");
  }

  @Test
  void tellsNumbersOfRowsInTheTablesOwnUnits() throws IOException {
    Path table = folder.resolve("houses.csv");
    StringBuilder rows = new StringBuilder("area,year,price\n");
    for (int i = 0; i < 200; i++) {
      rows.append(i).append(",1990,").append(100_000 + 1000 * i).append('\n');
    }
    Files.writeString(table, rows);
    String run =
        train(
            "feature-transformer-tiny",
            "csv:" + table,
            "task.target=price",
            "task.kind=values",
            "steps=200");
    JsonNode answers = json(Run.zoo("predict", run, "--input", "50, 1990", "--json"));
    assertThat(answers.get(0).get("value").asDouble()).isBetween(130_000.0, 170_000.0);
    Files.writeString(table, "year,owner,area\n1990,me,150\n1990,you,20\n");
    JsonNode file = json(Run.zoo("predict", run, "--input", table.toString(), "--json"));
    assertThat(file.get(0).get("value").asDouble()).isBetween(230_000.0, 270_000.0);
    assertThat(file.get(1).get("input").asText()).isEqualTo(table + ", row 2");
    assertThat(Run.zoo("predict", run, "--input", "50").err())
        .contains("1 numbers were given; the model takes 2: area, year");
    assertThat(Run.zoo("predict", run, "--input", "x y").err()).contains("'x' is no finite number");
    Files.writeString(table, "area\n1\n");
    assertThat(Run.zoo("predict", run, "--input", table.toString()).err())
        .contains("no column 'year'");
  }

  @Test
  void forecastsWhatComesAfterTheLastRowInItsOwnUnits() throws IOException {
    Path table = folder.resolve("series.csv");
    StringBuilder rows = new StringBuilder("date,load,slope\n");
    for (int i = 0; i < 300; i++) {
      rows.append("d,").append(1000 + 300 * Math.sin(i / 4.0)).append(',').append(i).append('\n');
    }
    Files.writeString(table, rows);
    String run =
        train("nlinear-tiny", "forecast:" + table, "task.window=32", "task.horizon=3", "steps=300");
    JsonNode answer = json(Run.zoo("predict", run, "--input", table.toString(), "--json")).get(0);
    assertThat(answer.get("series").toString()).isEqualTo("[\"load\",\"slope\"]");
    assertThat(answer.get("forecast")).hasSize(3);
    for (int i = 0; i < 3; i++) {
      JsonNode step = answer.get("forecast").get(i);
      assertThat(step.get(0).asDouble())
          .isCloseTo(1000 + 300 * Math.sin((300 + i) / 4.0), within(50.0));
      assertThat(step.get(1).asDouble()).isCloseTo(300 + i, within(2.0));
    }
    Files.writeString(table, "load,slope\n1,2\n");
    assertThat(Run.zoo("predict", run, "--input", table.toString()).err())
        .contains("series.csv has 1 rows; the model sees 32 before it forecasts");
    assertThat(Run.zoo("predict", run, "--input", "none.csv").err()).contains("no file 'none.csv'");
  }

  @Test
  void hearsRecordingsAsTheirRunDid() throws IOException {
    Path recordings = Files.createDirectories(folder.resolve("recordings"));
    for (int take = 0; take < 20; take++) {
      tone(recordings.resolve("0_me_" + take + ".wav"), 200 + take);
      tone(recordings.resolve("1_me_" + take + ".wav"), 1800 + take);
    }
    String run =
        train(
            "eca-resnet-cifar-tiny",
            "speech:" + recordings,
            "task.size=8",
            "task.seconds=0.25",
            "task.batch=8",
            "steps=60",
            "schedule.warmup=0",
            "optimizer.lr=0.003");
    Path low = folder.resolve("low.wav");
    Path high = folder.resolve("high.wav");
    tone(low, 230);
    tone(high, 1770);
    JsonNode answers =
        json(
            Run.zoo(
                "predict", run, "--input", low.toString(), "--input", high.toString(), "--json"));
    assertThat(answers.get(0).get("choices").get(0).get("label").asText()).isEqualTo("0");
    assertThat(answers.get(1).get("choices").get(0).get("label").asText()).isEqualTo("1");
    Path image = folder.resolve("x.png");
    ImageIO.write(new BufferedImage(8, 8, BufferedImage.TYPE_BYTE_GRAY), "png", image.toFile());
    assertThat(Run.zoo("predict", run, "--input", image.toString()).err())
        .contains("x.png is no recording; the model was trained on WAV files");
  }

  /** A quarter of a second, 8 bits at 8000 a second. */
  private static void tone(Path file, double frequency) throws IOException {
    byte[] samples = new byte[2000];
    for (int i = 0; i < samples.length; i++) {
      samples[i] = (byte) (128 + 100 * Math.sin(2 * Math.PI * frequency * i / 8000));
    }
    AudioFormat format = new AudioFormat(8000, 8, 1, false, false);
    AudioSystem.write(
        new AudioInputStream(new ByteArrayInputStream(samples), format, samples.length),
        AudioFileFormat.Type.WAVE,
        file.toFile());
  }

  @Test
  void scalesImagesAsTheirRunDid() throws IOException {
    Path images = folder.resolve("images");
    for (String name : new String[] {"dark", "light"}) {
      Files.createDirectories(images.resolve(name));
      for (int i = 0; i < 12; i++) {
        BufferedImage image = new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB);
        for (int p = 0; p < 64; p++) {
          image.setRGB(p % 8, p / 8, (name.equals("dark") ? 20 : 200) + i);
        }
        ImageIO.write(image, "png", images.resolve(name + "/" + i + ".png").toFile());
      }
    }
    String run =
        train(
            "eca-resnet-cifar-tiny",
            "imagefolder:" + images,
            "task.size=8",
            "task.heldOut=0.3",
            "task.batch=4",
            "steps=2");
    String image = images.resolve("dark/3.png").toString();
    JsonNode own = json(Run.zoo("predict", run, "--input", image, "--json")).get(0);
    assertThat(own.get("choices").findValuesAsText("label")).containsOnly("dark", "light");
    JsonNode data = new ObjectMapper().readTree(Run.zoo("eval", run, "--json").out()).get("data");
    String means = data.get("means").toString().replaceAll("[\\[\\]]", "");
    String deviations = data.get("deviations").toString().replaceAll("[\\[\\]]", "");
    JsonNode same =
        json(Run.zoo(
                "predict",
                run,
                "--input",
                image,
                "--json",
                "--mean",
                means,
                "--deviation",
                deviations))
            .get(0);
    assertThat(same).isEqualTo(own);
    JsonNode other =
        json(Run.zoo(
                "predict",
                run,
                "--input",
                image,
                "--json",
                "--mean",
                "0,0,0",
                "--deviation",
                "1,1,1"))
            .get(0);
    assertThat(other).isNotEqualTo(own);
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
