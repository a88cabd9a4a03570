package org.attentionzoo.datasets.generated;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Where the dashes and discs of one {@link Pathfinder} image are. */
final class PathfinderScene {

  private static final int TRIES_OF_A_DASH = 8;
  private static final int TRIES_OF_A_PATH = 5;
  private static final int TRIES_OF_SINGLES = 200;
  private static final int PARTS = 3;

  private final SplittableRandom random;
  private final int side;
  private final Sizes sizes;
  private final double margin;
  private final List<Dash> dashes = new ArrayList<>();
  private List<Dash> first = List.of();
  private List<Dash> second = List.of();
  private boolean joined;
  private List<Dash> discs = List.of();

  /**
   * The sizes of the Long Range Arena's images, in pixels.
   *
   * @param length of a dash
   * @param width of a dash
   * @param margins one is chosen for each image
   * @param discRadius of the discs at the tips
   * @param apart how far the two paths begin from each other
   * @param continuity how straight paths are
   * @param distractorDashes how many dashes all distractors have together
   * @param contrast the brightness of dashes before it is cut off at 1
   */
  record Sizes(
      double length,
      double width,
      double[] margins,
      double discRadius,
      double apart,
      double continuity,
      int distractorDashes,
      double contrast) {

    static Sizes of(int side) {
      return switch (side) {
        case 32 -> new Sizes(2, 0.5, new double[] {1}, 1.5, 7, 1, 20, 1.5);
        case 64 -> new Sizes(5, 1, new double[] {1}, 2.5, 12, 1.8, 22, 0.8);
        default -> new Sizes(5, 1.5, new double[] {2, 3}, 3, 20, 1.8, 35, 0.9);
      };
    }
  }

  /**
   * A straight line; the y axis points down.
   *
   * @param x of its tail
   * @param y of its tail
   * @param angle of its direction
   * @param length may be 0: a point
   */
  record Dash(double x, double y, double angle, double length) {

    double endX() {
      return x + length * Math.cos(angle);
    }

    double endY() {
      return y + length * Math.sin(angle);
    }

    /** How far a point is from it. */
    double distance(double px, double py) {
      double along = (px - x) * Math.cos(angle) + (py - y) * Math.sin(angle);
      double t = Math.max(0, Math.min(length, along));
      return Math.hypot(px - x - t * Math.cos(angle), py - y - t * Math.sin(angle));
    }

    /** The least distance of two. */
    double distance(Dash other) {
      if (crosses(other)) {
        return 0;
      }
      double here = Math.min(distance(other.x, other.y), distance(other.endX(), other.endY()));
      double there = Math.min(other.distance(x, y), other.distance(endX(), endY()));
      return Math.min(here, there);
    }

    private boolean crosses(Dash other) {
      return side(other.x, other.y) * side(other.endX(), other.endY()) < 0
          && other.side(x, y) * other.side(endX(), endY()) < 0;
    }

    private double side(double px, double py) {
      return Math.cos(angle) * (py - y) - Math.sin(angle) * (px - x);
    }
  }

  private PathfinderScene(SplittableRandom random, int side) {
    this.random = random;
    this.side = side;
    this.sizes = Sizes.of(side);
    this.margin = sizes.margins[random.nextInt(sizes.margins.length)];
  }

  static PathfinderScene draw(SplittableRandom random, int side, int contourLength) {
    PathfinderScene scene = new PathfinderScene(random, side);
    scene.joined = random.nextInt(2) == 1;
    while (!scene.drawTargets(contourLength)) {
      scene.dashes.clear();
    }
    int distractor = Math.max(1, contourLength / PARTS);
    for (int i = 0; i < scene.sizes.distractorDashes / distractor; i++) {
      scene.drawDistractor(distractor);
    }
    for (int i = 0; i < TRIES_OF_SINGLES; i++) {
      scene.drawPath(scene.anywhere(1), 1);
    }
    scene.mark();
    return scene;
  }

  /** Two paths that grow by turns, so that both find the same room. */
  private boolean drawTargets(int length) {
    Dash one = anywhere(Math.min(sizes.apart, side / 4.0));
    double direction = angle();
    Dash two =
        new Dash(
            one.x + sizes.apart * Math.cos(direction),
            one.y + sizes.apart * Math.sin(direction),
            angle(),
            sizes.length);
    first = new ArrayList<>();
    second = new ArrayList<>();
    if (!append(first, one) || !append(second, two)) {
      return false;
    }
    for (int i = 1; i < length; i++) {
      if (!extend(first) || !extend(second)) {
        return false;
      }
    }
    return true;
  }

  private void drawDistractor(int length) {
    for (int i = 0; i < TRIES_OF_A_PATH; i++) {
      if (drawPath(anywhere(1), length)) {
        return;
      }
    }
  }

  private boolean drawPath(Dash start, int length) {
    int before = dashes.size();
    List<Dash> path = new ArrayList<>();
    boolean whole = append(path, start);
    for (int i = 1; i < length && whole; i++) {
      whole = extend(path);
    }
    if (!whole) {
      dashes.subList(before, dashes.size()).clear();
    }
    return whole;
  }

  private Dash anywhere(double border) {
    double room = side - 2 * border;
    return new Dash(
        border + room * random.nextDouble(),
        border + room * random.nextDouble(),
        angle(),
        sizes.length);
  }

  private double angle() {
    return 2 * Math.PI * random.nextDouble();
  }

  private boolean extend(List<Dash> path) {
    Dash last = path.get(path.size() - 1);
    double x = last.endX() + margin * Math.cos(last.angle);
    double y = last.endY() + margin * Math.sin(last.angle);
    for (int i = 0; i < TRIES_OF_A_DASH; i++) {
      double angle = last.angle + turn(random, sizes.continuity);
      Dash next =
          new Dash(x + margin * Math.cos(angle), y + margin * Math.sin(angle), angle, sizes.length);
      if (append(path, next)) {
        return true;
      }
    }
    return false;
  }

  /** A turn with a density proportional to cos^2(continuity a), 0 beyond a right angle of that. */
  static double turn(SplittableRandom random, double continuity) {
    while (true) {
      double a = (random.nextDouble() - 0.5) * Math.PI / continuity;
      double weight = Math.cos(continuity * a);
      if (random.nextDouble() < weight * weight) {
        return a;
      }
    }
  }

  private boolean append(List<Dash> path, Dash dash) {
    if (!isInside(dash.x, dash.y) || !isInside(dash.endX(), dash.endY())) {
      return false;
    }
    Dash neighbour = path.isEmpty() ? null : path.get(path.size() - 1);
    for (Dash other : dashes) {
      if (other != neighbour && other.distance(dash) < 2 * margin) {
        return false;
      }
    }
    path.add(dash);
    dashes.add(dash);
    return true;
  }

  private boolean isInside(double x, double y) {
    return x >= 1 && x <= side - 1 && y >= 1 && y <= side - 1;
  }

  private void mark() {
    boolean swapped = random.nextBoolean();
    List<Dash> begins = swapped ? second : first;
    List<Dash> ends = joined == swapped ? second : first;
    Dash begin = begins.get(0);
    Dash end = ends.get(ends.size() - 1);
    discs = List.of(new Dash(begin.x, begin.y, 0, 0), new Dash(end.endX(), end.endY(), 0, 0));
  }

  /** Whether one path joins the discs. */
  boolean isJoined() {
    return joined;
  }

  Sizes sizes() {
    return sizes;
  }

  double margin() {
    return margin;
  }

  /** All dashes, also those of the paths. */
  List<Dash> dashes() {
    return dashes;
  }

  /** The two paths. */
  List<List<Dash>> paths() {
    return List.of(first, second);
  }

  /** The discs' centres. */
  List<Dash> discs() {
    return discs;
  }
}
