package org.attentionzoo.blocks.papers.moh;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
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
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.attention.Masks;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;

/**
 * The mixture of heads of the vision form (MoH, Jin et al. 2024, on TransNeXt, Shi 2024, equation
 * 7; the official {@code Attention} of MoH-ViT): queries and keys of unit length, a learned query
 * embedding e and temperature t of each head, and a scale that grows with the length,
 *
 * <pre>softmax((q / |q| + e) softplus(t) ln(N) (k / |k|)^T + bias) v,</pre>
 *
 * each head weighed by the {@link HeadRouter}. With a grid, the bias is continuous in the relative
 * position: a network of 512 units maps sign(8 x) log2(|8 x| + 1) / 3 of both relative coordinates,
 * x being 1 across the grid, to a number for each head. Without a grid there is no bias, N counts
 * the tokens that are no padding, and positions are for others to tell.
 *
 * <p>State dict, with the official names: {@code temperature} (heads, 1, 1), {@code
 * query_embedding} (heads, 1, headWidth), {@code qkv}, {@code proj}, with a grid {@code cpb_fc1}
 * and {@code cpb_fc2}, and the router's {@code wg}, {@code wg_0}, {@code wg_1}. Taps: {@code
 * pattern} and {@code gates} (B, L, heads).
 */
public final class CosineMixtureOfHeadAttention extends MixerBlock implements Measured {

  private static final String GATES = "gates";

  /** softplus of the temperature starts as 1 / 0.24. */
  static final double FIRST_TEMPERATURE = Math.log(Math.exp(1 / 0.24) - 1);

  private static final double SHORTEST = 1e-12;

  private final MohConfig config;
  private final int height;
  private final int width;
  private final Parameter temperature;
  private final Parameter queryEmbedding;
  private final Linear queryKeyValue;
  private final Linear biasHidden;
  private final Linear biasOutput;
  private final HeadRouter router;
  private final Linear output;

  private CosineMixtureOfHeadAttention(MohConfig config, int height, int width, HeadRouter router) {
    if (config.queryKeyNorm()) {
      throw new IllegalArgumentException(
          "cosine attention normalises queries and keys by itself; queryKeyNorm must be false");
    }
    this.config = config;
    this.height = height;
    this.width = width;
    this.router = router;
    int heads = config.heads();
    int inner = heads * config.headWidth();
    temperature = parameter("temperature", Initializers.constant(FIRST_TEMPERATURE), heads, 1, 1);
    queryEmbedding =
        parameter("query_embedding", Initializers.normal(0.02), heads, 1, config.headWidth());
    queryKeyValue =
        child("qkv", new Linear(config.width(), 3L * inner, config.queryKeyValueBias()));
    output = child("proj", new Linear(inner, config.width()));
    boolean grid = height > 0;
    biasHidden = grid ? child("cpb_fc1", new Linear(2, ContinuousPositionBias.WIDTH)) : null;
    biasOutput = grid ? child("cpb_fc2", new Linear(ContinuousPositionBias.WIDTH, heads)) : null;
    if (router != null) {
      router.namedChildren().forEach(this::child);
    }
  }

  /**
   * Attention among tokens of any number, without a bias.
   *
   * @param config its sizes; without query-key norm
   * @return the attention
   */
  public static CosineMixtureOfHeadAttention of(MohConfig config) {
    return new CosineMixtureOfHeadAttention(config, 0, 0, new HeadRouter(config));
  }

  /**
   * Attention among the tokens of a grid, row by row, with a bias by relative position.
   *
   * @param config its sizes; without query-key norm
   * @param height the number of rows
   * @param width the number of columns
   * @return the attention; it takes no more and no fewer than height times width tokens
   */
  public static CosineMixtureOfHeadAttention onGrid(MohConfig config, int height, int width) {
    if (height < 1 || width < 1) {
      throw new IllegalArgumentException(
          "a grid has at least one row and column; got " + height + " and " + width);
    }
    return new CosineMixtureOfHeadAttention(config, height, width, new HeadRouter(config));
  }

  /**
   * The same as {@link #onGrid} without a router, each head with weight 1.
   *
   * @param config its sizes; those of the router do not matter
   * @param height the number of rows
   * @param width the number of columns
   * @return the attention of TransNeXt's last stage
   */
  public static CosineMixtureOfHeadAttention onGridWithoutRouter(
      MohConfig config, int height, int width) {
    return new CosineMixtureOfHeadAttention(config, height, width, null);
  }

  /**
   * The same as {@link #of} without a router, each head with weight 1: the baseline of the mixture.
   *
   * @param config its sizes; those of the router do not matter
   * @return the attention
   */
  public static CosineMixtureOfHeadAttention withoutRouter(MohConfig config) {
    return new CosineMixtureOfHeadAttention(config, 0, 0, null);
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
    return router == null
        ? Set.of(DotProductAttention.PATTERN)
        : Set.of(DotProductAttention.PATTERN, GATES);
  }

  /** {@inheritDoc} */
  @Override
  public List<Measurement> measurements() {
    return router == null ? List.of() : List.of(HeadLoad.at(GATES, config.sharedHeads()));
  }

  /**
   * Mixes the tokens.
   *
   * @param pass what the pass carries
   * @param hidden (B, L, width); on a grid L is its height times its width
   * @param sequences which positions are padding
   * @return (B, L, width)
   * @throws IllegalArgumentException if there are more or fewer tokens than the grid has
   */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    Shape shape = hidden.getShape();
    long batch = shape.get(0);
    long length = shape.get(1);
    if (biasHidden != null && length != (long) height * width) {
      throw new IllegalArgumentException(
          length + " tokens; expected " + height + " times " + width + ", the grid's");
    }
    NDList joint = Tensors.splitHeads(queryKeyValue.forward(pass, hidden), 3, config.heads());
    NDArray valid = sequences.valid();
    NDArray sharpness = Activation.softPlus(pass.value(temperature, hidden));
    sharpness.attach(hidden.getManager());
    NDArray q = unit(joint.get(0)).add(pass.value(queryEmbedding, hidden)).mul(sharpness);
    NDArray mask = Masks.keys(valid);
    if (valid == null) {
      q = q.mul(hidden.getManager().full(new Shape(), (float) length, q.getDataType()).log());
    } else {
      NDArray count = mask.toType(q.getDataType(), false).sum(new int[] {3}, true);
      q = q.mul(Arithmetic.atLeast(count, 1).log());
    }
    NDArray bias =
        biasHidden == null
            ? null
            : ContinuousPositionBias.of(pass, biasHidden, biasOutput, hidden, height, width, 1);
    NDArray heads =
        DotProductAttention.attend(
                pass, this, q, unit(joint.get(1)), joint.get(2), mask, bias, false, 1, 0)
            .transpose(0, 2, 1, 3);
    if (router != null) {
      NDArray gates = pass.tap(this, GATES, router.route(pass, hidden, valid));
      heads = heads.mul(gates.expandDims(-1));
    }
    long inner = (long) config.heads() * config.headWidth();
    return output.forward(pass, heads.reshape(batch, length, inner));
  }

  /** PyTorch's {@code normalize}: x / max(|x|, 1e-12) over the last axis. */
  static NDArray unit(NDArray x) {
    NDArray square = x.square().sum(new int[] {-1}, true);
    return x.mul(Arithmetic.power(Arithmetic.atLeast(square, SHORTEST * SHORTEST), -0.5));
  }
}
