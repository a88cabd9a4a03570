package org.attentionzoo.training.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.attentionzoo.models.Papers;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Processes that train are killed (SIGKILL) at random moments and started again until they are
 * done. {@code ZOO_KILLS} says how often each is killed (3), {@code ZOO_KILL_SEED} repeats the
 * moments of an earlier test, as far as moments can be repeated.
 */
@Timeout(1200)
class KilledRunTest {

  private static final int KILLS = number("ZOO_KILLS", 3);
  private static final int STEPS = 60;

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({"tiny, bigram-tiny", "zoo, seqboat/marked-symbols"})
  void endsWithTheSameBitsAsOneThatWasNotKilled(String zoo, String name, TestReporter reporter)
      throws IOException, InterruptedException {
    int seed = number("ZOO_KILL_SEED", (int) System.nanoTime());
    reporter.publishEntry("ZOO_KILL_SEED", Integer.toString(seed));
    Random random = new Random(seed);
    List<String> settings = settings(zoo);

    Papers papers = ChildRun.papers(zoo);
    Path straight = folder.resolve("straight");
    Path expected;
    try (TrainingRun run = ChildRun.open(papers, straight, name, settings)) {
      expected = run.train().checkpoint();
    }

    Path killed = folder.resolve("killed");
    int kills = 0;
    for (int i = 0; i < KILLS; i++) {
      long after = 1 + random.nextInt(STEPS - 1);
      kills += kill(killed, zoo, name, settings, after, random.nextInt(5000)) ? 1 : 0;
    }
    assertThat(kills).as("kills before the end, seed %d", seed).isPositive();
    Path rest;
    try (TrainingRun run = ChildRun.open(papers, killed, name, settings)) {
      rest = run.train().checkpoint();
    }
    assertThat(Files.readString(killed.resolve("metrics.jsonl")))
        .as("seed %d", seed)
        .isEqualTo(Files.readString(straight.resolve("metrics.jsonl")));
    for (String file : names(expected)) {
      assertThat(rest.resolve(file))
          .as("seed %d", seed)
          .hasSameBinaryContentAs(expected.resolve(file));
    }
    assertThat(names(killed.resolve("checkpoints")))
        .as("seed %d", seed)
        .isEqualTo(names(straight.resolve("checkpoints")));
  }

  private List<String> settings(String zoo) throws IOException {
    List<String> settings =
        new ArrayList<>(
            List.of(
                "steps=" + STEPS,
                "logEvery=1",
                "evaluateEvery=20",
                "evaluateBatches=2",
                "checkpointEvery=3",
                "keep=1",
                "accumulate=2",
                "emaDecay=0.9",
                "prefetch=3"));
    if (zoo.equals("tiny")) {
      Path text = folder.resolve("text.txt");
      Files.write(text, TinyZoo.text(4000));
      settings.addAll(List.of("data=text:" + text, "task.batch=4", "task.length=16"));
    } else {
      settings.addAll(
          List.of("task.batch=4", "task.length=32", "task.minimumLength=20", "model.layers=1"));
      settings.addAll(List.of("model.window=32", "model.maxPositions=32", "model.norm=layernorm"));
    }
    return settings;
  }

  /**
   * Kills a process a little after it has done a step, or at once if it goes on from later.
   *
   * @return false if it was done before
   */
  private static boolean kill(
      Path run, String zoo, String name, List<String> settings, long after, int microseconds)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx256m", "-XX:TieredStopAtLevel=1"));
    command.add("-Dai.djl.pytorch.num_threads=" + System.getProperty("ai.djl.pytorch.num_threads"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), ChildRun.class.getName()));
    command.addAll(List.of(run.toString(), zoo, name));
    command.addAll(settings);
    Path errors = run.resolveSibling("errors.txt");
    Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
    boolean finished = false;
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String[] words = line.split(" ");
        finished = words[0].equals("finished");
        if (words.length == 2 && Long.parseLong(words[1]) >= after) {
          TimeUnit.MICROSECONDS.sleep(microseconds);
          break;
        }
      }
      process.destroyForcibly();
      int exit = process.waitFor();
      assertThat(finished || exit == 128 + 9).as(Files.readString(errors)).isTrue();
      return exit == 128 + 9;
    }
  }

  private static List<String> names(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(p -> p.getFileName().toString()).sorted().toList();
    }
  }

  private static int number(String variable, int otherwise) {
    String value = System.getenv(variable);
    return value == null ? otherwise : Integer.parseInt(value);
  }
}
