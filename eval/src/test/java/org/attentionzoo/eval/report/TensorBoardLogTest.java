package org.attentionzoo.eval.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.training.run.Evaluation;
import org.attentionzoo.training.run.Progress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.framework.Summary;
import org.tensorflow.util.Event;
import org.tensorflow.util.SessionLog;

class TensorBoardLogTest {

  @Test
  void writesWholeRecordsThatTensorBoardAccepts(@TempDir Path folder) throws IOException {
    try (TensorBoardLog log = new TensorBoardLog(folder, 2)) {
      log.started(0, 5);
      for (int step = 1; step <= 5; step++) {
        log.stepped(progress(step, 10.0 / step));
      }
      log.evaluated(5, new Evaluation.Result(Map.of("loss", 1.5), 3, 1), true);
    }
    List<Event> events = read(onlyFile(folder));
    assertThat(events.get(0).getFileVersion()).isEqualTo("brain.Event:2");
    assertThat(events.get(1).getSessionLog().getStatus()).isEqualTo(SessionLog.SessionStatus.START);
    assertThat(events.stream().skip(2).map(Event::getStep)).containsExactly(1L, 2L, 4L, 5L, 5L);
    assertThat(values(events.get(3))).containsEntry("train/loss", 5f);
    assertThat(values(events.get(3))).containsEntry("train/learning_rate", 0.25f);
    assertThat(values(events.get(6))).containsExactly(Map.entry("validation/loss", 1.5f));
    assertThat(events).allSatisfy(event -> assertThat(event.getWallTime()).isGreaterThan(1e9));
  }

  @Test
  void goesOnInAnotherFileThatTellsFromWhichStep(@TempDir Path folder) throws IOException {
    for (long step : new long[] {0, 3}) {
      try (TensorBoardLog log = new TensorBoardLog(folder, 1)) {
        log.started(step, 5);
      }
    }
    List<Long> starts = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        starts.add(read(file).get(1).getStep());
      }
    }
    assertThat(starts).containsExactlyInAnyOrder(1L, 4L);
  }

  @Test
  void saysWhereItCannotWrite(@TempDir Path folder) throws IOException {
    Path file = Files.createFile(folder.resolve("file"));
    try (TensorBoardLog log = new TensorBoardLog(file, 1)) {
      assertThatThrownBy(() -> log.started(0, 1))
          .isInstanceOf(UserException.class)
          .hasMessageContaining(file.toString());
    }
  }

  private static Progress progress(long step, double loss) {
    return new Progress(step, 5, loss, 0.25, 1, Map.of("loss", loss), 7, Duration.ZERO);
  }

  private static Path onlyFile(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> all = files.toList();
      assertThat(all).hasSize(1);
      assertThat(all.get(0).getFileName().toString()).startsWith("events.out.tfevents.");
      return all.get(0);
    }
  }

  private static Map<String, Float> values(Event event) {
    return event.getSummary().getValueList().stream()
        .collect(
            java.util.stream.Collectors.toMap(
                Summary.Value::getTag, Summary.Value::getSimpleValue));
  }

  private static List<Event> read(Path file) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    List<Event> events = new ArrayList<>();
    while (bytes.hasRemaining()) {
      byte[] length = new byte[8];
      bytes.get(length);
      assertThat(bytes.getInt()).isEqualTo(masked(length));
      byte[] record =
          new byte[(int) ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getLong()];
      bytes.get(record);
      assertThat(bytes.getInt()).isEqualTo(masked(record));
      events.add(Event.parseFrom(record));
    }
    return events;
  }

  /** The format's own words: rotate right by 15 bits and add a constant. */
  private static int masked(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    long value = crc.getValue();
    return (int) (((value >>> 15 | value << 17) + 0xa282ead8L) & 0xffffffffL);
  }
}
