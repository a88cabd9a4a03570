package org.attentionzoo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.attentionzoo.eval.generate.Printable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The way of a user: train, interrupt and go on, evaluate, generate. */
class TrainEvalGenerateTest {

  private static final String[] SMALL = {
    "model.width=16",
    "model.layers=1",
    "model.heads=4",
    "model.hidden=32",
    "task.batch=4",
    "task.length=16",
    "schedule.warmup=1",
    "optimizer.lr=0.01"
  };

  @TempDir Path folder;

  @Test
  void trainsResumesEvaluatesAndGenerates() throws IOException {
    Path text = text();
    Path out = folder.resolve("run");

    Run train =
        zoo("train", "decoder-tiny", "--data", "text:" + text, "--out", out.toString(), "steps=4");
    assertThat(train.exit()).as(train.err()).isZero();
    assertThat(train.out())
        .contains("decoder-tiny: 4 steps in", "bits per byte", "this model")
        .contains("order-0 entropy", "gzip alone", "gzip given training")
        .contains("xz alone", "xz given training", "and the model goes on")
        .contains("run folder: " + out);
    assertThat(train.err()).contains("validation after step 4", "saved").doesNotContain("\r");
    assertThat(out.resolve("config.yaml")).content().contains("command: zoo train decoder-tiny");

    Run again = zoo("train", "decoder-tiny", "--data", "text:" + text, "--out", out.toString());
    assertThat(again.exit()).isEqualTo(2);
    assertThat(again.err().lines()).singleElement().asString().contains("already holds a run");

    Run resumed = Run.zoo("train", "--resume", out.toString(), "steps=6");
    assertThat(resumed.exit()).as(resumed.err()).isZero();
    assertThat(resumed.err()).contains("going on after step 4");
    assertThat(Run.zoo("train", "--resume", out.toString(), "seed=7").exit()).isEqualTo(2);

    Run eval = Run.zoo("eval", out.toString(), "--json");
    assertThat(eval.exit()).as(eval.err()).isZero();
    JsonNode figures = new ObjectMapper().readTree(eval.out());
    assertThat(figures.at("/metrics/bits_per_byte").asDouble()).isBetween(0.1, 8.5);
    assertThat(figures.at("/baselines").size()).isEqualTo(6);
    assertThat(Run.zoo("eval", out.toString()).out()).contains("this model", "order-0 entropy");

    String[] generate = {
      "generate", out.toString(), "--prompt", "to be", "--length", "8", "--temperature", "0"
    };
    Run generated = Run.zoo(generate);
    assertThat(generated.exit()).as(generated.err()).isZero();
    assertThat(generated.out()).startsWith("to be").hasSizeGreaterThan(6);
    assertThat(Run.zoo(generate).out()).isEqualTo(generated.out());
    // A tenth of all bytes are control characters, which a terminal would obey.
    generate[5] = "200";
    generate[7] = "9";
    String wild = Run.zoo(generate).out();
    assertThat(wild).isEqualTo(Printable.of(wild));
    String all = Run.zoo("predict", out.toString(), "--input", "to be", "--top-k", "256").out();
    assertThat(all).contains("token 27 ").isEqualTo(Printable.of(all));
  }

  @Test
  void rehearsesWithoutATrace() throws IOException {
    Path text = text();
    Path out = folder.resolve("run");
    String[] train = {
      "train",
      "decoder-tiny",
      "--data",
      "text:" + text,
      "--out",
      out.toString(),
      "--dry-run",
      "steps=50",
      "evaluateEvery=20",
      "evaluateBatches=1",
      "checkpointEvery=0",
      "emaDecay=0.9"
    };
    Run rehearsed = zoo(train);
    assertThat(rehearsed.exit()).as(rehearsed.err()).isZero();
    assertThat(rehearsed.err()).isEmpty();
    assertThat(rehearsed.out())
        .contains("by its first 8 steps", "tokens a second", "1 batches, 3 in all", "MB; at most 3")
        .contains("50 steps", "about 0:0", "nothing of it is kept");
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).containsExactly(text);
    }
    train[7] = "schedule.warmup=0";
    train[8] = "optimizer.lr=1e30";
    Run failed = Run.zoo(train);
    assertThat(failed.exit()).isEqualTo(1);
    assertThat(failed.err().lines())
        .singleElement()
        .asString()
        .contains("the norm of the gradients is NaN in step 2");
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).containsExactly(text);
    }
    assertThat(Run.zoo("train", "--resume", out.toString(), "--dry-run").err())
        .contains("--dry-run is for a new run");
    train[5] = text.toString();
    assertThat(Run.zoo(train).err()).contains(text + " is a file");
  }

  @Test
  void saysThatATextEndsWhereTheModelDoes() throws IOException {
    Path text = text();
    Path out = folder.resolve("run");
    Run train =
        Run.zoo(
            "train",
            "ssa-gpt-tiny",
            "--data",
            "text:" + text,
            "--out",
            out.toString(),
            "steps=1",
            "evaluateBatches=1",
            "task.batch=2",
            "task.length=8",
            "model.context=16");
    assertThat(train.exit()).as(train.err()).isZero();
    String[] generate = {"generate", out.toString(), "--prompt", "to be", "--length", "12"};
    assertThat(Run.zoo(generate).err()).isEmpty();
    generate[5] = "13";
    assertThat(Run.zoo(generate).err().lines())
        .containsExactly("the model takes 16 tokens; the text ends there");
  }

  @Test
  void refusesBatchesThatAModelDoesNotTakeInOneLine() throws IOException {
    Path text = text();
    Path out = folder.resolve("run");
    String[] train = {
      "train",
      "ssa-gpt-tiny",
      "--data",
      "text:" + text,
      "--out",
      out.toString(),
      "steps=1",
      "task.batch=2",
      "task.length=32",
      "model.context=16"
    };
    Run refused = Run.zoo(train);
    assertThat(refused.exit()).isEqualTo(2);
    assertThat(refused.err())
        .contains(
            "zoo train: the model does not take inputs of shape (2, 32): the model has positions"
                + " for 16 tokens; got 32; change the sizes of the task");
    Run empty =
        Run.zoo(
            "train",
            "sasrec-tiny",
            "--data",
            "item-order:",
            "--out",
            folder.resolve("empty").toString(),
            "steps=1",
            "task.batch=2",
            "model.maxlen=2");
    assertThat(empty.exit()).isEqualTo(2);
    assertThat(empty.err())
        .contains("zoo train: none of the 256 validation batches has anything to be predicted");
  }

  @Test
  void takesWeightsFromElsewhere() throws IOException {
    Path text = text();
    String data = "text:" + text;
    Path out = folder.resolve("run");
    Run train = zoo("train", "decoder-tiny", "--data", data, "--out", out.toString(), "steps=4");
    assertThat(train.exit()).as(train.err()).isZero();
    String weights = out.resolve("checkpoints/step-00000004").toString();

    JsonNode own = new ObjectMapper().readTree(Run.zoo("eval", out.toString(), "--json").out());
    String[] eval = {"eval", "decoder-tiny", "--weights", weights, "--data", data, "--json"};
    Run imported = zoo(eval);
    assertThat(imported.exit()).as(imported.err()).isZero();
    JsonNode figures = new ObjectMapper().readTree(imported.out());
    assertThat(figures.at("/metrics")).isEqualTo(own.at("/metrics"));
    assertThat(figures.at("/weights").asText()).isEqualTo(weights);

    Run misfit = Run.zoo("eval", "decoder-tiny", "--weights", weights, "--data", data);
    assertThat(misfit.exit()).isEqualTo(2);
    assertThat(misfit.err().lines())
        .singleElement()
        .asString()
        .contains("does not fit the model", "misshapen", "missing layers.1.");
    Run none = Run.zoo("eval", "decoder", "--weights", weights, "--data", data);
    assertThat(none.err()).contains("fits no preset of decoder (tiny");

    Run generated = zoo("generate", "decoder-tiny", "--weights", weights, "--length", "4");
    assertThat(generated.exit()).as(generated.err()).isZero();

    Path tuned = folder.resolve("tuned");
    Run more =
        zoo(
            "train",
            "decoder-tiny",
            "--data",
            data,
            "--weights",
            weights,
            "--out",
            tuned.toString(),
            "steps=1");
    assertThat(more.exit()).as(more.err()).isZero();
    assertThat(tuned.resolve("config.yaml")).content().contains("weights: " + weights);
    Run allowed =
        zoo(
            "eval",
            "decoder-tiny",
            "--weights",
            weights,
            "--data",
            data,
            "--allow-missing",
            "hed.*");
    assertThat(allowed.err()).contains("the model has none");
  }

  @Test
  void goesOnWithTextInTheWordsThatItWasTrainedOn() throws IOException {
    String training = "The cat sat on the mat .\nA dog saw The cat .\n".repeat(40);
    Path text = Files.writeString(folder.resolve("words.txt"), training);
    String out = folder.resolve("run").toString();
    Run train = zoo("train", "decoder-tiny", "--data", "words:" + text, "--out", out, "steps=30");
    assertThat(train.exit()).as(train.err()).isZero();
    assertThat(train.out()).contains("sample: the validation part begins", "and the model goes on");
    String[] generate = {
      "generate", out, "--prompt", "A dog", "--length", "12", "--temperature", "0"
    };
    Run generated = Run.zoo(generate);
    assertThat(generated.err()).isEmpty();
    assertThat(generated.out()).startsWith("A dog").contains("cat").contains("\n");
    assertThat(generated.out().split("\\s+")).allMatch(training::contains);
    generate[3] = " ";
    assertThat(Run.zoo(generate).err()).contains("the prompt ' ' has no token");
    assertThat(Run.zoo("predict", out, "--input", "The cat", "--top-k", "2").out())
        .contains("goes on:", "'sat'");

    // Other text has other words, and more of these.
    Path other = Files.writeString(folder.resolve("other.txt"), "sat cat\n".repeat(60));
    Run own = Run.zoo("eval", out, "--data", "words:" + text, "--json");
    assertThat(own).isEqualTo(Run.zoo("eval", out, "--json"));
    Run eval = Run.zoo("eval", out, "--data", "words:" + other);
    assertThat(eval.out()).as(eval.err()).contains("perplexity");
    Path run = folder.resolve("run");
    assertThat(Run.zoo("eval", out, "--data", "tokens:" + other, "task.length=16").out())
        .contains(perplexity(eval), "bits per byte");
    assertThat(Run.zoo("eval", out, "--data", "text:" + other).err())
        .contains("gives bytes, but " + out, "give tokens:");

    Run more =
        zoo(
            "train",
            "decoder-tiny",
            "--from",
            out,
            "--data",
            "words:" + other,
            "--out",
            folder.resolve("more").toString(),
            "steps=1");
    assertThat(more.exit()).as(more.err()).isZero();
    assertThat(folder.resolve("more/tokenizer.json"))
        .hasSameTextualContentAs(run.resolve("tokenizer.json"));

    String figure = perplexity(Run.zoo("eval", out));
    Files.delete(run.resolve("tokenizer.json"));
    assertThat(Run.zoo("eval", out, "--data", "words:" + other).err())
        .contains("has no tokenizer.json");
    assertThat(perplexity(Run.zoo("eval", out))).isEqualTo(figure);
  }

  private static String perplexity(Run run) {
    String line = run.out().lines().filter(l -> l.contains("perplexity")).findFirst().orElseThrow();
    return line.substring(line.lastIndexOf(' '));
  }

  @Test
  void makesATrainedDecoderAMixtureOfHeads() throws IOException {
    Path text = text();
    String data = "text:" + text;
    String out = folder.resolve("run").toString();
    Run train = zoo("train", "decoder-tiny", "--data", data, "--out", out, "steps=1");
    assertThat(train.exit()).as(train.err()).isZero();

    Path mixture = folder.resolve("mixture");
    String[] convert = {
      "train", "moh-lm-tiny", "--from", out, "--data", data, "--out", mixture.toString(), "steps=1"
    };
    Run converted = zoo(convert);
    assertThat(converted.exit()).as(converted.err()).isZero();
    assertThat(converted.out()).contains("layers.0.attention.routed entropy");
    assertThat(mixture.resolve("config.yaml")).content().contains("initialFrom: " + out);

    convert[3] = folder.resolve("nowhere").toString();
    convert[7] = folder.resolve("other").toString();
    Run missing = zoo(convert);
    assertThat(missing.exit()).isEqualTo(2);
    assertThat(missing.err().lines())
        .singleElement()
        .asString()
        .contains("initialFrom:", "nowhere does not exist");
    convert[3] = out;
    convert[4] = "--weights=" + mixture;
    convert[5] = "data=" + data;
    assertThat(zoo(convert).err()).contains("weights were given twice");
  }

  private static Run zoo(String... arguments) {
    String[] all = new String[arguments.length + SMALL.length];
    System.arraycopy(arguments, 0, all, 0, arguments.length);
    System.arraycopy(SMALL, 0, all, arguments.length, SMALL.length);
    return Run.zoo(all);
  }

  private Path text() throws IOException {
    String line = "to be or not to be, that is the question\n";
    return Files.writeString(folder.resolve("text.txt"), line.repeat(50));
  }
}
