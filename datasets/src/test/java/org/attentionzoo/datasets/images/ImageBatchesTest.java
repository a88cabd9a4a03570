package org.attentionzoo.datasets.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ImageBatchesTest {

  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
  }

  @AfterEach
  void close() {
    manager.close();
  }

  /** Ten images of two channels and 2 x 3; image i has pixels 12 i, 12 i + 1, ... */
  private static ImageSet images() {
    byte[] pixels = new byte[10 * 12];
    byte[] labels = new byte[10];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) (i + 100);
      labels[i / 12] = (byte) (i / 12 % 4);
    }
    return new ImageSet(2, 2, 3, pixels, labels, List.of("a", "b", "c", "d"), "here", "00");
  }

  private static ImageBatches batches(int batch, int padding, boolean mirror) {
    return new ImageBatches(
        images(), images(), batch, padding, mirror, List.of(0.5, 0.0), List.of(0.25, 1.0));
  }

  @Test
  void normalisesEachChannel() {
    Batch batch = batches(4, 0, false).validation(manager, 0);
    assertThat(batch.inputs().head().getShape()).isEqualTo(new Shape(4, 2, 2, 3));
    float[] values = batch.inputs().head().toFloatArray();
    assertThat(values[0]).isCloseTo((100 / 255f - 0.5f) / 0.25f, within());
    assertThat(values[6]).isCloseTo(106 / 255f, within());
    // Above 127, where a byte with a sign would be negative.
    assertThat(values[3 * 12 + 11]).isCloseTo(147 / 255f, within());
    assertThat(batch.labels().head().toLongArray()).containsExactly(0, 1, 2, 3);
    assertThat(batches(4, 0, false).validationBatches()).isEqualTo(3);
    assertThat(batches(4, 0, false).validation(manager, 2).ids()).containsExactly(8, 9);
  }

  private static org.assertj.core.data.Offset<Float> within() {
    return org.assertj.core.data.Offset.offset(1e-6f);
  }

  @Test
  void takesEachImageOnceAnEpochInAnOrderThatDependsOnSeedAndEpoch() {
    ImageBatches source = batches(5, 0, false);
    List<Long> first = new java.util.ArrayList<>();
    List<Long> second = new java.util.ArrayList<>();
    for (int step = 0; step < 4; step++) {
      for (long id : source.training(manager, 7, step).ids()) {
        (step < 2 ? first : second).add(id);
      }
    }
    assertThat(new HashSet<>(first)).hasSize(10);
    assertThat(new HashSet<>(second)).hasSize(10);
    assertThat(first).isNotEqualTo(second);
    assertThat(source.training(manager, 7, 1).ids()).containsExactly(longs(first.subList(5, 10)));
    assertThat(source.training(manager, 8, 0).ids())
        .isNotEqualTo(source.training(manager, 7, 0).ids());
  }

  private static long[] longs(List<Long> values) {
    return values.stream().mapToLong(v -> v).toArray();
  }

  @Test
  void movesAndMirrorsTrainingImagesAsAWholeAndTheSameEachTime() {
    ImageBatches source = batches(10, 1, true);
    ImageBatches still = batches(10, 0, false);
    Set<String> shapes = new HashSet<>();
    for (int step = 0; step < 20; step++) {
      Batch batch = source.training(manager, 3, step);
      float[] values = batch.inputs().head().toFloatArray();
      assertThat(source.training(manager, 3, step).inputs().head().toFloatArray())
          .isEqualTo(values);
      for (int row = 0; row < 10; row++) {
        float[] image = still.validation(manager, 0).inputs().head().toFloatArray();
        shapes.add(match(values, row, image, (int) batch.ids()[row]));
      }
    }
    // 3 x 3 places, each straight and mirrored.
    assertThat(shapes).hasSize(18).doesNotContain("none");
  }

  /** Which move makes the image. */
  private static String match(float[] values, int row, float[] images, int id) {
    for (int down = -1; down <= 1; down++) {
      for (int right = -1; right <= 1; right++) {
        for (boolean turned : new boolean[] {false, true}) {
          boolean same = true;
          for (int c = 0; c < 2; c++) {
            for (int i = 0; i < 2; i++) {
              for (int j = 0; j < 3; j++) {
                int y = i + down;
                int x = (turned ? 2 - j : j) + right;
                boolean inside = y >= 0 && y < 2 && x >= 0 && x < 3;
                float expected = inside ? images[id * 12 + (c * 2 + y) * 3 + x] : 0;
                same &= values[row * 12 + (c * 2 + i) * 3 + j] == expected;
              }
            }
          }
          if (same) {
            return down + "," + right + "," + turned;
          }
        }
      }
    }
    return "none";
  }

  @Test
  void refusesBatchesThatCannotBeFilled() {
    assertThatThrownBy(() -> batches(11, 0, false))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("task.batch=11");
    assertThatThrownBy(() -> batches(2, 4, false)).hasMessageContaining("task.padding=4");
  }
}
