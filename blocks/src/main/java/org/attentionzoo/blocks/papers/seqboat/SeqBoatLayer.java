package org.attentionzoo.blocks.papers.seqboat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import java.util.Set;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.DecodeState;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Dropout;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.papers.seqboat.LocalWindowAttention.Tokens;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatConfig.Attention;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatConfig.Positions;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatConfig.Routing;
import org.attentionzoo.blocks.positions.Rotary;

/**
 * A layer of SeqBoat (Ren et al. 2023, "Sparse Modular Activation for Efficient Sequence Modeling",
 * section 3): moving averages m = silu(EMA(norm(x))) over all tokens; a latent configurator decides
 * from m which tokens activate gated attention, which runs over those alone, taken together; and
 * silu(W m + a p + x), where a is attention's result and p the probability of the decision, both
 * zero for a token that is not activated.
 *
 * <p>Hidden states (B, L, D), optionally valid (B, L) boolean, to hidden states (B, L, D) and the
 * activated tokens (B, L), 1 or 0. A padded token is never activated; what stands at it is
 * unspecified. Positions count from the first token of a row, padded or not: all that matters is
 * how far apart tokens are.
 *
 * <p>One number is read from the device in each pass: the largest count of activated tokens in a
 * row. With a decode cache, which a causal layer keeps, the last w activated tokens of each row are
 * remembered; its size does not grow.
 *
 * <p>State dict, as {@code SeqBoatLayer} of the authors' {@code standalone_seqboat.py}: {@code
 * gamma}, {@code beta} (2, z), {@code norm.norm.*}, {@code ssm.*} of {@link MultiHeadEma}, {@code
 * rel_pos_bias.rel_pos_bias}, {@code q_router.temp}, {@code mx_proj}, {@code hx_proj}, {@code
 * h_proj}. Without batch norm, stateless and safe for use by several threads.
 */
public final class SeqBoatLayer extends ZooBlock {

  private static final int OPTIONS = 2;
  private static final Rotary ROTARY = new Rotary(Rotary.Layout.INTERLEAVED, 10000);

  private final SeqBoatConfig config;
  private final SequenceNorm norm;
  private final MultiHeadEma ssm;
  private final RelativeBias bias;
  private final LatentConfigurator router;
  private final Linear intoAttention;
  private final Linear intoOptions;
  private final Linear outOfAttention;
  private final Parameter gamma;
  private final Parameter beta;
  private final LocalWindowAttention attention;

  /**
   * A layer.
   *
   * @param config its sizes and switches
   */
  public SeqBoatLayer(SeqBoatConfig config) {
    this.config = config;
    int width = config.width();
    int window = config.window();
    norm = child("norm", new SequenceNorm(config.norm(), width, config.normAffine()));
    ssm =
        child(
            "ssm",
            new MultiHeadEma(
                width, config.averages(), config.bidirectional(), config.truncation()));
    gamma = parameter("gamma", TruncatedNormal.of(0.02), 2, config.queryWidth());
    beta = parameter("beta", Initializers.constant(0), 2, config.queryWidth());
    boolean local = config.positions() == Positions.LOCAL;
    bias =
        config.positions() == Positions.ROTARY
            ? null
            : child("rel_pos_bias", new RelativeBias(local ? 3L * window : config.maxPositions()));
    router = child("q_router", new LatentConfigurator(width, config.temperatureScale()));
    intoAttention = linear("mx_proj", width, config.queryWidth() + 2L * config.hidden());
    intoOptions = linear("hx_proj", width, OPTIONS + width);
    outOfAttention = linear("h_proj", config.hidden(), width);
    attention =
        new LocalWindowAttention(
            window,
            !config.bidirectional(),
            config.attention() == Attention.SOFTMAX,
            !local,
            // The authors' table of local distances begins a block off its middle.
            local ? 4 * window - 1 : config.maxPositions() - 1,
            config.attentionDropout());
  }

  private Linear linear(String name, long in, long out) {
    return child(name, new Linear(in, out, TruncatedNormal.of(0.02), Initializers.constant(0)));
  }

  /**
   * What a layer gives.
   *
   * @param hidden (B, L, D)
   * @param active (B, L), 1 where attention ran, 0 elsewhere
   */
  public record Result(NDArray hidden, NDArray active) {}

  /** {@inheritDoc} */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray valid = inputs.size() > 1 ? inputs.get(1) : null;
    Result result = forward(pass, inputs.get(0), Sequences.padded(valid));
    return new NDList(result.hidden(), result.active());
  }

  /**
   * Runs the layer.
   *
   * @param pass what the pass carries; a cache only if the layer is causal
   * @param x (B, L, D)
   * @param sequences padding and positions
   * @return hidden states and activated tokens
   */
  public Result forward(Pass pass, NDArray x, Sequences sequences) {
    NDArray input = config.preNorm() ? norm.forward(pass, x) : x;
    NDArray averaged = Arithmetic.silu(ssm.mix(pass, input, sequences));
    averaged = Dropout.apply(pass, averaged, config.dropout());
    NDList projected = intoOptions.forward(pass, averaged).split(new long[] {OPTIONS}, 2);
    NDArray options = router.forward(pass, projected.get(0));
    NDArray update = projected.get(1);
    NDArray chosen = options.get("..., 1");
    NDArray positions = positions(pass, x, sequences);
    NDArray active = activate(options, chosen, sequences).toType(x.getDataType(), false);
    active = pass.tap(this, "active", active);
    if (config.routing() != Routing.NEVER) {
      NDArray attended = attend(pass, averaged, active.gt(0.5), positions);
      NDArray weight = chosen.mul(active).expandDims(2);
      update = update.add(attended.mul(weight));
    }
    if (!config.bidirectional()) {
      update = Dropout.apply(pass, update, config.dropout());
    }
    NDArray hidden = Arithmetic.silu(update.add(x));
    return new Result(config.preNorm() ? hidden : norm.forward(pass, hidden), active);
  }

  private NDArray activate(NDArray options, NDArray chosen, Sequences sequences) {
    NDArray active =
        switch (config.routing()) {
          case LEARNED -> chosen.gt(options.get("..., 0"));
          case ALWAYS -> chosen.gte(0);
          case NEVER -> chosen.lt(0);
        };
    return sequences.valid() == null ? active : active.logicalAnd(sequences.valid());
  }

  private NDArray positions(Pass pass, NDArray x, Sequences sequences) {
    long length = x.getShape().get(1);
    NDArray positions = sequences.positions();
    if (pass.cache() != null) {
      DecodeState state = pass.cache().of(this);
      long seen = state.count("seen");
      state.setCount("seen", seen + length);
      positions = positions == null ? count(x, seen, length) : positions;
    }
    positions = positions == null ? count(x, 0, length) : positions;
    return positions.broadcast(new Shape(x.getShape().get(0), length));
  }

  private static NDArray count(NDArray x, long from, long length) {
    return x.getManager()
        .arange((int) from, (int) (from + length), 1, DataType.INT64, x.getDevice())
        .reshape(1, length);
  }

  /** Gated attention over the activated tokens, (B, L, D). */
  private NDArray attend(Pass pass, NDArray averaged, NDArray active, NDArray allPositions) {
    boolean streaming = pass.cache() != null;
    ActiveTokens tokens = new ActiveTokens(active, config.compressAlways() || streaming);
    NDArray positions = tokens.compress(allPositions);
    NDArray base = Arithmetic.silu(intoAttention.forward(pass, tokens.compress(averaged)));
    long[] ends = {config.queryWidth(), config.queryWidth() + config.hidden()};
    NDList parts = base.split(ends, 2);
    NDArray shared = parts.get(0);
    NDArray gate = parts.get(1);
    NDArray values = Dropout.apply(pass, parts.get(2), config.hiddenDropout());
    NDArray queries = affine(pass, shared, 0);
    NDArray keys = affine(pass, shared, 1);
    if (config.positions() == Positions.ROTARY) {
      queries = ROTARY.rotate(pass, queries.expandDims(1), positions).squeeze(1);
      keys = ROTARY.rotate(pass, keys.expandDims(1), positions).squeeze(1);
    }
    Tokens fresh = new Tokens(keys, values, tokens.valid(), positions);
    Tokens past = streaming ? remember(pass, fresh, tokens.counts()) : null;
    NDArray table = bias == null ? null : bias.table(pass, keys);
    NDArray attended =
        attention.attend(pass, Arithmetic.times(queries, scale()), fresh, past, table);
    NDArray result = outOfAttention.forward(pass, attended.mul(gate));
    if (config.bidirectional()) {
      result = Dropout.apply(pass, result, config.dropout());
    }
    return tokens.extract(result);
  }

  private NDArray affine(Pass pass, NDArray shared, long row) {
    NDArray scale = row(pass, gamma, shared, row);
    return shared.mul(scale).add(row(pass, beta, shared, row));
  }

  private static NDArray row(Pass pass, Parameter parameter, NDArray like, long row) {
    NDArray value = pass.value(parameter, like).get(row);
    value.attach(like.getManager());
    return value;
  }

  private double scale() {
    if (config.attention() == Attention.SOFTMAX) {
      return 1 / Math.sqrt(config.queryWidth());
    }
    return 1.0 / (config.bidirectional() ? 2L * config.window() : config.window());
  }

  /** Gives the activated tokens before these and remembers the last ones. */
  private Tokens remember(Pass pass, Tokens fresh, NDArray counts) {
    if (config.bidirectional()) {
      throw new IllegalStateException("a bidirectional layer cannot continue a sequence");
    }
    DecodeState state = pass.cache().of(this);
    NDArray keys = state.borrow("keys", fresh.keys());
    Tokens past =
        keys == null
            ? fresh.empty(config.window())
            : new Tokens(
                keys,
                state.borrow("values", keys),
                state.borrow("valid", keys),
                state.borrow("positions", keys));
    Tokens last = fresh.after(past).last(counts, config.window());
    state.put("keys", last.keys());
    state.put("values", last.values());
    state.put("valid", last.valid());
    state.put("positions", last.positions());
    return past;
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return Set.of("active");
  }
}
