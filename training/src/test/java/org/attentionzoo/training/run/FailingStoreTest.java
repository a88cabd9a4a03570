package org.attentionzoo.training.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.attentionzoo.models.Papers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What was saved stays when a later checkpoint cannot be written. */
@Timeout(300)
class FailingStoreTest {

  private static final Papers PAPERS = TinyZoo.papers();

  @TempDir private Path folder;
  private List<String> settings;

  @BeforeEach
  void writeText() throws IOException {
    Path text = folder.resolve("text.txt");
    Files.write(text, TinyZoo.text(4000));
    settings =
        List.of(
            "data=text:" + text,
            "task.batch=4",
            "task.length=16",
            "model.width=64",
            "steps=12",
            "logEvery=1",
            "evaluateEvery=6",
            "checkpointEvery=2",
            "keep=2");
  }

  /** A process whose files may not grow beyond 100 kB: the optimizer's state is larger. */
  @Test
  void aFileThatCannotBeWrittenLosesNothing() throws IOException, InterruptedException {
    Path straight = straight();
    Path out = folder.resolve("out");
    begin(out);
    List<String> before = checkpoints(out);
    String errors = child(List.of("bash", "-c", "ulimit -f 100; exec \"$@\"", "bash"), out);
    assertThat(errors)
        .contains("cannot write to the run folder", "what was saved before is still there");
    check(straight, out, before);
  }

  /** A small file system, where this user may mount one. */
  @Test
  void aFullDiskLosesNothing() throws IOException, InterruptedException {
    Path straight = straight();
    Path disk = Files.createDirectory(folder.resolve("disk"));
    assumeTrue(
        run(List.of("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk.toString())) == 0,
        "no tmpfs can be mounted here");
    try {
      Path out = disk.resolve("out");
      begin(out);
      List<String> before = checkpoints(out);
      long room = Files.getFileStore(disk).getUsableSpace() - 100_000;
      Files.write(disk.resolve("ballast"), new byte[(int) room]);
      String errors = child(List.of(), out);
      assertThat(errors)
          .contains("No space left on device", "what was saved before is still there");
      Files.delete(disk.resolve("ballast"));
      check(straight, out, before);
    } finally {
      // Lazily: weights that were read stay mapped until a garbage collection.
      run(List.of("umount", "-l", disk.toString()));
    }
  }

  private Path straight() {
    Path straight = folder.resolve("straight");
    try (TrainingRun run = start(straight)) {
      run.train();
    }
    return straight;
  }

  private void begin(Path out) {
    try (TrainingRun run = start(out)) {
      run.addListener(
          new TrainingListener() {
            @Override
            public void stepped(Progress progress) {
              if (progress.step() == 5) {
                run.requestStop();
              }
            }
          });
      run.train();
    }
  }

  private TrainingRun start(Path out) {
    return TrainingRun.start(
        PAPERS, Recipes.resolve(PAPERS, "bigram-tiny", settings), out, Map.of());
  }

  /** The checkpoints are as they were, and the run goes on from them to the same end. */
  private static void check(Path straight, Path out, List<String> before) throws IOException {
    assertThat(checkpoints(out)).containsAll(before);
    try (TrainingRun run = TrainingRun.resume(PAPERS, out, List.of())) {
      run.train();
    }
    assertThat(Files.readString(out.resolve("metrics.jsonl")))
        .isEqualTo(Files.readString(straight.resolve("metrics.jsonl")));
    String last = "checkpoints/step-00000012/model.safetensors";
    assertThat(out.resolve(last)).hasSameBinaryContentAs(straight.resolve(last));
  }

  /** Goes on in a process, which must fail; gives what it printed as errors. */
  private String child(List<String> prefix, Path out) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(prefix);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"));
    command.add("-Dai.djl.pytorch.num_threads=" + System.getProperty("ai.djl.pytorch.num_threads"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), ChildRun.class.getName()));
    command.addAll(List.of(out.toString(), "tiny", "bigram-tiny"));
    Path errors = folder.resolve("errors.txt");
    Process process =
        new ProcessBuilder(command)
            .redirectError(errors.toFile())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    assertThat(process.waitFor()).isNotZero();
    return Files.readString(errors, StandardCharsets.UTF_8);
  }

  private static int run(List<String> command) throws IOException, InterruptedException {
    try {
      return new ProcessBuilder(command)
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start()
          .waitFor();
    } catch (IOException e) {
      // There is no such program here.
      return -1;
    }
  }

  private static List<String> checkpoints(Path out) throws IOException {
    try (Stream<Path> files = Files.list(out.resolve("checkpoints"))) {
      return files
          .map(p -> p.getFileName().toString())
          .filter(name -> !name.startsWith("."))
          .sorted()
          .toList();
    }
  }
}
