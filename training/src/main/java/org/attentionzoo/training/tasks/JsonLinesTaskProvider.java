package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.nio.file.Path;
import java.util.Map;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.catalog.DatasetCatalog;
import org.attentionzoo.datasets.tabular.TextTable;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/**
 * Classes or values of rows of a user's own table, a JSON object in each line; see {@link
 * TableOptions}.
 */
@AutoService(TaskProvider.class)
public final class JsonLinesTaskProvider implements TaskProvider {

  @Override
  public String scheme() {
    return "jsonl";
  }

  @Override
  public String usage() {
    return "jsonl:<file>  your own table, a JSON object in each line: task.target=<column>, and"
        + " task.text=<column> for texts, else columns of numbers";
  }

  @Override
  public Record defaults() {
    return TableOptions.standard();
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    if (location.isBlank()) {
      throw new UserException("no file was named; write jsonl:<file>");
    }
    TextTable table = TextTable.jsonLines(Path.of(DatasetCatalog.ofProcess().pathOf(location)));
    return TableTask.task(scheme(), location, table, (TableOptions) options);
  }
}
