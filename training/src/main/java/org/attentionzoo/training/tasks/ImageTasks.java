package org.attentionzoo.training.tasks;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.images.ImageBatches;
import org.attentionzoo.datasets.images.ImageSet;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;

/** Classes of images as a task, wherever the images come from. */
final class ImageTasks {

  private ImageTasks() {}

  /** How training images become batches. */
  record Augmentation(int batch, int padding, boolean mirror, double labelSmoothing) {}

  /** What is trained on, what is evaluated on, and which part that is. */
  record Parts(ImageSet training, ImageSet evaluated, Part part) {}

  /**
   * The last training images are the validation part.
   *
   * @param all the published training images
   * @param heldOut how many of them are not trained on
   * @param part what is evaluated on
   * @param test reads the published test images
   * @return the parts
   * @throws UserException if nothing is left to train on, or there is no validation part to
   *     evaluate
   */
  static Parts parts(ImageSet all, int heldOut, Part part, Supplier<ImageSet> test) {
    if (heldOut < 0 || heldOut >= all.size()) {
      throw new UserException(
          "task.heldOut="
              + heldOut
              + " was given, of "
              + all.size()
              + " training images; some must be left to train on");
    }
    int trained = all.size() - heldOut;
    ImageSet evaluated = part == Part.TEST ? test.get() : all.range(trained, all.size());
    if (evaluated.size() == 0) {
      throw new UserException(
          "task.heldOut=0 leaves no validation part; hold images out or set task.part=test");
    }
    return new Parts(all.range(0, trained), evaluated, part);
  }

  /**
   * A task.
   *
   * @param name the scheme of its data
   * @param source what to call the data
   * @param parts what is trained on and evaluated on; square images of one size
   * @param how batches and augmentation
   * @param statistics means and deviations of the channels, of values from 0 to 1
   * @return the task
   */
  static Task task(
      String name, String source, Parts parts, Augmentation how, List<List<Double>> statistics) {
    ImageSet training = parts.training();
    ImageSet evaluated = parts.evaluated();
    if (training.height() != training.width()) {
      throw new UserException(
          source
              + ": images are "
              + training.height()
              + " x "
              + training.width()
              + "; models take squares");
    }
    if (evaluated.height() != training.height() || evaluated.width() != training.width()) {
      throw new UserException(source + ": the parts have images of different sizes");
    }
    ImageBatches batches =
        new ImageBatches(
            training,
            evaluated,
            how.batch(),
            how.padding(),
            how.mirror(),
            statistics.get(0),
            statistics.get(1));
    Map<String, Object> description = new LinkedHashMap<>();
    description.put("source", source);
    description.put("sha256", training.sha256());
    description.put("training_images", training.size());
    description.put("evaluated_images", evaluated.size());
    description.put("classes", training.classes());
    description.put("means", statistics.get(0));
    description.put("deviations", statistics.get(1));
    description.put("evaluated_on", parts.part().name().toLowerCase(Locale.ROOT));
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("channels", training.channels());
    settings.put("image", training.height());
    settings.put("classes", training.classes().size());
    return new Task(
        name,
        ModelKind.IMAGE_CLASSIFIER,
        batches,
        new ClassificationObjective(how.labelSmoothing()),
        settings,
        how.batch(),
        "images",
        description);
  }
}
