package org.attentionzoo.datasets.generated;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.Tensors;

/**
 * Images of plain shapes. The class is the shape; with {@code pairs} there are two, in opposite
 * quadrants, and the class says whether they are the same, so that neither quadrant alone tells
 * anything.
 *
 * <p>One example: a background colour, uniform in [0, 1] in each channel; a shape, uniform over
 * {@code shapes} of {@link Kind} from {@code firstShape} on, with a centre that keeps it inside the
 * image (or the quadrant), a radius uniform between two shares of the image's side (with pairs half
 * of that), an angle, uniform, and a colour that differs from the background by at least 0.4 in
 * some channel; normal noise on every pixel. With pairs the class is 0 or 1 with equal chance, and
 * of the two pairs of opposite quadrants one is chosen likewise.
 *
 * <p>Inputs are (B, channels, image, image) float32, values (v - {@link #MEAN}) / {@link
 * #DEVIATION}; labels (B) int64. Training examples are endless; ids are {@code step * batch + row};
 * validation examples come from their own seed.
 */
public final class Shapes implements GeneratedSource {

  /** What is subtracted from a value between 0 and 1. */
  public static final double MEAN = 0.5;

  /** What the rest is divided by. */
  public static final double DEVIATION = 0.25;

  private static final int SAMPLES = 3;
  private static final double CONTRAST = 0.4;

  private final Options options;
  private final ExamplePlan plan;

  /** The shapes, inside a circle of radius 1. */
  public enum Kind {
    /** A full circle. */
    DISC,
    /** A square. */
    SQUARE,
    /** A triangle of equal sides. */
    TRIANGLE,
    /** Two bars across each other. */
    PLUS,
    /** A circle with a hole. */
    RING,
    /** A star of five points. */
    STAR,
    /** A bar, four times as long as wide. */
    BAR,
    /** A square with a square hole. */
    FRAME,
    /** Half a circle. */
    HALF_DISC,
    /** A circle without an overlapping one. */
    CRESCENT;

    private static final double SQUARE_SIDE = Math.sqrt(0.5);

    boolean contains(double x, double y) {
      double radius = Math.hypot(x, y);
      double box = Math.max(Math.abs(x), Math.abs(y));
      return switch (this) {
        case DISC -> radius <= 1;
        case SQUARE -> box <= SQUARE_SIDE;
        case TRIANGLE -> y >= -0.5 && Math.sqrt(3) * Math.abs(x) + y <= 1;
        case PLUS -> Math.min(Math.abs(x), Math.abs(y)) <= 0.25 && box <= 0.95;
        case RING -> radius <= 1 && radius >= 0.55;
        case STAR -> radius <= starRadius(Math.atan2(x, y));
        case BAR -> Math.abs(x) <= 0.24 && Math.abs(y) <= 0.96;
        case FRAME -> box <= SQUARE_SIDE && box >= 0.4;
        case HALF_DISC -> radius <= 1 && y >= 0;
        case CRESCENT -> radius <= 1 && Math.hypot(x - 0.5, y) > 0.75;
      };
    }

    /** How far a star of five points reaches in a direction: straight from point to notch. */
    private static double starRadius(double angle) {
      double part = 2 * Math.PI / 5;
      double fromPoint = Math.abs(angle - part * Math.rint(angle / part));
      double notch = 0.382;
      double half = part / 2;
      // The line through (1, 0) and notch (cos half, sin half).
      return notch
          * Math.sin(half)
          / (Math.sin(fromPoint) * (1 - notch * Math.cos(half))
              + Math.cos(fromPoint) * notch * Math.sin(half));
    }
  }

  /**
   * The options.
   *
   * @param batch B, images in a batch
   * @param image the height and width of an image
   * @param channels the channels of an image
   * @param shapes how many of the shapes occur
   * @param firstShape the first of them, counted from 0
   * @param pairs whether there are two shapes and the class says whether they are the same
   * @param colours whether colours are drawn; else the shapes are white on black
   * @param minimumRadius the smallest radius as a share of the image's side
   * @param maximumRadius the largest radius as a share of the image's side
   * @param noise the standard deviation of the noise, of colours from 0 to 1
   * @param validationExamples how many images the validation part has
   * @param validationSeed decides the validation part
   */
  public record Options(
      int batch,
      int image,
      int channels,
      int shapes,
      int firstShape,
      boolean pairs,
      boolean colours,
      double minimumRadius,
      double maximumRadius,
      double noise,
      int validationExamples,
      long validationSeed) {

    /**
     * Ten shapes on colour images of 32 x 32.
     *
     * @return radii of 0.15 to 0.35, noise 0.05, batch 64
     */
    public static Options standard() {
      return new Options(64, 32, 3, 10, 0, false, true, 0.15, 0.35, 0.05, 1024, 0);
    }

    private void check() {
      Checks.range("batch", batch, 1, 1 << 16);
      Checks.range("image", image, 4, 1 << 12);
      Checks.range("channels", channels, 1, 1 << 8);
      Checks.range("shapes", shapes, 2, Kind.values().length);
      Checks.range("firstShape", firstShape, 0, Kind.values().length - shapes);
      Checks.images(batch, channels, image);
      Checks.finite("noise", noise);
      if (!(minimumRadius > 0 && minimumRadius <= maximumRadius && maximumRadius <= 0.5)) {
        throw new UserException(
            "minimumRadius="
                + minimumRadius
                + ", maximumRadius="
                + maximumRadius
                + "; expected shares above 0 and up to 0.5, the minimum no more than the maximum");
      }
    }
  }

  /**
   * Creates the task.
   *
   * @param options the options
   * @throws UserException if they do not fit together
   */
  public Shapes(Options options) {
    options.check();
    this.options = options;
    plan = ExamplePlan.of(options.batch, options.validationExamples, options.validationSeed);
  }

  /**
   * How many classes there are.
   *
   * @return the number of shapes; with pairs 2
   */
  public int classes() {
    return options.pairs ? 2 : options.shapes;
  }

  @Override
  public ExamplePlan plan() {
    return plan;
  }

  @Override
  public Batch draw(NDManager manager, Examples examples) {
    int rows = examples.rows();
    int values = options.channels * options.image * options.image;
    float[] pixels = new float[rows * values];
    long[] labels = new long[rows];
    for (int row = 0; row < rows; row++) {
      labels[row] = draw(examples.random(row), pixels, row * values);
    }
    return new Batch(
        new NDList(
            Tensors.float32(
                manager, new Shape(rows, options.channels, options.image, options.image), pixels)),
        new NDList(Tensors.int64(manager, new Shape(rows), labels)),
        examples.ids());
  }

  private int draw(SplittableRandom random, float[] pixels, int start) {
    int side = options.image;
    double[] background = new double[options.channels];
    double[] colour = new double[options.channels];
    if (options.colours) {
      background = colour(random);
      colour = contrasting(random, background);
    } else {
      Arrays.fill(colour, 1);
    }
    double[] cover = new double[side * side];
    int label;
    if (options.pairs) {
      label = random.nextInt(2);
      int first = random.nextInt(options.shapes);
      int second =
          label == 1 ? first : (first + 1 + random.nextInt(options.shapes - 1)) % options.shapes;
      int quadrant = random.nextInt(2);
      double half = side / 2.0;
      cover(random, kind(first), cover, 0, quadrant * half, half);
      cover(random, kind(second), cover, half, (1 - quadrant) * half, half);
    } else {
      label = random.nextInt(options.shapes);
      cover(random, kind(label), cover, 0, 0, side);
    }
    for (int c = 0; c < options.channels; c++) {
      for (int i = 0; i < cover.length; i++) {
        double value =
            background[c]
                + cover[i] * (colour[c] - background[c])
                + options.noise * random.nextGaussian();
        pixels[start + c * cover.length + i] = (float) ((value - MEAN) / DEVIATION);
      }
    }
    return label;
  }

  private Kind kind(int index) {
    return Kind.values()[options.firstShape + index];
  }

  private double[] colour(SplittableRandom random) {
    double[] colour = new double[options.channels];
    for (int c = 0; c < colour.length; c++) {
      colour[c] = random.nextDouble();
    }
    return colour;
  }

  private double[] contrasting(SplittableRandom random, double[] background) {
    while (true) {
      double[] colour = colour(random);
      for (int c = 0; c < colour.length; c++) {
        if (Math.abs(colour[c] - background[c]) >= CONTRAST) {
          return colour;
        }
      }
    }
  }

  /** Draws a shape into a square of the image. */
  private void cover(
      SplittableRandom random, Kind kind, double[] cover, double top, double left, double room) {
    double share =
        options.minimumRadius
            + (options.maximumRadius - options.minimumRadius) * random.nextDouble();
    double radius = share * room;
    double y = top + radius + (room - 2 * radius) * random.nextDouble();
    double x = left + radius + (room - 2 * radius) * random.nextDouble();
    double angle = 2 * Math.PI * random.nextDouble();
    double cosine = Math.cos(angle) / radius;
    double sine = Math.sin(angle) / radius;
    int side = options.image;
    int last = side - 1;
    for (int i = (int) Math.max(0, y - radius); i <= Math.min(last, y + radius); i++) {
      for (int j = (int) Math.max(0, x - radius); j <= Math.min(last, x + radius); j++) {
        int inside = 0;
        for (int s = 0; s < SAMPLES * SAMPLES; s++) {
          double dy = i + (s / SAMPLES + 0.5) / SAMPLES - y;
          double dx = j + (s % SAMPLES + 0.5) / SAMPLES - x;
          inside += kind.contains(dx * cosine - dy * sine, dx * sine + dy * cosine) ? 1 : 0;
        }
        cover[i * side + j] = Math.max(cover[i * side + j], inside / (double) (SAMPLES * SAMPLES));
      }
    }
  }
}
