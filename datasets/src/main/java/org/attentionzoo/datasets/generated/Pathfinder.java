package org.attentionzoo.datasets.generated;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.datasets.Tensors;

/**
 * Pathfinder (Linsley et al. 2018; Kim et al. 2020) with the sizes of the Long Range Arena: two
 * discs and many dashes; class 1 if a path of dashes joins the discs.
 *
 * <p>One example: two paths of {@code contourLength} dashes begin at a given distance from each
 * other; a disc marks the beginning of one path, and another the end of the same path (class 1) or
 * of the other (class 0), with equal chance, so that discs are as far apart in either class. A path
 * turns between dashes by an angle a, its probability proportional to cos^2(continuity a) up to a
 * right angle. Then come distractors, paths of a third of the dashes, and, as long as there is
 * room, single dashes. No dash comes nearer than two margins to one that is not its neighbour in a
 * path. The construction and the sizes are those of the authors' generator; here dashes lie at real
 * coordinates, there at whole pixels.
 *
 * <table>
 *   <caption>Sizes in pixels</caption>
 *   <tr><th>image</th><th>dash</th><th>width</th><th>margin</th><th>disc radius</th>
 *     <th>begin apart</th><th>continuity</th><th>distractors</th></tr>
 *   <tr><td>32</td><td>2</td><td>0.5</td><td>1</td><td>1.5</td><td>7</td><td>1</td><td>5</td></tr>
 *   <tr><td>64</td><td>5</td><td>1</td><td>1</td><td>2.5</td><td>12</td><td>1.8</td><td>5</td></tr>
 *   <tr><td>128</td><td>5</td><td>1.5</td><td>2 or 3</td><td>3</td><td>20</td><td>1.8</td>
 *     <td>8</td></tr>
 * </table>
 *
 * <p>As images, inputs are (B, 1, image, image) float32, 2 v - 1 for a brightness v from 0 to 1; as
 * pixels, (B, image * image) int64, row by row, 0 to 255. Labels are (B) int64. Training examples
 * are endless; ids are {@code step * batch + row}; validation examples come from their own seed.
 */
public final class Pathfinder implements GeneratedSource {

  /** How many classes there are. */
  public static final int CLASSES = 2;

  /** What is subtracted from a brightness between 0 and 1 of an image. */
  public static final double MEAN = 0.5;

  /** What the rest is divided by. */
  public static final double DEVIATION = 0.5;

  /** How many tokens pixels are. */
  public static final int VOCABULARY = 256;

  private static final int SAMPLES = 4;

  private final Options options;
  private final ExamplePlan plan;

  /** What a model is given. */
  public enum Form {
    /** An image of one channel. */
    IMAGE,
    /** A sequence of tokens, one a pixel. */
    PIXELS
  }

  /**
   * The options.
   *
   * @param batch B, images in a batch
   * @param image the height and width of an image: 32, 64 or 128
   * @param contourLength dashes in a path; published: 14 (hard), 9 and 6
   * @param form what a model is given
   * @param validationExamples how many images the validation part has
   * @param validationSeed decides the validation part
   */
  public record Options(
      int batch,
      int image,
      int contourLength,
      Form form,
      int validationExamples,
      long validationSeed) {

    /**
     * The hard images of 32 x 32, which are the Long Range Arena's Pathfinder.
     *
     * @return images, batch 64
     */
    public static Options standard() {
      return new Options(64, 32, 14, Form.IMAGE, 2048, 0);
    }

    private void check() {
      Checks.range("batch", batch, 1, 1 << 16);
      Checks.range("contourLength", contourLength, 3, 14);
      if (image != 32 && image != 64 && image != 128) {
        throw new UserException("image=" + image + "; expected 32, 64 or 128");
      }
      Checks.images(batch, 1, image);
    }
  }

  /**
   * Creates the task.
   *
   * @param options the options
   * @throws UserException if they do not fit together
   */
  public Pathfinder(Options options) {
    options.check();
    this.options = options;
    plan = ExamplePlan.of(options.batch, options.validationExamples, options.validationSeed);
  }

  @Override
  public ExamplePlan plan() {
    return plan;
  }

  @Override
  public Batch draw(NDManager manager, Examples examples) {
    int rows = examples.rows();
    int side = options.image;
    float[] brightness = new float[rows * side * side];
    long[] labels = new long[rows];
    for (int row = 0; row < rows; row++) {
      PathfinderScene scene =
          PathfinderScene.draw(examples.random(row), side, options.contourLength);
      labels[row] = scene.isJoined() ? 1 : 0;
      render(scene, brightness, row * side * side);
    }
    NDList inputs =
        new NDList(
            options.form == Form.IMAGE
                ? image(manager, rows, brightness)
                : pixels(manager, rows, brightness));
    return new Batch(
        inputs, new NDList(Tensors.int64(manager, new Shape(rows), labels)), examples.ids());
  }

  private NDArray image(NDManager manager, int rows, float[] brightness) {
    float[] values = new float[brightness.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) ((brightness[i] - MEAN) / DEVIATION);
    }
    return Tensors.float32(manager, new Shape(rows, 1, options.image, options.image), values);
  }

  private NDArray pixels(NDManager manager, int rows, float[] brightness) {
    long[] values = new long[brightness.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = Math.round(255 * brightness[i]);
    }
    return Tensors.int64(manager, new Shape(rows, (long) options.image * options.image), values);
  }

  private void render(PathfinderScene scene, float[] brightness, int start) {
    for (PathfinderScene.Dash dash : scene.dashes()) {
      cover(dash, scene.sizes().width() / 2, scene.sizes().contrast(), brightness, start);
    }
    for (PathfinderScene.Dash tip : scene.discs()) {
      cover(tip, scene.sizes().discRadius(), 1, brightness, start);
    }
  }

  /** Brightens what is at most a radius from a dash. */
  private void cover(
      PathfinderScene.Dash dash, double radius, double contrast, float[] brightness, int start) {
    int side = options.image;
    int top = (int) Math.max(0, Math.min(dash.y(), dash.endY()) - radius);
    int bottom = (int) Math.min(side - 1.0, Math.max(dash.y(), dash.endY()) + radius);
    int left = (int) Math.max(0, Math.min(dash.x(), dash.endX()) - radius);
    int right = (int) Math.min(side - 1.0, Math.max(dash.x(), dash.endX()) + radius);
    for (int i = top; i <= bottom; i++) {
      for (int j = left; j <= right; j++) {
        int inside = 0;
        for (int s = 0; s < SAMPLES * SAMPLES; s++) {
          double y = i + (s / SAMPLES + 0.5) / SAMPLES;
          double x = j + (s % SAMPLES + 0.5) / SAMPLES;
          inside += dash.distance(x, y) <= radius ? 1 : 0;
        }
        float value = (float) Math.min(1, contrast * inside / (SAMPLES * SAMPLES));
        int at = start + i * side + j;
        brightness[at] = Math.max(brightness[at], value);
      }
    }
  }
}
