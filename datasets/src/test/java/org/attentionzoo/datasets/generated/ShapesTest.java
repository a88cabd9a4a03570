package org.attentionzoo.datasets.generated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.generated.Shapes.Kind;
import org.attentionzoo.datasets.generated.Shapes.Options;
import org.junit.jupiter.api.Test;

class ShapesTest {

  /** Areas by geometry, of shapes inside the circle of radius 1. */
  private static Map<Kind, Double> areas() {
    Map<Kind, Double> areas = new EnumMap<>(Kind.class);
    areas.put(Kind.DISC, Math.PI);
    areas.put(Kind.SQUARE, 2.0);
    areas.put(Kind.TRIANGLE, 3 * Math.sqrt(3) / 4);
    areas.put(Kind.PLUS, 2 * 0.5 * 1.9 - 0.25);
    areas.put(Kind.RING, Math.PI * (1 - 0.55 * 0.55));
    areas.put(Kind.STAR, 5 * 0.382 * Math.sin(Math.PI / 5));
    areas.put(Kind.BAR, 0.48 * 1.92);
    areas.put(Kind.FRAME, 2 - 0.64);
    areas.put(Kind.HALF_DISC, Math.PI / 2);
    return areas;
  }

  @Test
  void shapesHaveTheirAreasAndStayInTheCircle() {
    int n = 400;
    areas()
        .forEach(
            (kind, area) -> {
              int inside = 0;
              for (int i = 0; i < n * n; i++) {
                double x = ((i % n + 0.5) / n - 0.5) * 2.4;
                double y = ((i / n + 0.5) / n - 0.5) * 2.4;
                if (kind.contains(x, y)) {
                  inside++;
                  assertThat(Math.hypot(x, y)).isLessThan(1.0001);
                }
              }
              assertThat(inside * 5.76 / (n * n)).as(kind.name()).isCloseTo(area, within(0.02));
            });
  }

  @Test
  void pairsStandInOppositeQuadrants() {
    Options o = new Options(40, 32, 1, 3, 0, true, true, 0.3, 0.4, 0, 40, 1);
    int same = 0;
    int diagonal = 0;
    try (NDManager manager = NDManager.newBaseManager()) {
      Shapes source = new Shapes(o);
      assertThat(source.classes()).isEqualTo(2);
      for (int step = 0; step < 25; step++) {
        Batch batch = source.training(manager, 3, step);
        float[] pixels = batch.inputs().head().toFloatArray();
        for (long label : batch.labels().head().toLongArray()) {
          same += (int) label;
        }
        for (int row = 0; row < 40; row++) {
          float background = background(pixels, row * 1024);
          int[] counts = new int[4];
          for (int i = 0; i < 1024; i++) {
            if (Math.abs(pixels[row * 1024 + i] - background) > 1e-4) {
              counts[i / 32 / 16 * 2 + i % 32 / 16]++;
            }
          }
          boolean main = counts[0] > 0;
          diagonal += main ? 1 : 0;
          assertThat(counts[main ? 3 : 1]).isPositive();
          assertThat(counts[main ? 1 : 0]).isZero();
          assertThat(counts[main ? 2 : 3]).isZero();
        }
      }
    }
    assertThat(same / 1000.0).isCloseTo(0.5, within(0.053));
    assertThat(diagonal / 1000.0).isCloseTo(0.5, within(0.053));
  }

  /** The commonest value: shapes with a radius of at most 0.4 quadrants leave most as it is. */
  private static float background(float[] pixels, int at) {
    Map<Float, Integer> counts = new HashMap<>();
    for (int i = 0; i < 1024; i++) {
      counts.merge(pixels[at + i], 1, Integer::sum);
    }
    return counts.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow().getKey();
  }

  @Test
  void classesAreBalancedAndColoursDiffer() {
    Options o = new Options(100, 16, 3, 10, 0, false, true, 0.2, 0.4, 0.05, 40, 1);
    int[] counts = new int[10];
    try (NDManager manager = NDManager.newBaseManager()) {
      Shapes source = new Shapes(o);
      for (int step = 0; step < 10; step++) {
        Batch batch = source.training(manager, 4, step);
        assertThat(batch.inputs().head().getShape()).isEqualTo(new Shape(100, 3, 16, 16));
        for (long label : batch.labels().head().toLongArray()) {
          counts[(int) label]++;
        }
        float[] pixels = batch.inputs().head().toFloatArray();
        for (int row = 0; row < 100; row++) {
          double spread = 0;
          for (int c = 0; c < 3; c++) {
            float low = Float.MAX_VALUE;
            float high = -Float.MAX_VALUE;
            for (int i = 0; i < 256; i++) {
              float value = pixels[(row * 3 + c) * 256 + i];
              low = Math.min(low, value);
              high = Math.max(high, value);
            }
            spread = Math.max(spread, high - low);
          }
          assertThat(spread).isGreaterThan(1.2);
        }
      }
    }
    double chi = 0;
    for (int count : counts) {
      chi += Math.pow(count - 100, 2) / 100;
    }
    assertThat(chi).isLessThan(27.88);
  }

  @Test
  void beginsWithTheFirstShape() {
    Options o = new Options(50, 32, 1, 2, 6, false, true, 0.5, 0.5, 0, 8, 1);
    double[] share = new double[2];
    int[] images = new int[2];
    try (NDManager manager = NDManager.newBaseManager()) {
      Batch batch = new Shapes(o).training(manager, 5, 0);
      float[] pixels = batch.inputs().head().toFloatArray();
      long[] labels = batch.labels().head().toLongArray();
      for (int row = 0; row < 50; row++) {
        float background = background(pixels, row * 1024);
        int covered = 0;
        for (int i = 0; i < 1024; i++) {
          covered += Math.abs(pixels[row * 1024 + i] - background) > 1e-4 ? 1 : 0;
        }
        share[(int) labels[row]] += covered / 256.0;
        images[(int) labels[row]]++;
      }
    }
    // With a rim of pixels that are covered in part.
    assertThat(share[0] / images[0]).isBetween(areas().get(Kind.BAR), 1.4);
    assertThat(share[1] / images[1]).isBetween(areas().get(Kind.FRAME), 2.2);
  }

  @Test
  void areWhiteOnBlackWithoutColours() {
    Options o = new Options(20, 16, 2, 10, 0, false, false, 0.4, 0.5, 0, 8, 1);
    try (NDManager manager = NDManager.newBaseManager()) {
      float[] pixels = new Shapes(o).training(manager, 5, 0).inputs().head().toFloatArray();
      for (int row = 0; row < 40; row++) {
        float low = Float.MAX_VALUE;
        float high = -Float.MAX_VALUE;
        for (int i = 0; i < 256; i++) {
          low = Math.min(low, pixels[row * 256 + i]);
          high = Math.max(high, pixels[row * 256 + i]);
        }
        assertThat(low).isEqualTo(-2);
        assertThat(high).isEqualTo(2);
      }
    }
  }

  @Test
  void refusesWhatDoesNotFitTogether() {
    for (Options wrong :
        List.of(
            new Options(4, 32, 3, 1, 0, false, true, 0.2, 0.4, 0, 8, 1),
            new Options(4, 32, 3, 11, 0, false, true, 0.2, 0.4, 0, 8, 1),
            new Options(4, 32, 3, 5, 6, false, true, 0.2, 0.4, 0, 8, 1),
            new Options(4, 32, 3, 5, -1, false, true, 0.2, 0.4, 0, 8, 1),
            new Options(4, 32, 3, 5, 0, false, true, 0.5, 0.4, 0, 8, 1),
            new Options(4, 32, 3, 5, 0, false, true, 0.2, 0.6, 0, 8, 1),
            new Options(4, 2, 3, 5, 0, false, true, 0.2, 0.4, 0, 8, 1),
            new Options(1 << 15, 1 << 10, 3, 5, 0, false, true, 0.2, 0.4, 0, 8, 1))) {
      assertThatThrownBy(() -> new Shapes(wrong)).isInstanceOf(UserException.class);
    }
  }
}
