package org.attentionzoo.eval.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.attentionzoo.eval.report.RunHistory.Point;
import org.attentionzoo.eval.report.RunHistory.Series;
import org.attentionzoo.training.run.RunConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlotsTest {

  private static final String METRIC = "perplexity";

  private static Series series(double... values) {
    return new Series(
        IntStream.range(0, values.length).mapToObj(i -> new Point(i + 1, values[i])).toList());
  }

  private static String title(double... values) {
    return Plots.title(METRIC, Plots.power(List.of(series(values))));
  }

  /** The perplexity of a run that goes astray grows as the exponential of its loss. */
  @ParameterizedTest
  @CsvSource({
    "3358, 6.35e24, 1e24",
    "1, 1e15, 1e15",
    "-1e24, 1e24, 1e24",
    "1e300, 1.7e308, 1e308",
    "1e15, 1000000000000000.25, 1e15",
    "1e24, 1e24, 1e24",
    "1e-12, 2e-12, 1e-12",
    "0, 4e-320, 1e-320"
  })
  @Timeout(120)
  void drawsValuesOfAnySizeInUnitsOfAPowerOfTen(double one, double other, String unit) {
    RunHistory run =
        new RunHistory(
            "run",
            Path.of("run"),
            RunConfig.of("decoder-tiny"),
            Map.of(),
            Map.of("validation/" + METRIC, series(one, other)),
            Optional.empty());
    assertThat(Plots.svg(METRIC, List.of(run))).isNotEmpty();
    assertThat(title(one, other)).isEqualTo("perplexity, in units of " + unit);
  }

  @Test
  void drawsUsualValuesAsTheyAre() {
    assertThat(title(0, 0)).isEqualTo(METRIC);
    assertThat(title(3.5, Double.NaN, 2, Double.POSITIVE_INFINITY)).isEqualTo(METRIC);
    assertThat(title(300_000, 1e-5)).isEqualTo(METRIC);
  }
}
