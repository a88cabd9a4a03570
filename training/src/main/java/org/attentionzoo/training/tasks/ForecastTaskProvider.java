package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.catalog.DatasetCatalog;
import org.attentionzoo.datasets.series.ForecastWindows;
import org.attentionzoo.datasets.tabular.Moments;
import org.attentionzoo.datasets.tabular.TextTable;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/** Forecasting of series that are measured together; see {@link ForecastWindows}. */
@AutoService(TaskProvider.class)
public final class ForecastTaskProvider implements TaskProvider {

  private static final int QUARTERS = 4;

  /** How rows are divided into training, validation and test. */
  public enum Split {
    /** Months for files that are called ETT..., else shares. */
    AUTO,
    /** 12, 4 and 4 months of 30 days of hourly rows. */
    MONTHS,
    /** Seven tenths, a tenth, two tenths. */
    SHARES
  }

  /**
   * The options.
   *
   * @param window how many rows a model sees
   * @param horizon how many rows it forecasts
   * @param batch windows in a training batch
   * @param evaluationBatch windows in a batch of an evaluation
   * @param part what is evaluated on
   * @param split how rows are divided
   * @param columns the columns to take, with commas between; empty for all but date
   */
  public record Options(
      int window,
      int horizon,
      int batch,
      int evaluationBatch,
      Part part,
      Split split,
      String columns) {}

  @Override
  public String scheme() {
    return "forecast";
  }

  @Override
  public String usage() {
    return "forecast:<CSV file or data set>  rows in order of time, a column for each series;"
        + " forecast:ETTh1 in its published split; task.window, task.horizon";
  }

  @Override
  public Record defaults() {
    return new Options(336, 96, 32, 64, Part.VALIDATION, Split.AUTO, "");
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    Options chosen = (Options) options;
    if (location.isBlank()) {
      throw new UserException("no file was named; write forecast:ETTh1 or forecast:<CSV file>");
    }
    Path file = Path.of(DatasetCatalog.ofProcess().pathOf(location));
    TextTable table = TextTable.csv(file);
    ForecastWindows source =
        new ForecastWindows(
            table,
            names(chosen.columns()),
            parts(chosen.split(), file, table.rows().size()),
            new ForecastWindows.Options(
                chosen.window(),
                chosen.horizon(),
                chosen.batch(),
                chosen.evaluationBatch(),
                chosen.part() == Part.TEST));
    Map<String, Object> description = new LinkedHashMap<>();
    description.put("source", location);
    description.put("sha256", table.sha256());
    description.put("series", source.channels());
    description.put("series_means", source.moments().stream().map(Moments::mean).toList());
    description.put(
        "series_deviations", source.moments().stream().map(Moments::deviation).toList());
    description.put("training_rows", source.parts().training());
    description.put("training_windows", source.trainingWindows());
    description.put("evaluated_on", chosen.part().name().toLowerCase(Locale.ROOT));
    description.put("evaluated_windows", source.evaluationWindows());
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("window", chosen.window());
    settings.put("horizon", chosen.horizon());
    settings.put("channels", source.channels().size());
    return new Task(
        scheme(),
        ModelKind.FORECASTER,
        source,
        new RegressionObjective(),
        settings,
        chosen.batch(),
        "windows",
        description);
  }

  private static List<String> names(String columns) {
    return columns.isBlank()
        ? List.of()
        : Arrays.stream(columns.split(",")).map(String::strip).toList();
  }

  private static ForecastWindows.Parts parts(Split split, Path file, int rows) {
    String name = String.valueOf(file.getFileName()).toUpperCase(Locale.ROOT);
    if (split == Split.MONTHS || split == Split.AUTO && name.startsWith("ETTH")) {
      return ForecastWindows.Parts.months(1);
    }
    if (split == Split.AUTO && name.startsWith("ETTM")) {
      return ForecastWindows.Parts.months(QUARTERS);
    }
    return ForecastWindows.Parts.shares(rows);
  }
}
