package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.util.List;
import java.util.Map;
import org.attentionzoo.datasets.images.Cifar10;
import org.attentionzoo.datasets.images.ImageSet;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/** Image classification on CIFAR-10; see {@link Cifar10}. */
@AutoService(TaskProvider.class)
public final class Cifar10TaskProvider implements TaskProvider {

  // Means and deviations over the training images, as everybody has them.
  private static final List<List<Double>> STATISTICS =
      List.of(List.of(0.4914, 0.4822, 0.4465), List.of(0.2470, 0.2435, 0.2616));

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
    ImageSet all = Cifar10.load(location, Cifar10.Part.TRAIN, chosen.images());
    ImageTasks.Parts parts =
        ImageTasks.parts(
            all,
            chosen.heldOut(),
            chosen.part(),
            () -> Cifar10.load(location, Cifar10.Part.TEST, chosen.testImages()));
    return ImageTasks.task(
        scheme(),
        all.source(),
        parts,
        new ImageTasks.Augmentation(
            chosen.batch(), chosen.padding(), chosen.mirror(), chosen.labelSmoothing()),
        STATISTICS);
  }
}
