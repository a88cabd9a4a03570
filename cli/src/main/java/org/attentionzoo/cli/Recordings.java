package org.attentionzoo.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.audio.Sounds;
import org.attentionzoo.datasets.audio.Wave;
import org.attentionzoo.eval.predict.PixelImage;
import org.attentionzoo.training.run.TrainedModel;

/** Recordings as the run that a model is of made images of them. */
final class Recordings {

  private static final long LARGEST = 1L << 28;

  private Recordings() {}

  /** Whether a model hears; a photograph would pass for a spectrogram. */
  static boolean areInputsOf(TrainedModel model) {
    return model.config().data().startsWith("speech:");
  }

  /**
   * Reads one.
   *
   * @param model of a run on speech:
   * @param file a WAV file
   * @return its spectrogram
   * @throws UserException if it is none, or too large
   */
  static PixelImage spectrogram(TrainedModel model, Path file) throws IOException {
    if (!file.toString().toLowerCase(Locale.ROOT).endsWith(".wav") || !Files.isRegularFile(file)) {
      throw new UserException(file + " is no recording; the model was trained on WAV files");
    }
    if (Files.size(file) > LARGEST) {
      throw new UserException(
          file + " has " + Files.size(file) + " bytes; at most " + LARGEST + " are read");
    }
    Map<String, Object> options = model.config().task();
    int size = ((Number) options.get("size")).intValue();
    double seconds = ((Number) options.get("seconds")).doubleValue();
    Wave wave = Wave.parse(Files.readAllBytes(file), file.toString());
    return new PixelImage(1, size, Sounds.spectrogram(wave, size, seconds));
  }
}
