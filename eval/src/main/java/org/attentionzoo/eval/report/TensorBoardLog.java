package org.attentionzoo.eval.report;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.training.run.Evaluation;
import org.attentionzoo.training.run.Progress;
import org.attentionzoo.training.run.TrainingListener;
import org.tensorflow.framework.Summary;
import org.tensorflow.util.Event;
import org.tensorflow.util.SessionLog;

/**
 * Writes a run's figures as TensorBoard reads them: events in TFRecord framing, tags {@code
 * train/<metric>} and {@code validation/<metric>}. Each start of a run makes a new file;
 * TensorBoard drops what earlier files have from its first step on.
 *
 * <p>For the thread that trains.
 */
public final class TensorBoardLog implements TrainingListener, Closeable {

  private static final String VERSION = "brain.Event:2";
  private static final int MASK = 0xa282ead8;

  private final Path folder;
  private final int every;
  private FileChannel channel;
  private long steps;

  /**
   * Prepares the log.
   *
   * @param folder where the file is made, once the run starts
   * @param every steps between two training events
   */
  public TensorBoardLog(Path folder, int every) {
    this.folder = folder;
    this.every = every;
  }

  /** {@inheritDoc} */
  @Override
  public void started(long step, long allSteps) {
    steps = allSteps;
    long now = System.currentTimeMillis();
    String name = "events.out.tfevents." + now / 1000 + ".zoo." + UUID.randomUUID();
    try {
      Files.createDirectories(folder);
      channel =
          FileChannel.open(
              folder.resolve(name), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      write(Event.newBuilder().setFileVersion(VERSION));
      write(
          Event.newBuilder()
              .setStep(step + 1)
              .setSessionLog(SessionLog.newBuilder().setStatus(SessionLog.SessionStatus.START)));
    } catch (IOException e) {
      throw cannotWrite(e);
    }
  }

  /** {@inheritDoc} */
  @Override
  public void stepped(Progress progress) {
    long step = progress.step();
    if (step != 1 && step % every != 0 && step != steps) {
      return;
    }
    Summary.Builder summary = Summary.newBuilder();
    progress.metrics().forEach((name, value) -> add(summary, "train/" + name, value));
    add(summary, "train/learning_rate", progress.learningRate());
    add(summary, "train/gradient_norm", progress.gradientNorm());
    add(summary, "train/items_per_second", progress.itemsPerSecond());
    write(step, summary);
  }

  /** {@inheritDoc} */
  @Override
  public void evaluated(long step, Evaluation.Result result, boolean best) {
    Summary.Builder summary = Summary.newBuilder();
    for (Map.Entry<String, Double> metric : result.metrics().entrySet()) {
      add(summary, "validation/" + metric.getKey(), metric.getValue());
    }
    write(step, summary);
  }

  private static void add(Summary.Builder summary, String tag, double value) {
    summary.addValue(Summary.Value.newBuilder().setTag(tag).setSimpleValue((float) value));
  }

  private void write(long step, Summary.Builder summary) {
    try {
      write(Event.newBuilder().setStep(step).setSummary(summary));
    } catch (IOException e) {
      throw cannotWrite(e);
    }
  }

  private UserException cannotWrite(IOException e) {
    return new UserException("cannot write TensorBoard events to " + folder + ": " + e, e);
  }

  /** Length, its checksum, the event, its checksum. */
  private void write(Event.Builder event) throws IOException {
    byte[] bytes = event.setWallTime(System.currentTimeMillis() / 1000.0).build().toByteArray();
    ByteBuffer record =
        ByteBuffer.allocate(Long.BYTES + bytes.length + 2 * Integer.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN);
    record.putLong(bytes.length);
    record.putInt(masked(record.array(), 0, Long.BYTES));
    record.put(bytes);
    record.putInt(masked(bytes, 0, bytes.length)).flip();
    while (record.hasRemaining()) {
      channel.write(record);
    }
  }

  private static int masked(byte[] bytes, int from, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, length);
    return Integer.rotateRight((int) crc.getValue(), 15) + MASK;
  }

  /** Closes the file. */
  @Override
  public void close() {
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException e) {
        throw cannotWrite(e);
      }
    }
  }
}
