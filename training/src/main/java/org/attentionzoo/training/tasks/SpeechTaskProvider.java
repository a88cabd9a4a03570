package org.attentionzoo.training.tasks;

import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.ArrayBatches;
import org.attentionzoo.datasets.audio.Sounds;
import org.attentionzoo.datasets.audio.SpokenWords;
import org.attentionzoo.datasets.catalog.DatasetCatalog;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/** Which word is spoken; see {@link SpokenWords} and {@link Sounds}. */
@AutoService(TaskProvider.class)
public final class SpeechTaskProvider implements TaskProvider {

  private static final int TOKENS = 256;

  /** What a model is given. */
  public enum Input {
    /** A log spectrogram, for image classifiers. */
    SPECTROGRAM,
    /** The wave as 8-bit tokens, for sequence classifiers. */
    WAVE
  }

  /**
   * The options.
   *
   * @param batch recordings in a batch
   * @param input what a model is given
   * @param size how many bands and frames a spectrogram has
   * @param seconds how long a stretch a spectrogram shows
   * @param length the most tokens of a wave
   * @param step every how many-th sample of a wave is taken
   * @param part what is evaluated on
   */
  public record Options(
      int batch, Input input, int size, double seconds, int length, int step, Part part) {}

  @Override
  public String scheme() {
    return "speech";
  }

  @Override
  public String usage() {
    return "speech:<folder, zip or data set>  spoken words: speech:fsdd, speech:speech-commands;"
        + " task.input=spectrogram for image classifiers, wave for sequence classifiers";
  }

  @Override
  public Record defaults() {
    return new Options(32, Input.SPECTROGRAM, 32, 0.8, 4000, 2, Part.VALIDATION);
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    Options chosen = (Options) options;
    if (location.isBlank()) {
      throw new UserException("nothing was named; write speech:fsdd or speech:<folder or zip>");
    }
    if (chosen.length() < 1 || chosen.step() < 1 || !(chosen.seconds() > 0)) {
      throw new UserException("task.length, task.step and task.seconds must be positive");
    }
    Path path =
        DatasetCatalog.ofProcess()
            .resolve(location)
            .map(found -> found.main().toString().endsWith(".zip") ? found.main() : found.folder())
            .orElse(Path.of(location));
    SpokenWords words = SpokenWords.read(path, chosen.part() == Part.TEST);
    boolean image = chosen.input() == Input.SPECTROGRAM;
    ArrayBatches source =
        new ArrayBatches(
            part(words.training(), chosen),
            part(words.evaluated(), chosen),
            image ? new Shape(1, chosen.size(), chosen.size()) : null,
            chosen.batch());
    Map<String, Object> description = new LinkedHashMap<>();
    description.put("source", location);
    description.put("sha256", words.sha256());
    description.put("classes", words.words());
    description.put("training_recordings", words.training().size());
    description.put("evaluated_on", chosen.part().name().toLowerCase(Locale.ROOT));
    description.put("evaluated_recordings", words.evaluated().size());
    if (!image) {
      return SequenceClassification.task(
          scheme(), source, TOKENS, words.words().size(), chosen.batch(), description);
    }
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("channels", 1);
    settings.put("image", chosen.size());
    settings.put("classes", words.words().size());
    return new Task(
        scheme(),
        ModelKind.IMAGE_CLASSIFIER,
        source,
        new ClassificationObjective(0),
        settings,
        chosen.batch(),
        "recordings",
        description);
  }

  private static ArrayBatches.Part part(List<SpokenWords.Recording> recordings, Options chosen) {
    boolean image = chosen.input() == Input.SPECTROGRAM;
    List<float[]> values = new ArrayList<>();
    List<long[]> tokens = new ArrayList<>();
    for (SpokenWords.Recording recording : recordings) {
      if (image) {
        values.add(Sounds.spectrogram(recording.wave(), chosen.size(), chosen.seconds()));
      } else {
        tokens.add(Sounds.tokens(recording.wave(), chosen.length(), chosen.step()));
      }
    }
    long[] labels = recordings.stream().mapToLong(SpokenWords.Recording::label).toArray();
    return new ArrayBatches.Part(image ? values : null, image ? null : tokens, labels, null);
  }
}
