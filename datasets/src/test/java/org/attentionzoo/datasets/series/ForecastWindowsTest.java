package org.attentionzoo.datasets.series;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.tabular.TextTable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ForecastWindowsTest {

  private static final ForecastWindows.Parts PARTS = new ForecastWindows.Parts(10, 14, 20);

  @TempDir Path folder;

  private TextTable table() throws IOException {
    StringBuilder text = new StringBuilder("date,a,b\n");
    for (int i = 0; i < 22; i++) {
      text.append("day ").append(i).append(',').append(i).append(',').append(5).append('\n');
    }
    return TextTable.csv(Files.writeString(folder.resolve("s.csv"), text.toString()));
  }

  private static ForecastWindows.Options options(boolean test) {
    return new ForecastWindows.Options(3, 2, 4, 2, test);
  }

  @Test
  void standardisesByTheTrainingRowsAlone() throws IOException {
    ForecastWindows windows = new ForecastWindows(table(), List.of(), PARTS, options(false));
    assertThat(windows.channels()).containsExactly("a", "b");
    double deviation = Math.sqrt(8.25); // of 0 to 9
    assertThat(windows.value(0, 0)).isCloseTo((float) (-4.5 / deviation), within(1e-6f));
    assertThat(windows.value(19, 0)).isCloseTo((float) (14.5 / deviation), within(1e-6f));
    assertThat(windows.value(7, 1)).isZero();
  }

  @Test
  void everyForecastOfAPartLiesInIt() throws IOException {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      ForecastWindows validation =
          new ForecastWindows(table(), List.of("a"), PARTS, options(false));
      assertThat(validation.trainingWindows()).isEqualTo(6);
      assertThat(validation.evaluationWindows()).isEqualTo(3);
      assertThat(validation.validationBatches()).isEqualTo(2);
      Batch first = validation.validation(manager, 0);
      assertThat(first.ids()).containsExactly(7, 8);
      assertThat(first.inputs().head().getShape()).isEqualTo(new Shape(2, 3, 1));
      assertThat(first.labels().head().toFloatArray())
          .containsExactly(
              validation.value(10, 0),
              validation.value(11, 0),
              validation.value(11, 0),
              validation.value(12, 0));
      assertThat(validation.validation(manager, 1).ids()).containsExactly(9);
      ForecastWindows test = new ForecastWindows(table(), List.of("a"), PARTS, options(true));
      assertThat(test.validation(manager, 0).ids()).containsExactly(11, 12);
      assertThat(test.evaluationWindows()).isEqualTo(5);
    }
  }

  @Test
  void anEpochTakesEachTrainingWindowOnce() throws IOException {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      ForecastWindows windows = new ForecastWindows(table(), List.of("a"), PARTS, options(false));
      Set<Long> seen = new HashSet<>();
      for (long step = 0; step < 3; step++) {
        Batch batch = windows.training(manager, 5, step);
        for (int i = 0; i < 4; i++) {
          if (step * 4 + i < 6) {
            seen.add(batch.ids()[i]);
          }
          assertThat(batch.labels().head().get(i, 0, 0).getFloat())
              .isEqualTo(windows.value((int) batch.ids()[i] + 3, 0));
        }
        assertThat(windows.training(manager, 5, step).ids()).isEqualTo(batch.ids());
      }
      assertThat(seen).hasSize(6).allMatch(id -> id >= 0 && id < 6);
    }
  }

  @Test
  void whatDoesNotFitIsRefused() throws IOException {
    TextTable table = table();
    assertThatThrownBy(
            () ->
                new ForecastWindows(
                    table, List.of(), ForecastWindows.Parts.months(1), options(false)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("task.split=shares");
    assertThatThrownBy(
            () ->
                new ForecastWindows(
                    table, List.of(), PARTS, new ForecastWindows.Options(9, 2, 4, 2, false)))
        .hasMessageContaining("do not fit");
    assertThatThrownBy(() -> new ForecastWindows(table, List.of("date"), PARTS, options(false)))
        .hasMessageContaining("expected a finite number");
    assertThatThrownBy(() -> new ForecastWindows.Options(0, 2, 4, 2, false))
        .isInstanceOf(UserException.class);
    assertThatThrownBy(() -> ForecastWindows.Parts.shares(2)).isInstanceOf(UserException.class);
    assertThat(ForecastWindows.Parts.shares(22)).isEqualTo(new ForecastWindows.Parts(15, 18, 22));
  }

  @Test
  void theBenchmarksPartsHaveTheirKnownSizes() {
    String data = System.getenv("ZOO_DATA");
    assumeTrue(data != null, "ZOO_DATA is not set: ETTh1 is not read");
    TextTable table = TextTable.csv(Path.of(data, "ett", "ETTh1.csv"));
    assertThat(table.rows()).hasSize(17_420);
    ForecastWindows windows =
        new ForecastWindows(
            table,
            List.of(),
            ForecastWindows.Parts.months(1),
            new ForecastWindows.Options(336, 96, 32, 64, true));
    assertThat(windows.trainingWindows()).isEqualTo(8209);
    assertThat(windows.evaluationWindows()).isEqualTo(2785);
    assertThat(windows.channels()).hasSize(7).endsWith("OT");
  }
}
