package org.attentionzoo.training.tasks;

import java.nio.file.Path;
import java.util.List;
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
    ImageTasks.Parts parts =
        ImageTasks.parts(
            all, chosen.heldOut(), chosen.part(), () -> IdxImages.read(folder, true, classes));
    return ImageTasks.task(
        name,
        location.isBlank() ? name : location,
        parts,
        new ImageTasks.Augmentation(
            chosen.batch(), chosen.padding(), chosen.mirror(), chosen.labelSmoothing()),
        statistics);
  }
}
