package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.images.Cifar10;
import org.attentionzoo.datasets.images.ImageBatches;
import org.attentionzoo.datasets.images.ImageSet;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/** Image classification on CIFAR-10; see {@link Cifar10}. */
@AutoService(TaskProvider.class)
public final class Cifar10TaskProvider implements TaskProvider {

  // Over the training images, as everybody has them.
  private static final List<Double> MEANS = List.of(0.4914, 0.4822, 0.4465);
  private static final List<Double> DEVIATIONS = List.of(0.2470, 0.2435, 0.2616);

  /** What is evaluated on. */
  public enum Part {
    /** Training images that are held out. */
    VALIDATION,
    /** The published test images. */
    TEST
  }

  /**
   * The options.
   *
   * @param batch images in a batch
   * @param images how many training images are read, those held out included; 0 for all
   * @param heldOut how many of them are not trained on but are the validation part
   * @param part what is evaluated on
   * @param testImages how many test images are read; 0 for all
   * @param padding how far a training image may be moved at random
   * @param mirror whether training images are mirrored half the time
   * @param labelSmoothing the share of the target that is spread over all classes
   */
  public record Options(
      int batch,
      int images,
      int heldOut,
      Part part,
      int testImages,
      int padding,
      boolean mirror,
      double labelSmoothing) {}

  @Override
  public String scheme() {
    return "cifar10";
  }

  @Override
  public String usage() {
    return "cifar10:[<folder or file>]  CIFAR-10's binary version or a zip of JPEG files;"
        + " without a location, the data set cifar10 (zoo data list)";
  }

  @Override
  public Record defaults() {
    return new Options(128, 0, 5000, Part.VALIDATION, 0, 4, true, 0);
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    Options chosen = (Options) options;
    ClassificationObjective objective = new ClassificationObjective(chosen.labelSmoothing());
    ImageSet all = Cifar10.load(location, Cifar10.Part.TRAIN, chosen.images());
    if (chosen.heldOut() < 0 || chosen.heldOut() >= all.size()) {
      throw new UserException(
          "task.heldOut="
              + chosen.heldOut()
              + " was given, of "
              + all.size()
              + " training images; some must be left to train on");
    }
    ImageSet training = part(all, 0, all.size() - chosen.heldOut());
    ImageSet evaluated =
        chosen.part() == Part.TEST
            ? Cifar10.load(location, Cifar10.Part.TEST, chosen.testImages())
            : part(all, all.size() - chosen.heldOut(), all.size());
    if (evaluated.size() == 0) {
      throw new UserException(
          "task.heldOut=0 leaves no validation part; hold images out or set task.part=test");
    }
    ImageBatches source =
        new ImageBatches(
            training,
            evaluated,
            chosen.batch(),
            chosen.padding(),
            chosen.mirror(),
            MEANS,
            DEVIATIONS);
    Map<String, Object> description = new LinkedHashMap<>();
    description.put("source", all.source());
    description.put("sha256", all.sha256());
    description.put("training_images", training.size());
    description.put("evaluated_on", chosen.part().name().toLowerCase(java.util.Locale.ROOT));
    description.put("evaluated_images", evaluated.size());
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("channels", all.channels());
    settings.put("image", all.height());
    settings.put("classes", all.classes().size());
    return new Task(
        scheme(),
        ModelKind.IMAGE_CLASSIFIER,
        source,
        objective,
        settings,
        chosen.batch(),
        "images",
        description);
  }

  private static ImageSet part(ImageSet set, int from, int to) {
    int bytes = set.imageBytes();
    return new ImageSet(
        set.channels(),
        set.height(),
        set.width(),
        Arrays.copyOfRange(set.pixels(), from * bytes, to * bytes),
        Arrays.copyOfRange(set.labels(), from, to),
        set.classes(),
        set.source(),
        set.sha256());
  }
}
