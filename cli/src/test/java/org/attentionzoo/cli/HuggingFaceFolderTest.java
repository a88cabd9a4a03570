package org.attentionzoo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Commands take a Hugging Face folder, or its name in the cache, where they take a run. */
class HuggingFaceFolderTest {

  private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

  @TempDir private Path cache;

  @BeforeEach
  void open() {
    System.setProperty("HF_HUB_CACHE", cache.toString());
  }

  @AfterEach
  void close() {
    System.clearProperty("HF_HUB_CACHE");
  }

  private void store() throws IOException {
    Path model = cache.resolve("models--owner--name");
    Folders.llama(model.resolve("snapshots").resolve(COMMIT));
    Files.writeString(Files.createDirectories(model.resolve("refs")).resolve("main"), COMMIT);
  }

  @Test
  void evaluatesByPathNameAndCommit() throws IOException {
    store();
    String path = cache.resolve("models--owner--name/snapshots/" + COMMIT).toString();
    Run expected = Run.zoo("eval", path, "--data", "recall:", "--batches", "1");
    assertThat(expected.err()).isEmpty();
    assertThat(expected.out()).startsWith("llama, " + path).contains("accuracy");
    for (String name : new String[] {"owner/name", "owner/name@" + COMMIT}) {
      assertThat(Run.zoo("eval", name, "--data", "recall:", "--batches", "1")).isEqualTo(expected);
    }
  }

  @Test
  void goesOnToTrainOnTheTokensOfItsTokenizer() throws IOException {
    store();
    Path text = Files.writeString(cache.resolve("text.txt"), "w5 w6 w7 w8 w9\n".repeat(200));
    Run before = Run.zoo("eval", "owner/name", "--data", "tokens:" + text);
    assertThat(before.out()).as(before.err()).contains("perplexity").doesNotContain("bits");
    String out = cache.resolve("run").toString();
    String[] train = {
      "train",
      "llama-tiny",
      "--from",
      "owner/name",
      "--data",
      "tokens:" + text,
      "--out",
      out,
      "steps=2",
      "optimizer.lr=0.001",
      "schedule.warmup=0",
      "task.batch=2",
      "task.length=16"
    };
    Run tuned = Run.zoo(train);
    assertThat(tuned.exit()).as(tuned.err()).isZero();
    Run after = Run.zoo("eval", out);
    assertThat(after.exit()).as(after.err()).isZero();
    assertThat(loss(after)).isLessThan(loss(before));
    Run generated = Run.zoo("generate", out, "--prompt", "w5", "--length", "3");
    assertThat(generated.out()).as(generated.err()).matches("w5( w\\d+){3}\\R");

    Path tokenizer =
        cache.resolve("models--owner--name/snapshots/" + COMMIT).resolve("tokenizer.json");
    String words = Files.readString(tokenizer);
    Files.delete(tokenizer);
    assertThat(Run.zoo("eval", out)).isEqualTo(after);
    Run resumed = Run.zoo("train", "--resume", out, "steps=3");
    assertThat(resumed.exit()).as(resumed.err()).isZero();
    Files.writeString(tokenizer, words);

    train[7] = cache.resolve("other").toString();
    train[5] = "text:" + text;
    assertThat(Run.zoo(train).err())
        .contains(" gives bytes, but initialFrom=", "give tokens: in the place of text:");
    train[5] = "tokens:" + text;
    train[1] = "decoder-tiny";
    assertThat(Run.zoo(train).err()).contains("holds a llama, which cannot become a decoder");
    train[1] = "llama-tiny";
    train[3] = "owner/nobody";
    assertThat(Run.zoo(train).err()).contains("zoo pull owner/nobody");
    train[3] = "owner/name";
    train[8] = "model.width=64";
    assertThat(Run.zoo(train).err()).contains("embed_tokens").doesNotContain("\tat ");
  }

  private static double loss(Run run) {
    String line = run.out().lines().filter(l -> l.strip().startsWith("loss")).findFirst().get();
    return Double.parseDouble(line.replaceAll("[^0-9.]", ""));
  }

  /** Nothing is allocated from a number of a config that the weights contradict. */
  @ParameterizedTest
  @CsvSource({
    "num_hidden_layers, 2000000000, announces 2000000000 layers",
    "intermediate_size, 2000000000, describes a model of",
    "vocab_size, 2000000000, describes a model of",
  })
  void refusesNumbersThatTheWeightsContradict(String field, String number, String message)
      throws IOException {
    Path model = Folders.llama(cache.resolve("large"));
    Path config = model.resolve("config.json");
    Files.writeString(
        config,
        Files.readString(config)
            .replaceFirst("\"" + field + "\": \\d+", "\"" + field + "\": " + number));
    Run run = Run.zoo("predict", model.toString(), "--input", "w1");
    assertThat(run.exit()).isEqualTo(2);
    assertThat(run.err().lines()).singleElement().asString().contains(message);
  }

  @Test
  void saysWhatIsMissing() throws IOException {
    assertThat(Run.zoo("eval", "owner/name").err())
        .isEqualTo(
            "zoo eval: owner/name is not there, and no model of that name is in the cache; to"
                + " download it: zoo pull owner/name"
                + System.lineSeparator());
    store();
    assertThat(Run.zoo("eval", "owner/name").err()).contains("no data was given for llama-tiny");
    assertThat(Run.zoo("eval", "owner/name", "--data", "text:.").err())
        .contains("gives bytes, but", "reads the tokens of its tokenizer");
    assertThat(Run.zoo("inspect", "owner/other").err()).contains("zoo pull owner/other");
    assertThat(Run.zoo("inspect", "owner/name", "--no-values").out())
        .contains("model.layers.0.self_attn.q_proj.weight");
  }
}
