package org.attentionzoo.blocks.papers.dhsa;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Measured;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.attention.CausalKeys;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.papers.dhsa.DhsaConfig.Method;
import org.attentionzoo.blocks.papers.dhsa.DhsaConfig.Stage;

/**
 * The attention of a trained decoder whose first pass over a sequence is sparse (DHSA, arXiv
 * 2510.24606): keys are cut into chunks, and blocks of queries attend to the keys of the chunks
 * that fit them. What follows in a decode cache attends densely, as does a sequence that is not
 * longer than the budget, or padded.
 *
 * <p>Causal in what is read: no value of a later token acts. Which earlier keys are chosen may
 * depend on later tokens: of the query's block, and of a chunk that ends behind the query.
 *
 * <p>State dict: {@code q_proj}, {@code k_proj}, {@code v_proj}, {@code o_proj} as a decoder has
 * them, and {@code boundary_predictor} in the layer that owns it; all layers use the same. Taps:
 * {@code pattern} (B, H, L, L), in which a key that is chosen twice has the sum of its shares, and
 * {@code boundaries}.
 */
public final class DhsaAttention extends MixerBlock implements Measured {

  /**
   * The tap of (3, B, L): for each token the predictor's logit of a chunk's end, the ratio that it
   * learns from and whether it counts.
   */
  public static final String BOUNDARIES = "boundaries";

  private static final double NEVER = -100;
  private static final double ALPHA = 2;
  private static final double RATIO = 2;
  private static final double POSITIVE_WEIGHT = 1.3;
  private static final double GAMMA = 2;
  private static final int TOP_SHARE = 8;
  private static final double HIDDEN = -1e30;

  private final DhsaConfig config;
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final Linear output;
  private final BoundaryPredictor predictor;
  private final HierarchicalAttention sparse;
  private final double scale;

  /**
   * Attention.
   *
   * @param config its sizes and switches
   * @param owner the layer whose predictor this one uses; null if it has one of its own
   */
  public DhsaAttention(DhsaConfig config, DhsaAttention owner) {
    this.config = config;
    int headWidth = config.width() / config.heads();
    int grouped = config.keyValueHeads() * headWidth;
    query = child("q_proj", new Linear(config.width(), config.width(), false));
    key = child("k_proj", new Linear(config.width(), grouped, false));
    value = child("v_proj", new Linear(config.width(), grouped, false));
    output = child("o_proj", new Linear(config.width(), config.width(), false));
    predictor =
        owner == null
            ? child("boundary_predictor", new BoundaryPredictor(config.predictor()))
            : owner.predictor;
    scale = 1 / Math.sqrt(headWidth);
    sparse = new HierarchicalAttention(config.selection(), scale);
  }

  /** {@inheritDoc} */
  @Override
  public String role() {
    return "attention";
  }

  /** {@inheritDoc} */
  @Override
  public boolean isCausal() {
    return true;
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return config.stage() == Stage.LEARN_BOUNDARIES
        ? Set.of(DotProductAttention.PATTERN, BOUNDARIES)
        : Set.of(DotProductAttention.PATTERN);
  }

  /**
   * While the predictor learns: how many of the eighth of the tokens with the greatest ratios are
   * among the eighth with the greatest logits, and how many would be by chance.
   */
  @Override
  public List<Measurement> measurements() {
    if (config.stage() != Stage.LEARN_BOUNDARIES) {
      return List.of();
    }
    return List.of(
        new Measurement(
            BOUNDARIES,
            DhsaAttention::overlap,
            means -> {
              Map<String, Double> figures = new LinkedHashMap<>();
              figures.put("boundary_overlap", means[0]);
              figures.put("boundary_chance", means[1]);
              return figures;
            }));
  }

  private static NDArray overlap(NDArray tapped) {
    NDArray counted = tapped.get(2);
    NDArray logits = tapped.get(0).add(Arithmetic.times(counted.sub(1), -NEVER));
    NDArray ratios = tapped.get(1).mul(counted);
    int length = (int) logits.getShape().get(1);
    int top = Math.max(1, length / TOP_SHARE);
    NDArray both = greatest(logits, top).mul(greatest(ratios, top));
    NDArray found = Arithmetic.times(both.sum(new int[] {1}).mean(), 1.0 / top);
    NDArray tokens = counted.sum(new int[] {1}).mean();
    NDArray chance = Arithmetic.times(tokens.onesLike(), top).div(Arithmetic.atLeast(tokens, top));
    return NDArrays.stack(new NDList(found, chance));
  }

  /** 1 at the greatest of each row, else 0. */
  private static NDArray greatest(NDArray x, int count) {
    long length = x.getShape().get(1);
    NDArray least = x.sort(1).get(":, {}:{}", length - count, length - count + 1);
    return x.gte(least).toType(DataType.FLOAT32, false);
  }

  /** {@inheritDoc} */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    NDArray q = Tensors.splitHeads(query.forward(pass, hidden), config.heads());
    NDArray k = Tensors.splitHeads(key.forward(pass, hidden), config.keyValueHeads());
    NDArray v = Tensors.splitHeads(value.forward(pass, hidden), config.keyValueHeads());
    if (config.rotary() != null) {
      NDArray positions = sequences.positions(pass, this, hidden);
      q = config.rotary().rotate(pass, q, positions);
      k = config.rotary().rotate(pass, k, positions);
    }
    long length = hidden.getShape().get(1);
    boolean first = pass.cache() == null || pass.cache().of(this).get("keys") == null;
    CausalKeys seen = CausalKeys.of(pass, this, k, v, sequences);
    NDArray read;
    if (config.stage() == Stage.LEARN_BOUNDARIES && pass.cache() == null) {
      read = learn(pass, q, k, seen, sequences.valid());
    } else if (first && isSparse(length, sequences)) {
      read = sparse(pass, q, k, v);
    } else {
      read = dense(pass, q, seen);
    }
    return output.forward(pass, Tensors.joinHeads(read));
  }

  private boolean isSparse(long length, Sequences sequences) {
    SelectionConfig selection = config.selection();
    return config.method() != Method.DENSE
        && sequences.valid() == null
        && length > selection.budget()
        && length > selection.instruction();
  }

  /** Reads a whole sequence; who listens gets every token's weights, written out. */
  private NDArray sparse(Pass pass, NDArray q, NDArray k, NDArray v) {
    NDArray keys = repeat(k);
    NDArray values = repeat(v);
    boolean listens = pass.listens(this, DotProductAttention.PATTERN);
    NDArray averaged = listens ? identity(values) : values;
    NDList inputs = new NDList(q, keys, averaged, borders(pass, q, k));
    if (config.method() == Method.RANDOM) {
      inputs.add(random(pass, q));
    }
    NDArray read = sparse.forward(pass, inputs).head();
    return listens ? pass.tap(this, DotProductAttention.PATTERN, read).matMul(values) : read;
  }

  private static NDArray identity(NDArray values) {
    Shape shape = values.getShape();
    long length = shape.get(2);
    return values
        .getManager()
        .eye((int) length)
        .toDevice(values.getDevice(), false)
        .broadcast(new Shape(shape.get(0), shape.get(1), length, length));
  }

  private NDArray dense(Pass pass, NDArray q, CausalKeys seen) {
    return DotProductAttention.attend(
        pass,
        this,
        q,
        repeat(seen.keys()),
        repeat(seen.values()),
        seen.mask(),
        null,
        seen.causal(),
        scale,
        0);
  }

  /** Dense attention, from whose weights the predictor learns. */
  private NDArray learn(Pass pass, NDArray q, NDArray k, CausalKeys seen, NDArray valid) {
    int window = config.predictor().window();
    NDArray read;
    NDArray ratios;
    NDArray features;
    // The decoder stays as it is.
    try (GradientMode ignored = GradientMode.off()) {
      read = dense(pass, q, seen);
      ratios = ratios(q, k, seen);
      features = features(k);
    }
    NDArray logits = predictor.forward(pass, features);
    NDArray counted = BoundaryLabels.counted(logits, q.getShape().get(2), window);
    if (valid != null) {
      counted = counted.logicalAnd(valid);
    }
    NDArray targets =
        BoundaryLabels.targets(Arithmetic.atLeast(ratios, 1), ALPHA, Math.log(RATIO), true);
    NDArray loss =
        BoundaryLabels.focalLoss(
            logits, targets, counted, POSITIVE_WEIGHT, GAMMA, BoundaryLabels.Reduction.MEAN);
    pass.addAuxiliaryLoss("boundaries", Arithmetic.times(loss, config.share()));
    if (pass.listens(this, BOUNDARIES)) {
      Shape shape = logits.getShape();
      NDArray live = counted.toType(DataType.FLOAT32, false).broadcast(shape);
      NDArray told = ratios.toType(DataType.FLOAT32, false);
      pass.tap(this, BOUNDARIES, NDArrays.stack(new NDList(logits, told, live), 0));
    }
    return read;
  }

  /** (B, L) from dense attention. */
  private NDArray ratios(NDArray q, NDArray k, CausalKeys seen) {
    NDArray logits = Arithmetic.times(q.matMul(repeat(k).swapAxes(2, 3)), scale);
    NDArray allowed = seen.allowed();
    NDArray hide = Arithmetic.times(allowed.toType(DataType.FLOAT32, false).sub(1), -HIDDEN);
    NDArray weights = logits.add(hide).softmax(3).mean(new int[] {1});
    return BoundaryLabels.ratios(weights, config.predictor().window(), config.selection().window());
  }

  /** Where chunks begin and end: (B, C + 1). */
  private NDArray borders(Pass pass, NDArray q, NDArray k) {
    NDManager manager = k.getManager();
    long batch = k.getShape().get(0);
    int length = (int) k.getShape().get(2);
    int step =
        switch (config.method()) {
          case FIXED -> config.chunk();
          case TOKENS -> 1;
          default -> length;
        };
    boolean predicted = config.method() == Method.PREDICTED;
    if (!predicted && config.method() != Method.LABELLED) {
      NDArray starts = manager.arange(0, length, step, DataType.INT64, k.getDevice());
      NDArray end = manager.arange(length, length + 1, 1, DataType.INT64, k.getDevice());
      NDArray all = starts.concat(end, 0);
      return all.expandDims(0).broadcast(new Shape(batch, all.size()));
    }
    int window = config.predictor().window();
    try (GradientMode ignored = GradientMode.off()) {
      NDArray scores;
      if (predicted) {
        NDArray token = manager.arange(0, length, 1, DataType.INT64, k.getDevice());
        NDArray whole = token.gte(window - 1L).logicalAnd(token.lt(length - (long) window));
        NDArray live = whole.toType(DataType.FLOAT32, false).expandDims(0);
        scores =
            predictor
                .forward(pass, features(k))
                .mul(live)
                .add(Arithmetic.times(live.sub(1), -NEVER));
      } else {
        scores =
            ratios(q, k, CausalKeys.of(Pass.inference(pass.store()), this, k, k, Sequences.FULL));
      }
      SelectionConfig selection = config.selection();
      int chunks = Math.max(1, length / selection.block() * config.chunksPerBlock());
      return new Boundaries(config.threshold(), chunks, config.apart(), selection.instruction())
          .choose(pass, scores);
    }
  }

  private NDArray random(Pass pass, NDArray q) {
    Shape shape = q.getShape();
    SelectionConfig selection = config.selection();
    long queries = shape.get(2) - Math.max(0, selection.instruction());
    long blocks = (queries + selection.block() - 1) / selection.block();
    NDArray scores =
        q.getManager().randomUniform(0, 1, new Shape(shape.get(0), blocks, shape.get(2)));
    return KeySelection.chosen(pass, selection, scores.toDevice(q.getDevice(), false));
  }

  /** (B, G, L, d) to (B, L, G d): the keys as the predictor sees them. */
  private static NDArray features(NDArray k) {
    return Tensors.joinHeads(k).stopGradient();
  }

  private NDArray repeat(NDArray x) {
    int copies = config.heads() / config.keyValueHeads();
    return copies == 1 ? x : x.repeat(1, copies);
  }
}
