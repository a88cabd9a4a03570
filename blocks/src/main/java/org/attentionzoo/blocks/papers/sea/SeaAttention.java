package org.attentionzoo.blocks.papers.sea;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.DecodeState;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Padding;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Taps;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.papers.sea.SeaCore.Estimate;
import org.attentionzoo.blocks.papers.sea.SeaCore.Sight;
import org.attentionzoo.blocks.positions.Rotary;
import org.attentionzoo.blocks.sparse.PairAttention;

/**
 * {@link SeaCore} between the projections of a multi-head attention, whose place it can take in a
 * trained model. While it learns the pattern of softmax attention, it still gives what softmax
 * gives.
 *
 * <p>Attention in both directions sees padding as zeros, which yet take part in the estimate, as in
 * the official code: more padding changes the estimate a little.
 *
 * <p>State dict: {@code q_proj}, {@code k_proj}, {@code v_proj}, {@code o_proj}, {@code perlin}.
 */
public final class SeaAttention extends MixerBlock {

  /** What a converted attention does. */
  public enum Stage {
    /** Attends to the keys of the estimated mask; the estimate learns nothing by it. */
    SPARSE,
    /**
     * The same, and in training the estimate learns the pattern that softmax would give to these
     * very queries and keys, which takes arrays of queries by keys (the official code's {@code
     * KD_SELF_TEACHER}).
     */
    SELF_TAUGHT,
    /** Softmax attention, and a loss by which the estimate learns its pattern. */
    TRANSFER
  }

  private final Config config;
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final Linear output;
  private final SeaCore core;

  /**
   * Sizes and parts.
   *
   * @param width the size of the hidden states
   * @param keyValueHeads the number of key and value heads; divides heads
   * @param bias whether the projections have biases
   * @param rotary rotary positions; null for none
   * @param core the estimate and attention
   * @param stage what a converted attention does
   * @param share the factor of this layer's loss while it learns, for example one by the number of
   *     layers
   */
  public record Config(
      int width,
      int keyValueHeads,
      boolean bias,
      Rotary rotary,
      SeaConfig core,
      Stage stage,
      double share) {

    /** Checks the sizes. */
    public Config {
      if (width < 1 || keyValueHeads < 1 || core.heads() % keyValueHeads != 0) {
        throw new IllegalArgumentException(
            "width must be positive and heads a multiple of keyValueHeads; got "
                + width
                + ", "
                + core.heads()
                + " and "
                + keyValueHeads);
      }
    }
  }

  private record Heads(NDArray q, NDArray k, NDArray v) {}

  /**
   * Attention.
   *
   * @param config its sizes and parts
   */
  public SeaAttention(Config config) {
    this.config = config;
    int inner = config.core().heads() * config.core().headWidth();
    int grouped = config.keyValueHeads() * config.core().headWidth();
    query = child("q_proj", new Linear(config.width(), inner, config.bias()));
    key = child("k_proj", new Linear(config.width(), grouped, config.bias()));
    value = child("v_proj", new Linear(config.width(), grouped, config.bias()));
    output = child("o_proj", new Linear(inner, config.width(), config.bias()));
    core = child("perlin", new SeaCore(config.core()));
  }

  /** {@inheritDoc} */
  @Override
  public String role() {
    return "attention";
  }

  /** {@inheritDoc} */
  @Override
  public boolean isCausal() {
    return config.core().causal();
  }

  /** {@inheritDoc} */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    NDArray valid = sequences.valid();
    if (!isCausal()) {
      return both(pass, hidden, sequences);
    }
    if (pass.cache() != null) {
      return continued(pass, hidden, sequences);
    }
    if (valid == null) {
      return whole(pass, heads(pass, hidden, places(pass, hidden, sequences)), null);
    }
    Padding padding = new Padding(valid);
    NDArray compact = padding.compact(hidden);
    Heads heads = heads(pass, compact, places(pass, compact, Sequences.FULL));
    return padding.restore(whole(pass, heads, padding.valid()));
  }

  /** Counted here, so that the places do not depend on the caller's positions. */
  private NDArray places(Pass pass, NDArray hidden, Sequences sequences) {
    return Sequences.padded(sequences.valid()).positions(pass, this, hidden);
  }

  private NDArray both(Pass pass, NDArray hidden, Sequences sequences) {
    NDArray valid = sequences.valid();
    Heads heads =
        heads(pass, hidden, config.rotary() == null ? null : places(pass, hidden, sequences));
    if (valid != null) {
      NDArray live = valid.toType(hidden.getDataType(), false).expandDims(1).expandDims(-1);
      heads = new Heads(heads.q().mul(live), heads.k().mul(live), heads.v().mul(live));
    }
    return whole(pass, heads, valid);
  }

  /** Causal padding stands behind the tokens, where none of them sees it. */
  private NDArray whole(Pass pass, Heads heads, NDArray valid) {
    Sight sight = core.sight(heads.q(), heads.k(), heads.v(), isCausal() ? null : valid);
    NDArray softmax = null;
    NDArray merged = null;
    if (config.stage() == Stage.TRANSFER) {
      // Gradients would go through the projections, which stay as they are.
      try (GradientMode ignored = GradientMode.off()) {
        softmax = softmax(pass, heads.q(), sight);
        merged = merge(pass, softmax);
      }
      if (!pass.isTraining() && !pass.listens(core, SeaCore.COVERAGE)) {
        return merged;
      }
    }
    Estimate estimate = core.estimate(pass, heads.q(), heads.k(), heads.v(), sight, null);
    NDArray selected = core.selected(pass, estimate, sight);
    core.measure(pass, heads.q(), selected, sight);
    Pass unheard = config.stage() == Stage.TRANSFER ? pass.with(Taps.NONE) : pass;
    NDArray context = core.context(unheard, heads.q(), heads.v(), estimate, selected, sight);
    if (config.stage() != Stage.SPARSE && pass.isTraining()) {
      NDArray scores;
      try (GradientMode ignored = GradientMode.off()) {
        scores = core.scores(heads.q(), heads.k());
      }
      NDArray loss =
          core.loss(estimate, scores, null, softmax == null ? null : context, softmax, sight);
      pass.addAuxiliaryLoss("transfer", Arithmetic.times(loss, config.share()));
    }
    return merged == null ? merge(pass, context) : merged;
  }

  /** (B, H, L, d) what the model gave before the conversion. */
  private NDArray softmax(Pass pass, NDArray q, Sight sight) {
    NDArray weights =
        PairAttention.weights(q, sight.keys(), core.sees(q, sight), config.core().scale());
    return pass.tap(core, DotProductAttention.PATTERN, weights).matMul(sight.values());
  }

  /** Goes on from the pieces before; rows of unequal length take one token at a time. */
  private NDArray continued(Pass pass, NDArray hidden, Sequences sequences) {
    NDArray valid = sequences.valid();
    DecodeState state = pass.cache().of(this);
    if (valid == null && state.get("valid") == null) {
      return piece(pass, hidden, null);
    }
    long batch = hidden.getShape().get(0);
    NDList outputs = new NDList();
    for (long t = 0; t < hidden.getShape().get(1); t++) {
      NDArray live =
          valid == null
              ? hidden.getManager().ones(new Shape(batch, 1), DataType.BOOLEAN)
              : valid.get(":, {}:{}", t, t + 1);
      outputs.add(piece(pass, hidden.get(":, {}:{}", t, t + 1), live));
    }
    return Tensors.concat(outputs, 1);
  }

  private NDArray piece(Pass pass, NDArray hidden, NDArray valid) {
    NDArray places = places(pass, hidden, Sequences.padded(valid));
    Heads heads = heads(pass, hidden, places);
    DecodeState state = pass.cache().of(this);
    NDArray keys = heads.k();
    NDArray values = heads.v();
    NDArray all = valid;
    NDArray before = state.borrow("keys", keys);
    if (before != null) {
      keys = before.concat(keys, 2);
      values = state.borrow("values", values).concat(values, 2);
      if (valid != null) {
        NDArray validBefore = state.borrow("valid", hidden);
        Shape shape = before.getShape();
        all =
            (validBefore != null
                    ? validBefore
                    : hidden
                        .getManager()
                        .ones(new Shape(shape.get(0), shape.get(2)), DataType.BOOLEAN))
                .concat(valid, 1);
      }
    }
    long length = keys.getShape().get(2);
    if (length > config.core().positions()) {
      throw core.tooLong(length);
    }
    state.put("keys", keys);
    state.put("values", values);
    if (all != null) {
      state.put("valid", all);
    }
    NDArray counts = places.add(1).toType(hidden.getDataType(), false);
    counts = counts.getShape().dimension() == 1 ? counts.expandDims(0) : counts;
    NDArray live = valid == null ? null : valid.toType(hidden.getDataType(), false);
    Sight sight = new Sight(keys, values, all, counts, live);
    if (config.stage() == Stage.TRANSFER) {
      return merge(pass, softmax(pass, heads.q(), sight));
    }
    Estimate estimate = core.estimate(pass, heads.q(), heads.k(), heads.v(), sight, places);
    NDArray selected = core.selected(pass, estimate, sight);
    return merge(pass, core.context(pass, heads.q(), heads.v(), estimate, selected, sight));
  }

  private Heads heads(Pass pass, NDArray hidden, NDArray places) {
    int heads = config.core().heads();
    NDArray q = Tensors.splitHeads(query.forward(pass, hidden), heads);
    NDArray k = Tensors.splitHeads(key.forward(pass, hidden), config.keyValueHeads());
    NDArray v = Tensors.splitHeads(value.forward(pass, hidden), config.keyValueHeads());
    if (config.rotary() != null) {
      q = config.rotary().rotate(pass, q, places);
      k = config.rotary().rotate(pass, k, places);
    }
    if (isCausal()) {
      // By a vector: ONNX Runtime loses a product with one number that two others use.
      float scale = (float) (1 / Math.sqrt(config.core().headWidth()));
      q =
          q.mul(
              q.getManager()
                  .full(
                      new Shape(config.core().headWidth()), scale, q.getDataType(), q.getDevice()));
    }
    int copies = heads / config.keyValueHeads();
    return new Heads(
        q, copies == 1 ? k : k.repeat(1, copies), copies == 1 ? v : v.repeat(1, copies));
  }

  private NDArray merge(Pass pass, NDArray x) {
    return output.forward(pass, Tensors.joinHeads(x));
  }
}
