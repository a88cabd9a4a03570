package org.attentionzoo.eval.profile;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import org.attentionzoo.blocks.AtomicFile;
import org.attentionzoo.blocks.UserException;

/**
 * The last few of several recordings in one file, in the Chrome format.
 *
 * <p>What libtorch's profiler writes down stands between the tensors in memory until a recording
 * ends, so that their room is not used again and fresh memory is touched instead. On some machines
 * that takes longer than the operators do. Recordings that are short, the first of them not among
 * the last few, find the memory touched.
 */
final class JoinedTrace {

  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final double NANOSECONDS_A_MICROSECOND = 1e3;

  private final Path file;
  private final Path part;
  private final int limit;
  private final Deque<Recording> recordings = new ArrayDeque<>();
  private Profiler profiler;
  private long begun;

  /** What the profiler wrote, and when it was started, in nanoseconds since some moment. */
  private record Recording(JsonNode events, long begun) {}

  /**
   * Nothing is written yet.
   *
   * @param file what {@link #write} writes; its folder exists
   * @param limit how many recordings it holds at most
   */
  JoinedTrace(Path file, int limit) {
    this.file = file;
    this.part = file.resolveSibling(file.getFileName() + ".part");
    this.limit = limit;
  }

  /** How many recordings there are. */
  int size() {
    return recordings.size();
  }

  boolean isRecording() {
    return profiler != null;
  }

  /**
   * Begins a recording.
   *
   * @throws UserException if nothing can be written beside the file
   */
  void begin() {
    profiler = Profiler.start(part);
    begun = System.nanoTime();
  }

  /**
   * Ends the recording and keeps it, instead of the oldest if there are enough.
   *
   * @throws UserException if it cannot be read
   */
  void keep() {
    profiler.close();
    profiler = null;
    try {
      if (recordings.size() == limit) {
        recordings.removeFirst();
      }
      recordings.add(new Recording(MAPPER.readTree(part.toFile()), begun));
      Files.delete(part);
    } catch (IOException e) {
      throw new UserException("cannot read the trace " + part + ": " + e.getMessage(), e);
    }
  }

  /** Ends a recording, if one goes on, and forgets it. */
  void discard() {
    if (profiler != null) {
      profiler.close();
      profiler = null;
      try {
        Files.deleteIfExists(part);
      } catch (IOException e) {
        throw new UserException("cannot delete " + part + ": " + e.getMessage(), e);
      }
    }
  }

  /**
   * Writes what was kept, each recording at its time.
   *
   * @throws UserException if the file cannot be written
   */
  void write() {
    ArrayNode all = MAPPER.createArrayNode();
    for (Recording recording : recordings) {
      double since =
          (recording.begun() - recordings.getFirst().begun()) / NANOSECONDS_A_MICROSECOND;
      for (JsonNode event : recording.events()) {
        ObjectNode shifted = event.deepCopy();
        shifted.put("ts", event.path("ts").asDouble() + since);
        all.add(shifted);
      }
    }
    try {
      AtomicFile.write(file, MAPPER.writeValueAsString(all));
    } catch (IOException e) {
      throw new UserException("cannot write the trace " + file + ": " + e.getMessage(), e);
    }
  }
}
