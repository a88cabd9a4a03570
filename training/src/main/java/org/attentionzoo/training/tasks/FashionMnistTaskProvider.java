package org.attentionzoo.training.tasks;

import com.google.auto.service.AutoService;
import java.util.List;
import java.util.Map;
import org.attentionzoo.datasets.images.IdxImages;
import org.attentionzoo.training.Task;
import org.attentionzoo.training.TaskProvider;

/** Images of clothes in ten classes; see {@link IdxImages}. */
@AutoService(TaskProvider.class)
public final class FashionMnistTaskProvider implements TaskProvider {

  // Over the training images, as everybody has them.
  private static final List<List<Double>> STATISTICS = List.of(List.of(0.2860), List.of(0.3530));

  @Override
  public String scheme() {
    return "fashion-mnist";
  }

  @Override
  public String usage() {
    return "fashion-mnist:[<folder>]  images of clothes in IDX files; without a location, the data set of"
        + " that name";
  }

  @Override
  public Record defaults() {
    return new IdxOptions(128, 5000, Part.VALIDATION, 2, true, 0);
  }

  @Override
  public Task create(String location, Record options, Map<String, Object> modelConfig) {
    return IdxTask.task(scheme(), location, (IdxOptions) options, IdxImages.CLOTHES, STATISTICS);
  }
}
