package org.attentionzoo.training.run;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.Measured;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.Taps;
import org.attentionzoo.blocks.ZooBlock;

/** What the {@link Measured} blocks of a model have to tell of one evaluation. For one thread. */
final class Measurements {

  private final List<Series> all = new ArrayList<>();
  private final Taps taps;

  Measurements(ZooBlock model) {
    taps = Taps.on(model);
    StateDict.blocks(model)
        .forEach(
            (path, block) -> {
              if (block instanceof Measured measured) {
                measured.measurements().forEach(m -> listen(path.isEmpty() ? "" : path + ".", m));
              }
            });
  }

  private void listen(String prefix, Measured.Measurement measurement) {
    Series series = new Series(prefix, measurement);
    all.add(series);
    taps.read(prefix + measurement.point(), series::read);
  }

  Taps taps() {
    return taps;
  }

  /** Ends a batch, whose share of the averages is the weight. */
  void count(double weight) {
    all.forEach(s -> s.count(weight));
  }

  /** Figures by block and name. */
  Map<String, Double> figures() {
    Map<String, Double> figures = new LinkedHashMap<>();
    all.forEach(s -> s.report(figures));
    return figures;
  }

  /** The vectors of one measurement. */
  private static final class Series {
    private final String prefix;
    private final Measured.Measurement measurement;
    private double[] latest;
    private double[] sum;
    private double total;

    Series(String prefix, Measured.Measurement measurement) {
      this.prefix = prefix;
      this.measurement = measurement;
    }

    void read(NDArray activation) {
      try (NDArray vector = measurement.reduce().apply(activation).toType(DataType.FLOAT64, true)) {
        latest = vector.toDoubleArray();
      }
    }

    void count(double weight) {
      if (latest == null || weight == 0) {
        return;
      }
      sum = sum == null ? new double[latest.length] : sum;
      for (int i = 0; i < latest.length; i++) {
        sum[i] += weight * latest[i];
      }
      total += weight;
      latest = null;
    }

    void report(Map<String, Double> figures) {
      if (total == 0) {
        return;
      }
      double[] mean = sum.clone();
      for (int i = 0; i < mean.length; i++) {
        mean[i] /= total;
      }
      measurement.report().apply(mean).forEach((name, value) -> figures.put(prefix + name, value));
    }
  }
}
