package org.attentionzoo.training.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.generated.Pathfinder;
import org.attentionzoo.datasets.generated.Shapes;
import org.attentionzoo.training.Task;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Single images are predicted with what the description of their run says. */
class ImageTasksTest {

  private static final int RECORD = 3073;

  @TempDir private Path folder;

  @Test
  void cifar10SaysHowItsImagesAreScaledAndWhatItsClassesAreCalled() throws IOException {
    Task task = cifar10(2, Part.VALIDATION);
    assertThat(task.description())
        .containsEntry("means", List.of(0.4914, 0.4822, 0.4465))
        .containsEntry("deviations", List.of(0.2470, 0.2435, 0.2616))
        .containsEntry("training_images", 6)
        .containsEntry("evaluated_images", 2)
        .containsEntry("evaluated_on", "validation");
    assertThat((List<?>) task.description().get("classes"))
        .hasSize(10)
        .first()
        .isEqualTo("airplane");
    assertThat(cifar10(0, Part.TEST).description())
        .containsEntry("training_images", 8)
        .containsEntry("evaluated_images", 4)
        .containsEntry("evaluated_on", "test");
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 8, 9})
  void someImagesMustBeLeftToTrainOn(int heldOut) {
    assertThatThrownBy(() -> cifar10(heldOut, Part.VALIDATION))
        .isInstanceOf(UserException.class)
        .hasMessage(
            "task.heldOut="
                + heldOut
                + " was given, of 8 training images; some must be left to train on");
  }

  @Test
  void whatIsEvaluatedOnMustNotBeEmpty() {
    assertThatThrownBy(() -> cifar10(0, Part.VALIDATION))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("hold images out or set task.part=test");
  }

  /** White on black, without noise: scaled back, the values are 0 to 1. */
  @Test
  void generatedImagesHaveTheScaleThatTheirRunTells() {
    Shapes.Options shapes = new Shapes.Options(8, 16, 2, 10, 0, false, false, 0.3, 0.4, 0, 4, 0);
    for (Task task :
        List.of(
            new ShapesTaskProvider().create("", shapes, Map.of()),
            new PathfinderTaskProvider().create("", Pathfinder.Options.standard(), Map.of()))) {
      try (NDManager manager = NDManager.newBaseManager()) {
        NDArray images = task.source().training(manager, 1, 0).inputs().head();
        long channels = images.getShape().get(1);
        NDArray values =
            images
                .mul(column(manager, task, "deviations", channels))
                .add(column(manager, task, "means", channels));
        assertThat(values.min().getFloat()).as(task.name()).isCloseTo(0, within(1e-6f));
        assertThat(values.max().getFloat()).as(task.name()).isCloseTo(1, within(1e-6f));
      }
    }
  }

  /** (channels, 1, 1). */
  private static NDArray column(NDManager manager, Task task, String key, long channels) {
    List<?> numbers = (List<?>) task.description().get(key);
    assertThat(numbers).as(key + " of " + task.name()).hasSize((int) channels);
    float[] values = new float[numbers.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = ((Number) numbers.get(i)).floatValue();
    }
    return manager.create(values, new Shape(channels, 1, 1));
  }

  private Task cifar10(int heldOut, Part part) throws IOException {
    Random random = new Random(1);
    for (int file = 1; file <= 2; file++) {
      Files.write(folder.resolve("data_batch_" + file + ".bin"), records(random, 4));
    }
    Files.write(folder.resolve("test_batch.bin"), records(random, 4));
    return new Cifar10TaskProvider()
        .create(
            folder.toString(),
            new Cifar10TaskProvider.Options(2, 0, heldOut, part, 0, 0, false, 0),
            Map.of());
  }

  private static byte[] records(Random random, int count) {
    byte[] records = new byte[count * RECORD];
    random.nextBytes(records);
    for (int i = 0; i < count; i++) {
      records[i * RECORD] = (byte) i;
    }
    return records;
  }
}
