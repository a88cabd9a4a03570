package org.attentionzoo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process that trains and is told to end (SIGTERM) saves, says how to go on, and ends; others end
 * at once.
 */
@Timeout(300)
class TerminationTest {

  @TempDir private Path folder;

  @Test
  void savesAndSaysHowToGoOn() throws IOException, InterruptedException {
    Path text = folder.resolve("text.txt");
    Files.writeString(text, "the quick brown fox jumps over the lazy dog. ".repeat(200));
    Path run = folder.resolve("run");
    Process process =
        zoo(
            "train",
            "decoder-tiny",
            "--data",
            "text:" + text,
            "--out",
            run.toString(),
            "steps=1000000",
            "task.batch=2",
            "task.length=16",
            "model.width=16",
            "model.layers=1",
            "model.heads=2",
            "model.keyValueHeads=2",
            "evaluateEvery=0",
            "checkpointEvery=0",
            "logEvery=1");
    awaitLines(run.resolve("metrics.jsonl"), 3, process);
    // The process itself would close its streams as well.
    process.toHandle().destroy();
    String out = read(process);
    assertThat(process.waitFor()).isEqualTo(128 + 15);
    assertThat(out).contains("stopped after step ", "go on with: zoo train --resume " + run);
    try (Stream<Path> checkpoints = Files.list(run.resolve("checkpoints"))) {
      assertThat(checkpoints).hasSize(1);
    }
    int steps = Files.readAllLines(run.resolve("metrics.jsonl")).size() + 2;
    Process rest = zoo("train", "--resume", run.toString(), "steps=" + steps);
    out = read(rest);
    assertThat(rest.waitFor()).as(out).isZero();
    assertThat(out).contains("decoder-tiny: " + steps + " steps");
  }

  @Test
  void aClaimThatIsToldToEndBetweenTwoRunsGoesOnLater() throws IOException, InterruptedException {
    String[] command = {
      "reproduce",
      "eca-net/channel-corruption",
      "--out",
      folder.resolve("claim").toString(),
      "steps=2",
      "evaluateEvery=0",
      "checkpointEvery=0",
      "schedule.warmup=0",
      "task.batch=2",
      "task.validationExamples=4",
      "--seeds=1"
    };
    Process process = zoo(command);
    StringBuilder out = new StringBuilder();
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        out.append(line).append('\n');
        if (line.contains(", seed 1, loss ")) {
          process.toHandle().destroy();
        }
      }
    }
    assertThat(process.waitFor()).isEqualTo(128 + 15);
    assertThat(out).contains("stopped; the same command goes on");
    Process rest = zoo(command);
    assertThat(read(rest)).contains("result: ").doesNotContain("run 1 of");
    rest.waitFor();
  }

  @Test
  void whatHasNothingToSaveEndsAtOnceAndDoesNotCrashInTheEngine()
      throws IOException, InterruptedException {
    for (int attempt = 0; attempt < 3; attempt++) {
      Process process = java(LongBackward.class);
      try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
        assertThat(lines.readLine()).isEqualTo("computing");
        Thread.sleep(50);
        process.toHandle().destroy();
        assertThat(lines.lines()).isEmpty();
        assertThat(process.waitFor()).isEqualTo(128 + 15);
      } finally {
        process.destroyForcibly();
      }
    }
  }

  /** Is in the engine for longer than the virtual machine waits before it unloads libraries. */
  static final class LongBackward {

    private LongBackward() {}

    public static void main(String[] args) {
      Logging.configure(false);
      Interruption.endAtOnce();
      try (NDManager manager = NDManager.newBaseManager("PyTorch");
          GradientCollector collector = Engine.getInstance().newGradientCollector()) {
        NDArray weights = manager.ones(new Shape(2));
        weights.setRequiresGradient(true);
        NDArray product = weights;
        for (int i = 0; i < 150_000; i++) {
          product = product.tanh();
        }
        NDArray loss = product.sum();
        System.out.println("computing");
        collector.backward(loss);
      }
    }
  }

  private static Process zoo(String... arguments) throws IOException {
    return java(Zoo.class, arguments);
  }

  private static Process java(Class<?> program, String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx256m", "-XX:TieredStopAtLevel=1"));
    command.add("-Dai.djl.pytorch.num_threads=1");
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), program.getName()));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  private static void awaitLines(Path file, int count, Process process)
      throws IOException, InterruptedException {
    while (!Files.exists(file) || Files.readAllLines(file).size() < count) {
      assertThat(process.isAlive()).isTrue();
      Thread.sleep(20);
    }
  }

  private static String read(Process process) throws IOException {
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      return String.join("\n", lines.lines().toList());
    }
  }
}
