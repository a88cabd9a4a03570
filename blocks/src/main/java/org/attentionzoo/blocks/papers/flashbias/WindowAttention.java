package org.attentionzoo.blocks.papers.flashbias;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Parameter;
import java.util.Set;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.attention.Normalizer;
import org.attentionzoo.blocks.attention.UnitVectors;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.Relu;
import org.attentionzoo.blocks.layers.Sequential;

/**
 * The window attention of Swin Transformer V2 (Liu et al. 2022) with its continuous bias of
 * relative positions, or with factors in the bias' place, as FlashBias gives them: cosine attention
 * with a learned scale for each head.
 *
 * <p>State dict: {@code qkv} (weight alone), {@code q_bias}, {@code v_bias}, {@code logit_scale}
 * (heads, 1, 1), {@code cpb_mlp.0}, {@code cpb_mlp.2}, {@code proj}, and the buffers {@code
 * relative_coords_table} and {@code relative_position_index}.
 */
public final class WindowAttention extends ZooBlock {

  private final int width;
  private final int heads;
  private final int places;
  private final Linear joint;
  private final Linear output;
  private final Parameter queryBias;
  private final Parameter valueBias;
  private final Parameter logitScale;
  private final Sequential network;
  private final Parameter coordinates;
  private final Parameter index;

  /**
   * Attention within windows.
   *
   * @param width the size of the hidden states; a multiple of heads
   * @param rows the height of a window
   * @param columns the width of a window
   * @param heads the number of heads
   * @param bias whether queries and values have biases
   */
  public WindowAttention(int width, int rows, int columns, int heads, boolean bias) {
    this(width, rows, columns, heads, bias, rows, columns);
  }

  /**
   * Attention within windows of another size than those that the weights were trained with at
   * first, on whose scale distances are measured.
   *
   * @param width the size of the hidden states; a multiple of heads
   * @param rows the height of a window
   * @param columns the width of a window
   * @param heads the number of heads
   * @param bias whether queries and values have biases
   * @param trainedRows the height of a window at first
   * @param trainedColumns the width of a window at first
   */
  public WindowAttention(
      int width,
      int rows,
      int columns,
      int heads,
      boolean bias,
      int trainedRows,
      int trainedColumns) {
    this.width = width;
    this.heads = heads;
    places = rows * columns;
    logitScale = parameter("logit_scale", Initializers.constant(Math.log(10)), heads, 1, 1);
    queryBias = bias ? parameter("q_bias", Initializers.constant(0), width) : null;
    valueBias = bias ? parameter("v_bias", Initializers.constant(0), width) : null;
    coordinates =
        buffer(
            "relative_coords_table",
            (manager, shape, type) ->
                table(manager, rows, columns, trainedRows, trainedColumns).toType(type, false),
            1,
            2L * rows - 1,
            2L * columns - 1,
            2);
    index =
        buffer(
            "relative_position_index",
            (manager, shape, type) -> index(manager, rows, columns),
            places,
            places);
    network =
        child(
            "cpb_mlp",
            new Sequential(new Linear(2, 512), new Relu(), new Linear(512, heads, false)));
    joint = child("qkv", new Linear(width, 3L * width, false));
    output = child("proj", new Linear(width, width));
  }

  /** Distances, from -8 to 8 in each direction of the first window, on a logarithmic scale. */
  private static NDArray table(
      NDManager manager, int rows, int columns, int trainedRows, int trainedColumns) {
    float[] values = new float[(2 * rows - 1) * (2 * columns - 1) * 2];
    int at = 0;
    for (int row = 1 - rows; row < rows; row++) {
      for (int column = 1 - columns; column < columns; column++) {
        values[at++] = spaced(row, trainedRows);
        values[at++] = spaced(column, trainedColumns);
      }
    }
    return manager.create(values, new Shape(1, 2L * rows - 1, 2L * columns - 1, 2));
  }

  private static float spaced(int distance, int size) {
    double share = size == 1 ? 0 : 8.0 * distance / (size - 1);
    return (float) (Math.signum(share) * Math.log(Math.abs(share) + 1) / Math.log(8));
  }

  private static NDArray index(NDManager manager, int rows, int columns) {
    int places = rows * columns;
    long[] values = new long[places * places];
    for (int i = 0; i < places; i++) {
      for (int j = 0; j < places; j++) {
        int row = i / columns - j / columns + rows - 1;
        int column = i % columns - j % columns + columns - 1;
        values[i * places + j] = (long) row * (2 * columns - 1) + column;
      }
    }
    return manager.create(values, new Shape(places, places));
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return Set.of(DotProductAttention.PATTERN);
  }

  /**
   * Attends with the continuous bias.
   *
   * @param pass what the pass carries
   * @param inputs windows (B, N, width), and optionally a mask as {@link #attend} takes it
   * @return (B, N, width)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray x = inputs.head();
    NDArray mask = inputs.size() > 1 ? inputs.get(1) : null;
    return new NDList(attend(pass, x, null, null, mask));
  }

  /**
   * The continuous bias, 16 sigmoid of the network.
   *
   * @param pass what the pass carries
   * @param like an activation
   * @return (1, heads, N, N)
   */
  public NDArray bias(Pass pass, NDArray like) {
    NDArray table =
        like.getManager()
            .zeros(coordinates.getShape(), like.getDataType(), like.getDevice())
            .add(pass.value(coordinates, like));
    NDArray rows = network.forward(pass, table).reshape(-1, heads);
    NDArray flat =
        like.getManager()
            .zeros(new Shape(places, places), DataType.INT64, like.getDevice())
            .add(pass.value(index, like))
            .reshape(-1);
    NDArray values = rows.get(flat).reshape(places, places, heads).transpose(2, 0, 1);
    return Arithmetic.times(Activation.sigmoid(values), 16).expandDims(0);
  }

  /**
   * Attends.
   *
   * @param pass what the pass carries
   * @param x (B, N, width) windows, those of an image one after the other
   * @param queryFactors (1, heads, N, R) factors in the continuous bias' place; null for the bias
   * @param keyFactors (1, heads, N, R)
   * @param mask (windows of an image, N, N) added to the scores; null for none
   * @return (B, N, width)
   */
  public NDArray attend(
      Pass pass, NDArray x, NDArray queryFactors, NDArray keyFactors, NDArray mask) {
    if (queryFactors == null) {
      return attend(pass, x, bias(pass, x), mask);
    }
    NDList heads = heads(pass, x);
    NDArray context =
        DotProductAttention.attendFactored(
            pass,
            this,
            heads.get(0),
            heads.get(1),
            heads.get(2),
            queryFactors,
            keyFactors,
            null,
            mask == null ? null : perWindow(mask, x.getShape().get(0)),
            false,
            1,
            0,
            Normalizer.SOFTMAX);
    return joined(pass, context, x);
  }

  /**
   * Attends with a given bias in the continuous one's place, as for biases whose rank is too high
   * for factors to pay.
   *
   * @param pass what the pass carries
   * @param x (B, N, width) windows, those of an image one after the other
   * @param bias (1, heads, N, N) added to the scores
   * @param mask (windows of an image, N, N) added to the scores; null for none
   * @return (B, N, width)
   */
  public NDArray attend(Pass pass, NDArray x, NDArray bias, NDArray mask) {
    NDList heads = heads(pass, x);
    NDArray added = mask == null ? bias : perWindow(mask, x.getShape().get(0)).add(bias);
    NDArray context =
        DotProductAttention.attend(
            pass, this, heads.get(0), heads.get(1), heads.get(2), null, added, false, 1, 0);
    return joined(pass, context, x);
  }

  /** Queries of their heads' length, keys of length 1 and values, each (B, heads, N, d). */
  private NDList heads(Pass pass, NDArray x) {
    NDArray all = joint.forward(pass, x);
    if (queryBias != null) {
      NDArray none = x.getManager().zeros(new Shape(width), x.getDataType(), x.getDevice());
      NDArray biases =
          none.add(pass.value(queryBias, x))
              .concat(none, 0)
              .concat(none.add(pass.value(valueBias, x)), 0);
      all = all.add(biases);
    }
    NDList parts = Tensors.splitHeads(all, 3, heads);
    NDArray raw =
        x.getManager()
            .zeros(new Shape(heads, 1, 1), x.getDataType(), x.getDevice())
            .add(pass.value(logitScale, x));
    NDArray sharpness = Arithmetic.atMost(raw, Math.log(100)).exp();
    NDArray q = UnitVectors.of(parts.get(0)).mul(sharpness);
    NDArray k = UnitVectors.of(parts.get(1));
    return new NDList(q, k, parts.get(2));
  }

  private NDArray joined(Pass pass, NDArray context, NDArray x) {
    return output.forward(pass, Tensors.joinHeads(context));
  }

  /** (windows, N, N) to (B, 1, N, N). */
  private static NDArray perWindow(NDArray mask, long batch) {
    Shape shape = mask.getShape();
    long images = batch / shape.get(0);
    return mask.expandDims(0).repeat(0, images).reshape(batch, 1, shape.get(1), shape.get(2));
  }
}
