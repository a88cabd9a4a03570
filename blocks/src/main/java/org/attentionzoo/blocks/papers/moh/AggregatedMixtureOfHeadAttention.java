package org.attentionzoo.blocks.papers.moh;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Parameter;
import java.util.List;
import java.util.Set;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Measured;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.layers.Conv2d;
import org.attentionzoo.blocks.layers.Conv2dConfig;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.LayerNorm;
import org.attentionzoo.blocks.layers.Linear;

/**
 * TransNeXt's aggregated attention (Shi 2024, equations 4 to 9) with weighed heads (MoH, Jin et al.
 * 2024; the official {@code AggregatedAttention} of MoH-ViT): each token of a grid attends, in one
 * softmax, to its neighbours in a window and to the pooled cells of the whole grid, with queries
 * and keys of unit length as in {@link CosineMixtureOfHeadAttention}; N counts the neighbours
 * inside of the grid and the cells. To the window's pattern come learned tokens T: its values are
 * summed with the weights (q / |q|) T + b beside the pattern.
 *
 * <p>State dict, with the official names: {@code temperature} (heads, 1, 1), {@code
 * query_embedding} (heads, 1, headWidth), {@code relative_pos_bias_local} (heads, window window),
 * {@code learnable_tokens} (heads, headWidth, window window), {@code learnable_bias} (heads, 1,
 * window window), {@code q}, {@code kv}, {@code proj}, {@code sr}, {@code norm}, {@code cpb_fc1},
 * {@code cpb_fc2}, and the router's {@code wg}, {@code wg_0}, {@code wg_1}. Tap: {@code gates} (B,
 * L, heads).
 */
public final class AggregatedMixtureOfHeadAttention extends MixerBlock implements Measured {

  private static final String GATES = "gates";
  private static final double BLOCKED = -1e30;

  private final MohConfig config;
  private final int height;
  private final int width;
  private final int window;
  private final int cell;
  private final Parameter temperature;
  private final Parameter queryEmbedding;
  private final Parameter localBias;
  private final Parameter tokens;
  private final Parameter tokensBias;
  private final Linear query;
  private final Linear keyValue;
  private final Linear output;
  private final Conv2d pooled;
  private final LayerNorm pooledNorm;
  private final Linear biasHidden;
  private final Linear biasOutput;
  private final HeadRouter router;

  private AggregatedMixtureOfHeadAttention(
      MohConfig config, int height, int width, int window, int cell, HeadRouter router) {
    if (window < 1 || window % 2 == 0) {
      throw new IllegalArgumentException("the window must be odd; got " + window);
    }
    if (cell < 1 || height < 1 || width < 1 || height % cell != 0 || width % cell != 0) {
      throw new IllegalArgumentException(
          "cells of side " + cell + " do not divide a grid of " + height + " by " + width);
    }
    if (config.headWidth() * config.heads() != config.width() || config.queryKeyNorm()) {
      throw new IllegalArgumentException(
          "aggregated attention divides its width among the heads and has no queryKeyNorm");
    }
    this.config = config;
    this.height = height;
    this.width = width;
    this.window = window;
    this.cell = cell;
    this.router = router;
    int heads = config.heads();
    int channels = config.width();
    int head = config.headWidth();
    int area = window * window;
    boolean bias = config.queryKeyValueBias();
    temperature =
        parameter(
            "temperature",
            Initializers.constant(CosineMixtureOfHeadAttention.FIRST_TEMPERATURE),
            heads,
            1,
            1);
    queryEmbedding = parameter("query_embedding", Initializers.normal(0.02), heads, 1, head);
    localBias = parameter("relative_pos_bias_local", Initializers.normal(0.0004), heads, area);
    tokens = parameter("learnable_tokens", Initializers.normal(0.02), heads, head, area);
    tokensBias = parameter("learnable_bias", Initializers.constant(0), heads, 1, area);
    query = child("q", new Linear(channels, channels, bias));
    keyValue = child("kv", new Linear(channels, 2L * channels, bias));
    output = child("proj", new Linear(channels, channels));
    pooled = child("sr", new Conv2d(Conv2dConfig.of(channels, channels, 1).withBias()));
    pooledNorm = child("norm", new LayerNorm(channels));
    biasHidden = child("cpb_fc1", new Linear(2, ContinuousPositionBias.WIDTH));
    biasOutput = child("cpb_fc2", new Linear(ContinuousPositionBias.WIDTH, heads));
    if (router != null) {
      router.namedChildren().forEach(this::child);
    }
  }

  /**
   * Attention on a grid.
   *
   * @param config its sizes; heads share the width evenly, without query-key norm
   * @param height the rows of the grid
   * @param width its columns
   * @param window the side of the window of neighbours; odd
   * @param cell the side of the cells that are pooled; divides the grid; official {@code sr_ratio}
   * @return the attention
   */
  public static AggregatedMixtureOfHeadAttention of(
      MohConfig config, int height, int width, int window, int cell) {
    return new AggregatedMixtureOfHeadAttention(
        config, height, width, window, cell, new HeadRouter(config));
  }

  /**
   * The same without a router, each head with weight 1: TransNeXt's own.
   *
   * @param config its sizes; those of the router do not matter
   * @param height the rows of the grid
   * @param width its columns
   * @param window the side of the window of neighbours; odd
   * @param cell the side of the cells that are pooled
   * @return the attention
   */
  public static AggregatedMixtureOfHeadAttention withoutRouter(
      MohConfig config, int height, int width, int window, int cell) {
    return new AggregatedMixtureOfHeadAttention(config, height, width, window, cell, null);
  }

  /** {@inheritDoc} */
  @Override
  public String role() {
    return "attention";
  }

  /** {@inheritDoc} */
  @Override
  public boolean isCausal() {
    return false;
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return router == null ? Set.of() : Set.of(GATES);
  }

  /** {@inheritDoc} */
  @Override
  public List<Measurement> measurements() {
    return router == null ? List.of() : List.of(HeadLoad.at(GATES, config.sharedHeads()));
  }

  /**
   * Mixes the tokens of a grid, given row by row.
   *
   * @param pass what the pass carries
   * @param hidden (B, height width, channels)
   * @param sequences without padding
   * @return the same shape
   * @throws IllegalArgumentException if there are more or fewer tokens, or padding
   */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    long batch = hidden.getShape().get(0);
    long length = hidden.getShape().get(1);
    if (length != (long) height * width || sequences.valid() != null) {
      throw new IllegalArgumentException(
          length + " tokens; expected " + height + " times " + width + " without padding");
    }
    int heads = config.heads();
    int head = config.headWidth();
    int channels = config.width();
    long cells = length / cell / cell;

    NDArray direction =
        CosineMixtureOfHeadAttention.unit(
            Tensors.splitHeads(query.forward(pass, hidden), config.heads()));
    NDArray inside = inside(hidden);
    NDArray sharpness = Activation.softPlus(pass.value(temperature, hidden));
    sharpness.attach(hidden.getManager());
    NDArray count = inside.sum(new int[] {1}, true).add(cells).log();
    NDArray q = direction.add(pass.value(queryEmbedding, hidden)).mul(sharpness).mul(count);

    NDList both = keyValue.forward(pass, hidden).split(2, 2);
    NDArray keys =
        CosineMixtureOfHeadAttention.unit(Tensors.splitHeads(both.get(0), config.heads()));
    NDArray values = Tensors.splitHeads(both.get(1), config.heads());
    NDArray nearKeys = neighbours(keys); // (B, heads, L, window window, headWidth)
    NDArray nearValues = neighbours(values).mul(inside.expandDims(-1));
    NDArray byWindow = pass.value(localBias, hidden).expandDims(1);
    byWindow.attach(hidden.getManager());
    NDArray nearLogits =
        nearKeys
            .matMul(q.expandDims(-1))
            .squeeze(-1)
            .add(byWindow)
            .mul(inside)
            .add(Arithmetic.times(Tensors.oneMinus(inside), BLOCKED));

    NDList far = keyValue.forward(pass, pool(pass, hidden)).split(2, 2);
    NDArray farKeys =
        CosineMixtureOfHeadAttention.unit(Tensors.splitHeads(far.get(0), config.heads()));
    NDArray farValues = Tensors.splitHeads(far.get(1), config.heads());
    NDArray farLogits =
        q.matMul(farKeys.swapAxes(2, 3))
            .add(
                ContinuousPositionBias.of(
                    pass, biasHidden, biasOutput, hidden, height, width, cell));

    int area = window * window;
    NDList patterns = nearLogits.concat(farLogits, -1).softmax(-1).split(new long[] {area}, 3);
    NDArray learned =
        direction.matMul(pass.value(tokens, hidden)).add(pass.value(tokensBias, hidden));
    NDArray near =
        learned
            .add(patterns.get(0))
            .expandDims(3)
            .matMul(nearValues)
            .reshape(batch, heads, length, head);
    NDArray mixed = near.add(patterns.get(1).matMul(farValues)).transpose(0, 2, 1, 3);
    if (router != null) {
      NDArray gates = pass.tap(this, GATES, router.route(pass, hidden));
      mixed = mixed.mul(gates.expandDims(-1));
    }
    return output.forward(pass, mixed.reshape(batch, length, channels));
  }

  /** (B, L, channels) to (B, heads, L, headWidth). */
  /** (B, L, channels) to (B, cells, channels). */
  private NDArray pool(Pass pass, NDArray x) {
    long batch = x.getShape().get(0);
    int channels = config.width();
    NDArray map = x.transpose(0, 2, 1).reshape(batch, channels, height, width);
    NDArray active = Activation.gelu(pooled.forward(pass, map));
    NDArray means =
        active
            .reshape(batch, channels, height / cell, cell, width / cell, cell)
            .mean(new int[] {3})
            .mean(new int[] {4});
    return pooledNorm.forward(pass, means.reshape(batch, channels, -1).transpose(0, 2, 1));
  }

  /** (B, heads, L, d) to (B, heads, L, window window, d): at the border some neighbour repeats. */
  private NDArray neighbours(NDArray x) {
    NDArray rows = clamp(shifted(x, height), height).reshape(height, 1, window, 1);
    NDArray columns = clamp(shifted(x, width), width).reshape(1, width, 1, window);
    NDArray index = Arithmetic.times(rows, width).add(columns).reshape(-1);
    Shape shape = x.getShape();
    return x.transpose(2, 0, 1, 3)
        .get(index)
        .reshape(shape.get(2), (long) window * window, shape.get(0), shape.get(1), shape.get(3))
        .transpose(2, 3, 0, 1, 4);
  }

  /** (L, window window): 1 where a neighbour lies inside of the grid, 0 elsewhere. */
  private NDArray inside(NDArray like) {
    NDArray rows = within(shifted(like, height), height).reshape(height, 1, window, 1);
    NDArray columns = within(shifted(like, width), width).reshape(1, width, 1, window);
    return rows.logicalAnd(columns)
        .toType(like.getDataType(), false)
        .reshape((long) height * width, (long) window * window);
  }

  /** (side, window) int64: where along one side the neighbours of each place are. */
  private NDArray shifted(NDArray like, int side) {
    NDManager manager = like.getManager();
    NDArray at = manager.arange(0, side, 1, DataType.INT64, like.getDevice());
    NDArray shift = manager.arange(0, window, 1, DataType.INT64, like.getDevice());
    return at.reshape(side, 1).add(shift.reshape(1, window)).sub(window / 2);
  }

  private static NDArray clamp(NDArray places, int side) {
    return Arithmetic.atMost(Arithmetic.atLeast(places, 0), side - 1);
  }

  private static NDArray within(NDArray places, int side) {
    return places.gte(0).logicalAnd(places.lt(side));
  }
}
