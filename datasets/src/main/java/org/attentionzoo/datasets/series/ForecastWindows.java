package org.attentionzoo.datasets.series;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.BatchSource;
import org.attentionzoo.datasets.ExampleOrder;
import org.attentionzoo.datasets.Tensors;
import org.attentionzoo.datasets.tabular.Moments;
import org.attentionzoo.datasets.tabular.TextTable;

/**
 * Windows of series that are measured together: inputs (B, window, channels) float32, labels (B,
 * horizon, channels) float32, the values that follow; ids are the windows' first rows. All values
 * are standardised: less the mean of the training rows, divided by their standard deviation.
 *
 * <p>The parts follow each other in time, as in Informer's benchmark (Zhou et al. 2021): every
 * window whose forecast lies wholly within a part belongs to it, and what it sees may begin before.
 * Each epoch takes every training window once, in an order of its own; an evaluation takes all
 * windows of its part, one row apart.
 *
 * <p>Thread safety: may be read by several threads.
 */
public final class ForecastWindows implements BatchSource {

  private static final int MONTH = 30 * 24;
  private static final int LONGEST = 1 << 20;

  private final List<String> channels;
  private final List<Moments> moments;
  private final float[] values;
  private final Parts parts;
  private final Options options;
  private final ExampleOrder order = new ExampleOrder();

  /**
   * Where the parts end.
   *
   * @param training the training part is the rows before
   * @param validation the validation part is the rows from there to before
   * @param test the test part is the rows from there to before
   */
  public record Parts(int training, int validation, int test) {

    /** Checks the order. */
    public Parts {
      if (training < 2 || validation <= training || test <= validation) {
        throw new UserException(
            "the parts end at rows "
                + training
                + ", "
                + validation
                + " and "
                + test
                + "; each must be longer than the one before: give a longer file");
      }
    }

    /**
     * 12, 4 and 4 months of 30 days, as ETT is used.
     *
     * @param perHour how many rows an hour has
     * @return the parts
     */
    public static Parts months(int perHour) {
      return new Parts(12 * MONTH * perHour, 16 * MONTH * perHour, 20 * MONTH * perHour);
    }

    /**
     * Seven tenths, a tenth and two tenths, as other series of the benchmark are used.
     *
     * @param rows how many rows there are
     * @return the parts
     */
    public static Parts shares(int rows) {
      int training = (int) (rows * 7L / 10);
      return new Parts(training, rows - (int) (rows * 2L / 10), rows);
    }
  }

  /**
   * What is cut.
   *
   * @param window how many rows a model sees
   * @param horizon how many rows it forecasts
   * @param batch windows in a training batch
   * @param evaluationBatch windows in a batch of an evaluation
   * @param test whether the test part is evaluated on instead of the validation part
   */
  public record Options(int window, int horizon, int batch, int evaluationBatch, boolean test) {

    /** Checks the sizes. */
    public Options {
      if (window < 1
          || horizon < 1
          || batch < 1
          || evaluationBatch < 1
          || (long) Math.max(batch, evaluationBatch) * (window + (long) horizon) > 1 << 26
          || window > LONGEST
          || horizon > LONGEST) {
        throw new UserException(
            "window="
                + window
                + ", horizon="
                + horizon
                + ", batch="
                + batch
                + ", evaluationBatch="
                + evaluationBatch
                + "; expected at least 1 of each, and batches that fit the memory");
      }
    }
  }

  /**
   * Cuts windows.
   *
   * @param table the series as columns, in order of time; a first column that is named {@code date}
   *     is passed over
   * @param wanted the columns to take; all if empty
   * @param parts where the parts end
   * @param options what is cut
   * @throws UserException if there are too few rows, or a cell is no number
   */
  public ForecastWindows(TextTable table, List<String> wanted, Parts parts, Options options) {
    if (parts.test() > table.rows().size()) {
      throw new UserException(
          table.source()
              + " has "
              + table.rows().size()
              + " rows; this split needs "
              + parts.test()
              + ": choose another, task.split=shares");
    }
    this.parts = parts;
    this.options = options;
    List<String> names = new ArrayList<>(wanted);
    if (names.isEmpty()) {
      names.addAll(table.columns());
      if (names.get(0).equals("date")) {
        names.remove(0);
      }
    }
    channels = List.copyOf(names);
    if (channels.isEmpty()) {
      throw new UserException(table.source() + " has no column beside date");
    }
    channels.forEach(table::column); // says which columns there are
    if (trainingWindows() < 1 || evaluationWindows() < 1) {
      throw new UserException(
          "window="
              + options.window()
              + " and horizon="
              + options.horizon()
              + " do not fit the parts of "
              + table.source()
              + ", which end at rows "
              + parts.training()
              + ", "
              + parts.validation()
              + " and "
              + parts.test());
    }
    int[] rows = IntStream.range(0, parts.test()).toArray();
    List<float[]> series =
        channels.stream().map(c -> table.numbers(table.column(c), rows)).toList();
    moments = series.stream().map(s -> Moments.of(Arrays.copyOf(s, parts.training()))).toList();
    values = standardised(series);
  }

  private float[] standardised(List<float[]> series) {
    int width = series.size();
    float[] all = new float[parts.test() * width];
    for (int c = 0; c < width; c++) {
      for (int row = 0; row < parts.test(); row++) {
        all[row * width + c] = moments.get(c).standardise(series.get(c)[row]);
      }
    }
    return all;
  }

  /**
   * By what each series was standardised, taken from the training part.
   *
   * @return in the order of the channels
   */
  public List<Moments> moments() {
    return moments;
  }

  /**
   * The names of the series.
   *
   * @return in the order of the arrays
   */
  public List<String> channels() {
    return channels;
  }

  /**
   * Where the parts end.
   *
   * @return the parts
   */
  public Parts parts() {
    return parts;
  }

  /**
   * What is cut.
   *
   * @return as given
   */
  public Options options() {
    return options;
  }

  /**
   * A standardised value.
   *
   * @param row from 0
   * @param channel from 0
   * @return the value
   */
  public float value(int row, int channel) {
    return values[row * channels.size() + channel];
  }

  /**
   * How many windows there are for training.
   *
   * @return a number
   */
  public int trainingWindows() {
    return parts.training() - options.window() - options.horizon() + 1;
  }

  /**
   * How many windows are evaluated.
   *
   * @return a number
   */
  public int evaluationWindows() {
    int length = options.test() ? parts.test() - parts.validation() : validationLength();
    return firstEvaluated() < 0 ? 0 : length - options.horizon() + 1;
  }

  private int validationLength() {
    return parts.validation() - parts.training();
  }

  /**
   * The first row that the first evaluated window sees.
   *
   * @return from 0
   */
  public int firstEvaluated() {
    return (options.test() ? parts.validation() : parts.training()) - options.window();
  }

  @Override
  public Batch training(NDManager manager, long seed, long step) {
    int[] starts = order.places(seed, step, options.batch(), trainingWindows());
    return batch(manager, starts);
  }

  @Override
  public int validationBatches() {
    return (evaluationWindows() - 1) / options.evaluationBatch() + 1;
  }

  @Override
  public Batch validation(NDManager manager, int index) {
    if (index < 0 || index >= validationBatches()) {
      throw new IndexOutOfBoundsException(
          "validation batch " + index + " of " + validationBatches());
    }
    int first = index * options.evaluationBatch();
    int[] starts = new int[Math.min(options.evaluationBatch(), evaluationWindows() - first)];
    for (int i = 0; i < starts.length; i++) {
      starts[i] = firstEvaluated() + first + i;
    }
    return batch(manager, starts);
  }

  private Batch batch(NDManager manager, int[] starts) {
    int width = channels.size();
    int seen = options.window() * width;
    int asked = options.horizon() * width;
    float[] inputs = new float[starts.length * seen];
    float[] labels = new float[starts.length * asked];
    long[] ids = new long[starts.length];
    for (int i = 0; i < starts.length; i++) {
      System.arraycopy(values, starts[i] * width, inputs, i * seen, seen);
      System.arraycopy(values, starts[i] * width + seen, labels, i * asked, asked);
      ids[i] = starts[i];
    }
    return new Batch(
        new NDList(
            Tensors.float32(manager, new Shape(starts.length, options.window(), width), inputs)),
        new NDList(
            Tensors.float32(manager, new Shape(starts.length, options.horizon(), width), labels)),
        ids);
  }
}
