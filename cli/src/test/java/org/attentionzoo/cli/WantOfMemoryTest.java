package org.attentionzoo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** A process that may not have the memory that it needs says so and ends. */
@Timeout(300)
@EnabledOnOs(OS.LINUX)
class WantOfMemoryTest {

  private static final String LIMIT = "ulimit -S -d 3000000 && exec \"$@\"";

  @Test
  void isSaidInOneLineByEveryCommand() throws IOException, InterruptedException {
    Process process = zoo("bench", "train", "decoder-tiny", "--batch=1000000", "--steps=1");
    String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(err).isEqualTo(1);
    assertThat(err.lines().filter(line -> !line.isBlank()))
        .last()
        .asString()
        .contains("out of memory while computing", "may have 2.9 GB (ulimit -d)")
        .contains("a smaller batch, length or model takes less");
    assertThat(err).doesNotContain("\tat ");
  }

  @Test
  void isSeenComingByTheDoctor() throws IOException, InterruptedException {
    Process process = zoo("doctor");
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    assertThat(out).contains("the process may have 2.9 GB of data (ulimit -d)");
  }

  private static Process zoo(String... arguments) throws IOException {
    ProcessBuilder process = new ProcessBuilder("bash", "-c", LIMIT, "bash");
    process.command().add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    process.command().addAll(List.of("-Xmx256m", "-XX:TieredStopAtLevel=1"));
    process.command().add("-Dai.djl.pytorch.num_threads=1");
    process.command().addAll(List.of("-cp", System.getProperty("java.class.path")));
    process.command().add(Zoo.class.getName());
    process.command().addAll(List.of(arguments));
    return process.start();
  }
}
