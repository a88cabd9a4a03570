package org.attentionzoo.datasets.generated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.SplittableRandom;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.SeededStream;
import org.attentionzoo.datasets.generated.Pathfinder.Form;
import org.attentionzoo.datasets.generated.Pathfinder.Options;
import org.attentionzoo.datasets.generated.PathfinderScene.Dash;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PathfinderTest {

  @ParameterizedTest
  @ValueSource(ints = {32, 64, 128})
  void discsAreTheTipsOfOnePathOrOfTwoAndDashesKeepApart(int side) {
    for (int example = 0; example < 15; example++) {
      PathfinderScene scene = PathfinderScene.draw(SeededStream.of(5, example), side, 14);
      assertThat(scene.paths()).allSatisfy(path -> assertThat(path).hasSize(14));
      int begun = -1;
      int ended = -1;
      for (int p = 0; p < 2; p++) {
        List<Dash> path = scene.paths().get(p);
        Dash begin = path.get(0);
        Dash end = path.get(13);
        Dash one = scene.discs().get(0);
        Dash other = scene.discs().get(1);
        begun = begin.x() == one.x() && begin.y() == one.y() ? p : begun;
        ended = end.endX() == other.x() && end.endY() == other.y() ? p : ended;
        for (int i = 1; i < 14; i++) {
          Dash before = path.get(i - 1);
          Dash after = path.get(i);
          double gap = Math.hypot(after.x() - before.endX(), after.y() - before.endY());
          assertThat(gap).isBetween(1.41 * scene.margin(), 2.0001 * scene.margin());
        }
      }
      assertThat(begun).isNotNegative();
      assertThat(ended).isNotNegative();
      assertThat(scene.isJoined()).isEqualTo(begun == ended);
      Dash first = scene.paths().get(0).get(0);
      Dash second = scene.paths().get(1).get(0);
      assertThat(Math.hypot(first.x() - second.x(), first.y() - second.y()))
          .isCloseTo(scene.sizes().apart(), within(1e-9));
      keepApart(scene, side);
      // Beside the two paths there are distractors and single dashes.
      assertThat(scene.dashes().size()).isGreaterThan(28 + 8);
    }
  }

  private static void keepApart(PathfinderScene scene, int side) {
    List<Dash> dashes = scene.dashes();
    for (int i = 0; i < dashes.size(); i++) {
      Dash a = dashes.get(i);
      for (double v : new double[] {a.x(), a.y(), a.endX(), a.endY()}) {
        assertThat(v).isBetween(1.0, side - 1.0);
      }
      for (int j = 0; j < i; j++) {
        Dash b = dashes.get(j);
        // A neighbour in a path begins where the other ends, two margins on.
        double gap = Math.hypot(a.x() - b.endX(), a.y() - b.endY());
        double back = Math.hypot(b.x() - a.endX(), b.y() - a.endY());
        double near = 2.0001 * scene.margin();
        if (gap > near && back > near) {
          assertThat(sampled(a, b)).isGreaterThan(2 * scene.margin() - 0.01);
        }
      }
    }
  }

  /** The least distance between points of two dashes, by trying many. */
  private static double sampled(Dash a, Dash b) {
    double least = Double.MAX_VALUE;
    for (int i = 0; i <= 20; i++) {
      double x = a.x() + (a.endX() - a.x()) * i / 20;
      double y = a.y() + (a.endY() - a.y()) * i / 20;
      least = Math.min(least, b.distance(x, y));
    }
    return least;
  }

  @Test
  void classesAreBalancedAndDiscsAreAsFarApartInBoth() {
    int joined = 0;
    double[] sum = new double[2];
    double[] square = new double[2];
    int count = 1500;
    for (int example = 0; example < count; example++) {
      PathfinderScene scene = PathfinderScene.draw(SeededStream.of(6, example), 32, 14);
      Dash a = scene.discs().get(0);
      Dash b = scene.discs().get(1);
      double distance = Math.hypot(a.x() - b.x(), a.y() - b.y());
      int label = scene.isJoined() ? 1 : 0;
      joined += label;
      sum[label] += distance;
      square[label] += distance * distance;
    }
    assertThat((double) joined / count).isCloseTo(0.5, within(3.3 * 0.5 / Math.sqrt(count)));
    double mean = sum[1] / joined;
    double other = sum[0] / (count - joined);
    double variance = square[1] / joined - mean * mean;
    // Begins are 7 apart in directions of their own, so means may differ a little more than chance.
    assertThat(mean).isCloseTo(other, within(1 + 3.3 * Math.sqrt(4 * variance / count)));
  }

  @Test
  void turnsFollowTheSquaredCosine() {
    for (double continuity : new double[] {1, 1.8}) {
      SplittableRandom random = new SplittableRandom(3);
      int n = 40_000;
      double square = 0;
      double small = 0;
      for (int i = 0; i < n; i++) {
        double a = PathfinderScene.turn(random, continuity) * continuity;
        assertThat(Math.abs(a)).isLessThanOrEqualTo(Math.PI / 2);
        square += a * a;
        small += Math.abs(a) < Math.PI / 4 ? 1 : 0;
      }
      // Integrals of a^2 and of 1 to a quarter turn under (2 / pi) cos^2 a.
      assertThat(square / n).isCloseTo(Math.PI * Math.PI / 12 - 0.5, within(0.01));
      assertThat(small / n).isCloseTo(0.5 + 1 / Math.PI, within(0.01));
    }
  }

  @Test
  void pixelsAreTheImage() {
    try (NDManager manager = NDManager.newBaseManager()) {
      Batch image = new Pathfinder(new Options(3, 32, 9, Form.IMAGE, 5, 1)).validation(manager, 1);
      Batch pixels =
          new Pathfinder(new Options(3, 32, 9, Form.PIXELS, 5, 1)).validation(manager, 1);
      assertThat(image.inputs().head().getShape()).isEqualTo(new Shape(2, 1, 32, 32));
      assertThat(pixels.inputs().head().getShape()).isEqualTo(new Shape(2, 1024));
      assertThat(pixels.inputs().head().getDataType()).isEqualTo(DataType.INT64);
      assertThat(pixels.labels()).isEqualTo(image.labels());
      float[] values = image.inputs().head().toFloatArray();
      long[] tokens = pixels.inputs().head().toLongArray();
      long brightest = 0;
      for (int i = 0; i < tokens.length; i++) {
        assertThat(tokens[i] / 255.0 * 2 - 1).isCloseTo(values[i], within(0.005));
        brightest = Math.max(brightest, tokens[i]);
      }
      assertThat(brightest).isEqualTo(255);
    }
  }

  @Test
  void refusesOtherSizes() {
    for (Options wrong :
        List.of(
            new Options(4, 48, 14, Form.IMAGE, 8, 1),
            new Options(4, 32, 15, Form.IMAGE, 8, 1),
            new Options(4, 32, 2, Form.IMAGE, 8, 1),
            new Options(0, 32, 14, Form.IMAGE, 8, 1))) {
      assertThatThrownBy(() -> new Pathfinder(wrong)).isInstanceOf(UserException.class);
    }
  }
}
