package org.attentionzoo.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import org.attentionzoo.datasets.series.ForecastWindows;
import org.attentionzoo.datasets.tabular.TextTable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ForecastBaselinesTest {

  @TempDir Path folder;

  private ForecastWindows windows(IntToDoubleFunction series, int window) throws IOException {
    StringBuilder text = new StringBuilder("a\n");
    for (int i = 0; i < 400; i++) {
      text.append(series.applyAsDouble(i)).append('\n');
    }
    return new ForecastWindows(
        TextTable.csv(Files.writeString(folder.resolve("s.csv"), text.toString())),
        List.of(),
        new ForecastWindows.Parts(280, 320, 400),
        new ForecastWindows.Options(window, 2, 4, 16, true));
  }

  @Test
  void aLineIsForecastByRidgeAndNotByTheLastValue() throws IOException {
    ForecastWindows windows = windows(i -> i, 3);
    List<ForecastBaselines.Baseline> found = ForecastBaselines.of(windows);
    double step = windows.value(1, 0) - windows.value(0, 0);
    assertThat(found.get(0).name()).isEqualTo("last value");
    assertThat(found.get(0).meanSquaredError()).isCloseTo(2.5 * step * step, within(1e-8));
    assertThat(found.get(0).meanAbsoluteError()).isCloseTo(1.5 * step, within(1e-7));
    assertThat(found.get(1).name()).startsWith("ridge");
    assertThat(found.get(1).meanSquaredError()).isLessThan(1e-8);
  }

  @Test
  void aDailyPatternIsForecastByTheLastDay() throws IOException {
    List<ForecastBaselines.Baseline> found =
        ForecastBaselines.of(windows(i -> i % 24 == 5 ? 1 : 0, 30));
    assertThat(found.get(1).name()).isEqualTo("last day");
    assertThat(found.get(1).meanSquaredError()).isLessThan(1e-12);
    assertThat(found.get(0).meanSquaredError()).isGreaterThan(0.01);
  }
}
