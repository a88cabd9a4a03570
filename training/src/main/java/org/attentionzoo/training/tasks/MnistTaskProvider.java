package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.util.List;
import java.util.Map;
import org.attentionzoo.datasets.images.IdxImages;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/** Images of handwritten digits in ten classes; see {@link IdxImages}. */
@AutoService(TaskProvider.class)
public final class MnistTaskProvider implements TaskProvider {

  // Over the training images, as everybody has them.
  private static final List<List<Double>> STATISTICS = List.of(List.of(0.1307), List.of(0.3081));

  @Override
  public String scheme() {
    return "mnist";
  }

  @Override
  public String usage() {
    return "mnist:[<folder>]  images of handwritten digits in IDX files; without a location, the data set of"
        + " that name";
  }

  @Override
  public Record defaults() {
    return new IdxOptions(128, 5000, Part.VALIDATION, 2, false, 0);
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    return IdxTask.task(scheme(), location, (IdxOptions) options, IdxImages.DIGITS, STATISTICS);
  }
}
