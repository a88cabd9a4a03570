package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.ArrayBatches;
import org.attentionzoo.datasets.catalog.DatasetCatalog;
import org.attentionzoo.datasets.text.LongRangeArena;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/** Long Range Arena as it was published; see {@link LongRangeArena}. */
@AutoService(TaskProvider.class)
public final class LongRangeArenaTaskProvider implements TaskProvider {

  private static final List<String> LIST_OPS_FOLDERS =
      List.of("", "listops-1000", "lra_release/listops-1000");
  private static final List<String> PAIR_FOLDERS = List.of("", "tsv_data", "lra_release/tsv_data");

  /**
   * The options.
   *
   * @param batch sequences in a batch
   * @param length the most tokens of a sequence
   * @param part what is evaluated on
   */
  public record Options(int batch, int length, Part part) {}

  @Override
  public String scheme() {
    return "lra";
  }

  @Override
  public String usage() {
    return "lra:listops[:<folder>] or lra:aan[:<folder>]  Long Range Arena's published TSV files;"
        + " without a folder, the data set lra";
  }

  @Override
  public Record defaults() {
    return new Options(32, 2000, Part.VALIDATION);
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    Options chosen = (Options) options;
    int colon = location.indexOf(':');
    String name = colon < 0 ? location : location.substring(0, colon);
    boolean lists = name.equals("listops");
    if (!lists && !name.equals("aan")) {
      throw new UserException(
          "'" + name + "' is not published as TSV; write lra:listops or lra:aan");
    }
    DatasetCatalog catalog = DatasetCatalog.ofProcess();
    Path root =
        colon < 0
            ? catalog.require(catalog.find("lra")).folder()
            : Path.of(location.substring(colon + 1));
    Path folder =
        (lists ? LIST_OPS_FOLDERS : PAIR_FOLDERS)
            .stream()
                .map(root::resolve)
                .filter(
                    f ->
                        Files.isRegularFile(
                            f.resolve(lists ? "basic_train.tsv" : "new_aan_pairs.train.tsv")))
                .findFirst()
                .orElse(root);
    boolean test = chosen.part() == Part.TEST;
    LongRangeArena data =
        lists
            ? LongRangeArena.listOps(folder, chosen.length(), test)
            : LongRangeArena.documentPairs(folder, chosen.length(), test);
    ArrayBatches source =
        new ArrayBatches(part(data.training()), part(data.evaluated()), null, chosen.batch());
    Map<String, Object> description = new LinkedHashMap<>();
    description.put("source", location);
    description.put("sha256", data.sha256());
    description.put("training_sequences", data.training().size());
    description.put("evaluated_on", chosen.part().name().toLowerCase(Locale.ROOT));
    description.put("evaluated_sequences", data.evaluated().size());
    return SequenceClassification.task(
        scheme(), source, data.vocabulary(), data.classes(), chosen.batch(), description);
  }

  private static ArrayBatches.Part part(List<LongRangeArena.Example> examples) {
    return new ArrayBatches.Part(
        null, LongRangeArena.sequences(examples), LongRangeArena.labels(examples), null);
  }
}
