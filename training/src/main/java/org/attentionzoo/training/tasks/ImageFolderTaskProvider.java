package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.nio.file.Path;
import java.util.Map;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.images.ImageFolder;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/** Images of a user's own, a folder for each class; see {@link ImageFolder}. */
@AutoService(TaskProvider.class)
public final class ImageFolderTaskProvider implements TaskProvider {

  /**
   * The options.
   *
   * @param batch images in a batch
   * @param size the side of the squares that images are scaled and cut to
   * @param grey whether colours are dropped
   * @param part what is evaluated on
   * @param heldOut the share of the training images that is the validation part where there is no
   *     folder for it
   * @param splitSeed decides which
   * @param padding how far a training image may be moved at random
   * @param mirror whether training images are mirrored half the time
   * @param labelSmoothing the share of the target that is spread over all classes
   */
  public record Options(
      int batch,
      int size,
      boolean grey,
      Part part,
      double heldOut,
      long splitSeed,
      int padding,
      boolean mirror,
      double labelSmoothing) {}

  @Override
  public String scheme() {
    return "imagefolder";
  }

  @Override
  public String usage() {
    return "imagefolder:<folder>  your own images: <class>/<name>.jpg, also below train, val, test";
  }

  @Override
  public Record defaults() {
    return new Options(32, 32, false, Part.VALIDATION, 0.1, 1, 4, true, 0);
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    Options chosen = (Options) options;
    if (location.isBlank()) {
      throw new UserException("no folder was named; write imagefolder:<folder>");
    }
    ImageFolder.Parts parts =
        ImageFolder.read(
            Path.of(location),
            new ImageFolder.Options(
                chosen.size(),
                chosen.grey(),
                chosen.part() == Part.TEST,
                chosen.heldOut(),
                chosen.splitSeed()));
    return ImageTasks.task(
        scheme(),
        location,
        new ImageTasks.Parts(parts.training(), parts.evaluated(), chosen.part()),
        new ImageTasks.Augmentation(
            chosen.batch(), chosen.padding(), chosen.mirror(), chosen.labelSmoothing()),
        ImageFolder.statistics(parts.training()));
  }
}
