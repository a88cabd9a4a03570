package org.attentionzoo.training.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import org.attentionzoo.blocks.AtomicFile;

/**
 * A file of JSON objects, one a line, each with a {@code step}. For one thread.
 *
 * <p>Each line is in the file when {@link #write} returns, and survives the process being killed.
 */
final class MetricsLog implements AutoCloseable {

  /** The {@code split} of a training step's line. */
  static final String TRAIN = "train";

  /** The {@code split} of an evaluation's line. */
  static final String VALIDATION = "validation";

  private static final ObjectMapper JSON = new ObjectMapper();

  private final FileChannel channel;

  /**
   * Opens the log, creating it if need be, and drops what a resumed run will write again.
   *
   * @param file the file
   * @param step lines of later steps are dropped, and a last line that is not whole
   * @param evaluationDue whether lines of an evaluation after this very step are dropped, too
   */
  MetricsLog(Path file, long step, boolean evaluationDue) throws IOException {
    if (Files.exists(file)) {
      // A damaged character is no reason not to go on.
      String text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
      String kept = upTo(text, step, evaluationDue);
      if (!kept.equals(text)) {
        AtomicFile.write(file, kept);
      }
    }
    channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
  }

  private static String upTo(String text, long step, boolean evaluationDue) {
    StringBuilder kept = new StringBuilder();
    int start = 0;
    for (int end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      String line = text.substring(start, end);
      start = end + 1;
      if (isDone(line, step, evaluationDue)) {
        kept.append(line).append('\n');
      }
    }
    return kept.toString();
  }

  private static boolean isDone(String line, long step, boolean evaluationDue) {
    try {
      JsonNode values = JSON.readTree(line);
      long lineStep = values.path("step").asLong(Long.MAX_VALUE);
      return lineStep < step
          || lineStep == step
              && !(evaluationDue && VALIDATION.equals(values.path("split").asText()));
    } catch (JsonProcessingException e) {
      return false;
    }
  }

  /**
   * Appends a line.
   *
   * @param step how many steps are done
   * @param values what else the line holds, in order
   */
  void write(long step, Map<String, ?> values) throws IOException {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("step", step);
    line.putAll(values);
    AtomicFile.writeFully(
        channel, (JSON.writeValueAsString(line) + "\n").getBytes(StandardCharsets.UTF_8));
  }

  /** Forces what was written to disk. */
  void force() throws IOException {
    channel.force(false);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
