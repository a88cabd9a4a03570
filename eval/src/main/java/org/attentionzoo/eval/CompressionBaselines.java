package org.attentionzoo.eval;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.zip.GZIPOutputStream;
import org.attentionzoo.datasets.BatchSource;
import org.attentionzoo.datasets.text.TextCorpus;
import org.attentionzoo.datasets.text.TextSource;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.UnsupportedOptionsException;
import org.tukaani.xz.XZOutputStream;

/**
 * What the validation part of a text costs without any model: bits per byte by plain means, to put
 * a language model's figure beside.
 *
 * <p>A compressor is measured twice: on the validation part alone, and as the size of the whole
 * text compressed minus that of the training part compressed, which is what the validation part
 * costs one who has seen the training part. Sizes are those of complete files, headers included.
 */
public final class CompressionBaselines {

  /** Above this many bytes, compressing takes longer than a user would wait at a run's end. */
  private static final long LARGEST = 16L << 20;

  private CompressionBaselines() {}

  /**
   * One figure.
   *
   * @param name short, for a table
   * @param explanation how it was got
   * @param bitsPerByte per byte of the validation part; empty if it was not measured, for the
   *     reason that the explanation gives
   */
  public record Baseline(String name, String explanation, OptionalDouble bitsPerByte) {}

  private interface Compressor {
    OutputStream to(OutputStream out) throws IOException;
  }

  /**
   * Measures the baselines on what batches are cut from.
   *
   * @param source any batches
   * @return the figures; none if the batches are not of a text, or do not tell it
   */
  public static List<Baseline> of(BatchSource source) {
    Optional<TextCorpus> text = source instanceof TextSource cut ? cut.text() : Optional.empty();
    return text.map(corpus -> of(corpus.training(), corpus.validation())).orElse(List.of());
  }

  /**
   * Measures the baselines.
   *
   * @param training the training part
   * @param validation the validation part, at least one byte
   * @return order-0 entropy, order-0 code, gzip alone and given the training part, xz likewise
   */
  public static List<Baseline> of(byte[] training, byte[] validation) {
    if (validation.length == 0) {
      throw new IllegalArgumentException("the validation part is empty");
    }
    List<Baseline> found = new ArrayList<>();
    long[] counts = counts(validation);
    found.add(
        new Baseline(
            "order-0 entropy",
            "entropy of the validation bytes under their own frequencies: what an order-0 code"
                + " costs at least",
            OptionalDouble.of(crossEntropy(counts, counts, 0))));
    found.add(
        new Baseline(
            "order-0 code",
            "validation bytes coded with the training part's byte counts, each plus 1/2",
            OptionalDouble.of(crossEntropy(counts, counts(training), 0.5))));
    long total = (long) training.length + validation.length;
    String size = total > LARGEST ? tooLarge(total) : null;
    add(found, "gzip", "gzip level 9", size, training, validation, Gzip::new);
    LZMA2Options options = xzOptions((int) Math.min(total, LARGEST));
    String xzProblem = size == null ? tooLittleMemory(options) : size;
    add(
        found,
        "xz",
        "xz preset 9 extreme",
        xzProblem,
        training,
        validation,
        out -> new XZOutputStream(out, options));
    return List.copyOf(found);
  }

  private static void add(
      List<Baseline> found,
      String name,
      String explanation,
      String problem,
      byte[] training,
      byte[] validation,
      Compressor compressor) {
    OptionalDouble alone = OptionalDouble.empty();
    OptionalDouble given = OptionalDouble.empty();
    if (problem == null) {
      long without = compressed(compressor, training);
      long with = compressed(compressor, training, validation);
      alone = OptionalDouble.of(8.0 * compressed(compressor, validation) / validation.length);
      given = OptionalDouble.of(8.0 * (with - without) / validation.length);
    }
    String suffix = problem == null ? "" : "; not measured: " + problem;
    found.add(
        new Baseline(name + " alone", explanation + " of the validation part" + suffix, alone));
    found.add(
        new Baseline(
            name + " given training",
            explanation + ": whole text minus training part" + suffix,
            given));
  }

  private static String tooLarge(long total) {
    return String.format(Locale.ROOT, "%,d bytes are more than %,d", total, LARGEST);
  }

  private static String tooLittleMemory(LZMA2Options options) {
    Runtime runtime = Runtime.getRuntime();
    long free = runtime.maxMemory() - runtime.totalMemory() + runtime.freeMemory();
    long needed = options.getEncoderMemoryUsage() * 1024L;
    return needed < free / 2
        ? null
        : String.format(Locale.ROOT, "needs %,d MiB of heap", needed >> 20);
  }

  /**
   * What {@code xz -9e} uses, but for a dictionary no larger than the content: matches cannot reach
   * further, and memory grows with it.
   */
  private static LZMA2Options xzOptions(int size) {
    try {
      LZMA2Options options = new LZMA2Options(LZMA2Options.PRESET_MAX);
      options.setNiceLen(LZMA2Options.NICE_LEN_MAX);
      options.setDepthLimit(512);
      options.setDictSize(Math.max(LZMA2Options.DICT_SIZE_MIN, size));
      return options;
    } catch (UnsupportedOptionsException e) {
      throw new AssertionError(e);
    }
  }

  private static long compressed(Compressor compressor, byte[]... parts) {
    try (Counter counter = new Counter()) {
      try (OutputStream out = compressor.to(counter)) {
        for (byte[] part : parts) {
          out.write(part);
        }
      }
      return counter.count;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long[] counts(byte[] bytes) {
    long[] counts = new long[256];
    for (byte b : bytes) {
      counts[b & 0xFF]++;
    }
    return counts;
  }

  /** Bits per byte of data with these counts under a model with those counts. */
  private static double crossEntropy(long[] data, long[] model, double prior) {
    double modelTotal = 256 * prior;
    double dataTotal = 0;
    for (int i = 0; i < 256; i++) {
      modelTotal += model[i];
      dataTotal += data[i];
    }
    double bits = 0;
    for (int i = 0; i < 256; i++) {
      if (data[i] > 0) {
        bits -= data[i] * Math.log((model[i] + prior) / modelTotal) / Math.log(2);
      }
    }
    return bits / dataTotal;
  }

  private static final class Gzip extends GZIPOutputStream {
    private Gzip(OutputStream out) throws IOException {
      super(out);
      def.setLevel(9);
    }
  }

  private static final class Counter extends OutputStream {
    private long count;

    @Override
    public void write(int b) {
      count++;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
      count += length;
    }
  }
}
