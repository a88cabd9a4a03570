package org.attentionzoo.training.tasks;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.catalog.DatasetCatalog;
import org.attentionzoo.datasets.images.IdxImages;
import org.attentionzoo.datasets.images.ImageSet;
import org.attentionzoo.training.Task;

/** What {@code mnist:} and {@code fashion-mnist:} have in common. */
final class IdxTask {

  private IdxTask() {}

  static Task task(
      String name,
      String location,
      IdxOptions chosen,
      List<String> classes,
      List<List<Double>> statistics) {
    DatasetCatalog catalog = DatasetCatalog.ofProcess();
    Path folder =
        location.isBlank()
            ? catalog.require(catalog.find(name)).folder()
            : catalog.resolve(location).map(found -> found.folder()).orElse(Path.of(location));
    ImageSet all = IdxImages.read(folder, false, classes);
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
            ? IdxImages.read(folder, true, classes)
            : part(all, all.size() - chosen.heldOut(), all.size());
    if (evaluated.size() == 0) {
      throw new UserException(
          "task.heldOut=0 leaves no validation part; hold images out or set task.part=test");
    }
    return ImageTasks.task(
        name,
        location.isBlank() ? name : location,
        training,
        evaluated,
        chosen.part(),
        new ImageTasks.Augmentation(
            chosen.batch(), chosen.padding(), chosen.mirror(), chosen.labelSmoothing()),
        statistics);
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
