package org.attentionzoo.blocks.papers.sea;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.Activation;
import ai.djl.nn.Parameter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.DecodeState;
import org.attentionzoo.blocks.Measured;
import org.attentionzoo.blocks.Padding;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.LayerNorm;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.Sequential;
import org.attentionzoo.blocks.linear.LinearAttention;
import org.attentionzoo.blocks.linear.LinearAttentionConfig;
import org.attentionzoo.blocks.linear.RandomFeatures;
import org.attentionzoo.blocks.papers.sea.SeaConfig.Grouping;
import org.attentionzoo.blocks.sparse.CompressedMap;
import org.attentionzoo.blocks.sparse.PairAttention;

/**
 * SEA, sparse attention with an estimated mask (Lee et al. 2023): linear attention with random
 * features tells each token enough of its sequence to estimate its row of the attention pattern in
 * a few columns; the largest cells of the estimate say to which keys a query really attends.
 *
 * <p>The estimate costs the same for each token, and so does attention as long as a cell of the map
 * stands for less than {@code keys} keys: rows of more than columns times keys tokens attend to all
 * keys of one cell at least. No array of queries by keys is formed, but on the plain path and while
 * somebody listens at {@link DotProductAttention#PATTERN} or {@link #COVERAGE}, and by the loss.
 *
 * <p>Gradients reach the estimate through the scales and the average alone, and through the {@link
 * #loss}: choosing has none.
 *
 * <p>State dict: as {@code PerlinAttention} of the official code, without the modules that it never
 * runs, its constant buffers and the counter of calls. The random directions are never drawn anew,
 * as the official trainers do after every 1000 calls.
 */
public final class SeaCore extends ZooBlock implements Measured {

  /**
   * The tap of (3, B, H, L): for each query the mass that softmax gives to as many keys as are
   * wanted, the part of it that falls on keys that are attended to, and the share of the keys in
   * sight that are, which is the part that as many random keys would get.
   */
  public static final String COVERAGE = "coverage";

  /** Added to the sums of the causal features, as the official code does. */
  private static final double EPSILON = 1e-6;

  private final SeaConfig config;
  private final RandomFeatures queryFeatures;
  private final RandomFeatures keyFeatures;
  private final LinearAttention linear;
  private final Sequential encoder;
  private final Sequential rows;
  private final SeaPredictor predictor;
  private final Sequential scaler;
  private final Parameter positions;

  /**
   * Attention.
   *
   * @param config its sizes
   */
  public SeaCore(SeaConfig config) {
    this.config = config;
    int width = config.headWidth();
    queryFeatures =
        child(
            "performer",
            new RandomFeatures(
                width,
                config.features(),
                config.causal() ? RandomFeatures.Form.RELU : RandomFeatures.Form.QUERY));
    keyFeatures =
        queryFeatures.tied(config.causal() ? RandomFeatures.Form.RELU : RandomFeatures.Form.KEY);
    linear = new LinearAttention(LinearAttentionConfig.sum(config.causal()));
    int together = config.joint() ? config.heads() : 1;
    encoder =
        child(
            config.joint() ? "attention_predictor_enc_per_layer" : "attention_predictor_enc",
            new Sequential(
                new Linear(3L * width * together, 2L * width * together),
                new LayerNorm(2 * width * together)));
    rows =
        child(
            "attention_predictor_dec_row",
            new Sequential(
                new Linear(
                    2L * width, (long) config.columns() / config.narrowing() * config.splits())));
    predictor = child("attention_predictor_cnn", new SeaPredictor(config));
    scaler = child("attention_predictor_dec_scaler", new Sequential(new Linear(2L * width, 2)));
    positions =
        config.causal()
            ? parameter(
                "v_eye_learned_causal", Initializers.normal(1), 1, 1, config.positions(), width)
            : null;
  }

  /**
   * What queries may see.
   *
   * @param keys (B, H, S, d) all keys in sight, also of pieces before
   * @param values (B, H, S, d), 0 where padded
   * @param valid (B, S) boolean, false where a key is padding; null for none
   * @param counts (1 or B, 1 or L) float, how many keys a query sees, at least 1; they are the
   *     first ones
   * @param live (B, L) 1 and 0 where a query is padding; null for none
   */
  public record Sight(NDArray keys, NDArray values, NDArray valid, NDArray counts, NDArray live) {}

  /**
   * The estimated pattern.
   *
   * @param hidden (B, H, L, 2 d) what it was made from
   * @param scores (B, H, L, columns) its logits
   * @param weights (B, H, L, columns) the softmax of the logits, 0 where a query is padding
   */
  public record Estimate(NDArray hidden, NDArray scores, NDArray weights) {}

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return Set.of(DotProductAttention.PATTERN, COVERAGE);
  }

  /** The means of {@link #COVERAGE} over queries, heads and sequences. */
  @Override
  public List<Measurement> measurements() {
    return List.of(
        new Measurement(
            COVERAGE,
            coverage -> coverage.reshape(3, -1).mean(new int[] {1}),
            means -> {
              Map<String, Double> figures = new LinkedHashMap<>();
              figures.put("top_mass", means[0]);
              figures.put("top_mass_covered", means[1]);
              figures.put("keys_attended", means[2]);
              return figures;
            }));
  }

  /**
   * Attends within whole sequences without padding.
   *
   * @param pass what the pass carries
   * @param inputs queries, keys and values, each (B, H, L, d); causal queries come scaled
   * @return (B, H, L, d)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray q = inputs.get(0);
    return new NDList(
        attend(
            pass, q, inputs.get(1), inputs.get(2), sight(q, inputs.get(1), inputs.get(2), null)));
  }

  /**
   * What the queries of whole sequences see.
   *
   * @param q (B, H, L, d)
   * @param k (B, H, L, d)
   * @param v (B, H, L, d)
   * @param valid (B, L) boolean, false where padded, of attention in both directions; else null
   * @return what they see
   */
  public Sight sight(NDArray q, NDArray k, NDArray v, NDArray valid) {
    NDManager manager = q.getManager();
    float length = q.getShape().get(2);
    if (config.causal()) {
      NDArray counts = manager.arange(1f, length + 1f, 1f, q.getDataType(), q.getDevice());
      return new Sight(k, v, null, counts.expandDims(0), null);
    }
    if (valid == null) {
      NDArray counts = manager.full(new Shape(1, 1), length, q.getDataType(), q.getDevice());
      return new Sight(k, v, null, counts, null);
    }
    NDArray live = valid.toType(q.getDataType(), false);
    NDArray counts = Arithmetic.atLeast(live.sum(new int[] {1}, true), 1);
    return new Sight(k, v.mul(live.expandDims(1).expandDims(-1)), valid, counts, live);
  }

  /**
   * Attends.
   *
   * @param pass what the pass carries
   * @param q (B, H, L, d); causal queries come scaled
   * @param k (B, H, L, d) the keys of the same tokens
   * @param v (B, H, L, d)
   * @param sight what the queries see
   * @return (B, H, L, d)
   */
  public NDArray attend(Pass pass, NDArray q, NDArray k, NDArray v, Sight sight) {
    Estimate estimate = estimate(pass, q, k, v, sight, null);
    NDArray selected = selected(pass, estimate, sight);
    measure(pass, q, selected, sight);
    return context(pass, q, v, estimate, selected, sight);
  }

  /**
   * Estimates the pattern.
   *
   * @param pass what the pass carries; with a cache, the causal tokens continue its sequences
   * @param q (B, H, L, d)
   * @param k (B, H, L, d)
   * @param v (B, H, L, d)
   * @param sight what the queries see
   * @param places (L) or (B, L) int64, the places of causal tokens in their sequences; null for 0,
   *     1, 2, ...
   * @return the estimate
   * @throws IllegalArgumentException if sequences are longer than the learned positions
   */
  public Estimate estimate(
      Pass pass, NDArray q, NDArray k, NDArray v, Sight sight, NDArray places) {
    Shape shape = v.getShape();
    NDArray masked = v;
    NDArray identity = config.causal() ? learned(pass, v, places) : sampled(v, sight);
    identity = identity.broadcast(shape);
    if (sight.live() != null && !config.causal()) {
      NDArray live = sight.live().expandDims(1).expandDims(-1);
      masked = v.mul(live);
      identity = identity.mul(live);
    }
    NDArray values = Tensors.concat(new NDList(identity, masked, v.get("..., :1").onesLike()), -1);
    NDArray features = queryFeatures.forward(pass, q);
    NDArray live =
        config.causal() && sight.live() != null
            ? sight.live().toType(DataType.BOOLEAN, false)
            : null;
    NDArray sums =
        linear.attend(pass, queryFeatures, features, keyFeatures.forward(pass, k), values, live);
    NDArray total = sums.get("..., -1:");
    if (config.causal()) {
      total = total.add(Arithmetic.times(features.sum(new int[] {-1}, true), EPSILON));
    }
    NDArray means = sums.get("..., :-1").div(total);
    NDArray hidden = encode(pass, means.concat(masked, 3));
    NDArray scores = predictor.estimate(pass, split(rows.forward(pass, hidden)), only(sight));
    NDArray weights = scores.softmax(-1);
    if (sight.live() != null && !config.causal()) {
      weights = weights.mul(sight.live().expandDims(1).expandDims(-1));
    }
    return new Estimate(hidden, scores, weights);
  }

  /** Which rows the causal convolutions remember: with padding they come one by one. */
  private NDArray only(Sight sight) {
    return config.causal() ? sight.live() : null;
  }

  /** (1 or B, 1, L, d) learned vectors of the places. */
  private NDArray learned(Pass pass, NDArray v, NDArray places) {
    long length = v.getShape().get(2);
    NDArray at =
        places == null
            ? v.getManager().arange(0, (int) length, 1, DataType.INT64, v.getDevice())
            : places;
    if (length > config.positions()) {
      throw tooLong(length);
    }
    NDArray table = pass.value(positions, v).reshape(config.positions(), v.getShape().get(3));
    table.attach(v.getManager());
    NDArray vectors =
        ai.djl.nn.core.Embedding.embedding(at, table, SparseFormat.DENSE).singletonOrThrow();
    return vectors.getShape().dimension() == 2
        ? vectors.expandDims(0).expandDims(0)
        : vectors.expandDims(1);
  }

  IllegalArgumentException tooLong(long length) {
    return new IllegalArgumentException(
        "a sequence of "
            + length
            + " tokens; this attention has learned positions for "
            + config.positions()
            + ": shorten the sequence, or train with more positions");
  }

  /** (B or 1, 1, L, d) where a token stands, by linear interpolation between d unit vectors. */
  private NDArray sampled(NDArray v, Sight sight) {
    NDManager manager = v.getManager();
    Shape shape = v.getShape();
    long width = shape.get(3);
    NDArray place =
        sight.live() == null
            ? manager
                .arange(0f, (float) shape.get(2), 1f, v.getDataType(), v.getDevice())
                .expandDims(0)
            : sight.live().cumSum(1).sub(1);
    NDArray others = Arithmetic.atLeast(sight.counts().sub(1), EPSILON);
    NDArray at = Arithmetic.times(place.div(others), width - 1).expandDims(1).expandDims(-1);
    NDArray column = manager.arange(0f, (float) width, 1f, v.getDataType(), v.getDevice());
    return Activation.relu(at.sub(column).abs().neg().add(1));
  }

  private NDArray encode(Pass pass, NDArray seen) {
    if (!config.joint()) {
      return Activation.gelu(encoder.forward(pass, seen));
    }
    NDArray all = encoder.forward(pass, Tensors.joinHeads(seen));
    return Tensors.splitHeads(Activation.gelu(all), seen.getShape().get(1));
  }

  /** (B, H, L, s w) to (B, H s, L, w). */
  private NDArray split(NDArray x) {
    Shape shape = x.getShape();
    long splits = config.splits();
    long width = shape.get(3) / splits;
    return x.reshape(shape.get(0), shape.get(1), shape.get(2), splits, width)
        .transpose(0, 1, 3, 2, 4)
        .reshape(shape.get(0), shape.get(1) * splits, shape.get(2), width);
  }

  /**
   * The cells of the estimate that are attended to: of those that compete the largest, as many as
   * stand for about {@code keys} keys of each query and head.
   *
   * @param pass what the pass carries
   * @param estimate the estimate
   * @param sight what the queries see
   * @return (B, H, L, columns) boolean
   */
  public NDArray selected(Pass pass, Estimate estimate, Sight sight) {
    NDArray weights = estimate.weights().stopGradient();
    Shape shape = weights.getShape();
    long batch = shape.get(0);
    long heads = shape.get(1);
    long length = shape.get(2);
    long columns = shape.get(3);
    NDArray counts = sight.counts();
    NDArray cells =
        Arithmetic.times(
            counts.onesLike().div(counts), config.keys() * config.oversample() * columns);
    NDArray marked =
        switch (config.grouping()) {
          case QUERY -> CompressedMap.top(pass, weights, rounded(cells).reshape(-1, 1, 1, 1));
          case HEAD ->
              CompressedMap.top(
                      pass,
                      weights.reshape(batch, heads, length * columns),
                      rounded(counts.mul(cells)).reshape(-1, 1, 1))
                  .reshape(shape);
          case BATCH ->
              CompressedMap.top(
                      pass,
                      weights.reshape(batch, heads * length * columns),
                      rounded(Arithmetic.times(counts, heads).mul(cells)).reshape(-1, 1))
                  .reshape(shape);
          case CAUSAL_BATCH ->
              Tensors.splitHeads(
                  CompressedMap.top(
                      pass,
                      Tensors.joinHeads(weights),
                      rounded(Arithmetic.times(cells, heads)).expandDims(-1)),
                  heads);
        };
    boolean byRow =
        config.grouping() == Grouping.QUERY || config.grouping() == Grouping.CAUSAL_BATCH;
    if (sight.live() == null || config.causal() || !byRow) {
      return marked;
    }
    NDArray live = sight.live().toType(DataType.BOOLEAN, false).expandDims(1).expandDims(-1);
    return marked.logicalAnd(live);
  }

  private static NDArray rounded(NDArray cells) {
    return Arithmetic.atLeast(cells.round(), 1);
  }

  /**
   * The keys of the cells, as a mask.
   *
   * @param selected (B, H, L, columns) boolean
   * @param sight what the queries see
   * @param like an array of the wanted type
   * @return (B, H, L, S), 1 where a query attends to a key, else 0
   */
  public NDArray mask(NDArray selected, Sight sight, NDArray like) {
    NDArray columns = columns(selected.getShape(), sight);
    NDArray mask = CompressedMap.stretch(selected.toType(like.getDataType(), false), columns, 0);
    if (config.oversample() == 1) {
      return mask;
    }
    NDArray place =
        like.getManager()
            .arange(
                0f,
                (float) sight.keys().getShape().get(2),
                1f,
                like.getDataType(),
                like.getDevice());
    NDArray taken =
        CompressedMap.thinned(
            place, sight.counts().expandDims(-1), config.oversample(), config.keys());
    return mask.mul(taken.toType(like.getDataType(), false).expandDims(1));
  }

  private NDArray columns(Shape map, Sight sight) {
    NDArray counts = sight.counts();
    NDManager manager = counts.getManager();
    long count = sight.keys().getShape().get(2);
    NDArray index;
    NDArray seen = null;
    if (sight.valid() == null) {
      index = manager.arange(0f, (float) count, 1f, counts.getDataType(), counts.getDevice());
    } else {
      NDArray live = sight.valid().toType(counts.getDataType(), false);
      index = live.cumSum(1).sub(1).expandDims(1);
      seen = sight.valid().expandDims(1);
    }
    NDArray columns =
        CompressedMap.columns(index, counts.expandDims(-1), seen, Math.toIntExact(map.get(3)));
    return columns.expandDims(1);
  }

  /**
   * Stretches a map over the keys.
   *
   * @param map (B, H, L or 1, columns)
   * @param sight what the queries see
   * @param fill the value of keys that a query does not see
   * @return (B, H, L or 1, S)
   */
  public NDArray stretch(NDArray map, Sight sight, double fill) {
    return CompressedMap.stretch(map, columns(map.getShape(), sight), fill);
  }

  /**
   * The weights of the values, explicitly.
   *
   * @param pass what the pass carries
   * @param q (B, H, L, d)
   * @param estimate the estimate
   * @param mask (B, H, L, S), 1 where a query attends to a key, else 0
   * @param sight what the queries see
   * @return (B, H, L, S); rows sum to 1 at most
   */
  public NDArray weights(Pass pass, NDArray q, Estimate estimate, NDArray mask, Sight sight) {
    NDArray weights = PairAttention.weights(q, sight.keys(), mask, config.scale());
    if (!config.scaled()) {
      return weights;
    }
    return weights.mul(scales(pass, estimate).get("..., :1"));
  }

  private NDArray scales(Pass pass, Estimate estimate) {
    return Activation.sigmoid(scaler.forward(pass, estimate.hidden()));
  }

  /**
   * The means of the values under the weights, mixed with an average of all values: of those seen
   * so far, or by the mean of the estimated pattern over all queries.
   *
   * @param pass what the pass carries; with a cache, the sum of values is remembered
   * @param q (B, H, L, d)
   * @param v (B, H, L, d) the values of the same tokens
   * @param estimate the estimate
   * @param selected (B, H, L, columns) boolean
   * @param sight what the queries see
   * @return (B, H, L, d)
   */
  public NDArray context(
      Pass pass, NDArray q, NDArray v, Estimate estimate, NDArray selected, Sight sight) {
    NDArray scales = scales(pass, estimate);
    NDArray attended;
    if (pass.kernels(q) && !pass.listens(this, DotProductAttention.PATTERN)) {
      long keys = sight.keys().getShape().get(2);
      NDList pairs =
          CompressedMap.pairs(
              selected, sight.counts(), order(sight), keys, config.oversample(), config.keys());
      attended =
          PairAttention.attend(
              q, sight.keys(), sight.values(), pairs.get(0), pairs.get(1), config.scale());
      attended = config.scaled() ? attended.mul(scales.get("..., :1")) : attended;
    } else {
      NDArray weights = weights(pass, q, estimate, mask(selected, sight, q), sight);
      weights = pass.tap(this, DotProductAttention.PATTERN, weights);
      attended = weights.matMul(sight.values());
    }
    NDArray share = scales.get("..., 1:");
    NDArray average = config.causal() ? soFar(pass, v, sight) : everywhere(estimate, sight);
    return attended.mul(share).add(average.mul(Tensors.oneMinus(share)));
  }

  /**
   * Tells who listens at {@link #COVERAGE} what the selected cells cover.
   *
   * @param pass what the pass carries
   * @param q (B, H, L, d)
   * @param selected (B, H, L, columns) boolean
   * @param sight what the queries see
   */
  public void measure(Pass pass, NDArray q, NDArray selected, Sight sight) {
    if (pass.listens(this, COVERAGE)) {
      pass.tap(this, COVERAGE, coverage(pass, q, mask(selected, sight, q), sight));
    }
  }

  /** (B, S): which key is the first, second, ... of its sequence; null if they are in order. */
  private static NDArray order(Sight sight) {
    return sight.valid() == null ? null : new Padding(sight.valid()).order();
  }

  private NDArray soFar(Pass pass, NDArray v, Sight sight) {
    NDArray live = v;
    if (sight.live() != null) {
      live = v.mul(sight.live().expandDims(1).expandDims(-1));
    }
    NDArray sum = live.cumSum(2);
    if (pass.cache() != null) {
      DecodeState state = pass.cache().of(this);
      NDArray before = state.borrow("sum", v);
      sum = before == null ? sum : sum.add(before);
      state.put("sum", sum.get(":, :, -1:"));
    }
    return sum.div(sight.counts().expandDims(1).expandDims(-1));
  }

  private NDArray everywhere(Estimate estimate, Sight sight) {
    NDArray mean = estimate.weights().mean(new int[] {2}, true);
    return stretch(mean, sight, 0).matMul(sight.values());
  }

  private NDArray coverage(Pass pass, NDArray q, NDArray mask, Sight sight) {
    NDArray sees = sees(q, sight);
    NDArray teacher = PairAttention.weights(q, sight.keys(), sees, config.scale());
    NDArray wanted = teacher.getManager().full(new Shape(1), (float) config.keys());
    NDArray best = CompressedMap.top(pass, teacher, wanted);
    NDArray top = teacher.mul(best.toType(DataType.FLOAT32, false));
    int[] last = {3};
    NDArray visited = mask.mul(sees).sum(last).div(Arithmetic.atLeast(sees.sum(last), 1));
    return ai.djl.ndarray.NDArrays.stack(
        new NDList(top.sum(last), top.mul(mask).sum(last), visited), 0);
  }

  /** (B, H, L, S), 1 where a query sees a key. */
  NDArray sees(NDArray q, Sight sight) {
    Shape shape = q.getShape();
    NDArray map =
        q.getManager()
            .ones(
                new Shape(shape.get(0), shape.get(1), shape.get(2), config.columns()),
                q.getDataType());
    return stretch(map, sight, 0);
  }

  /**
   * The loss by which the estimate learns a teacher's pattern, and the outputs its outputs: 0.1 of
   * the divergence of the stretched estimate's softmax from the teacher's, their mean square
   * difference, both again for the dense scores of the queries and keys, and the mean square
   * difference of the outputs. Divergences are divided by the rows if causal, else by the valid
   * tokens. Forms arrays of queries by keys; for whole sequences.
   *
   * @param estimate the estimate
   * @param teacherScores (B, H, L, L) logits, masked here
   * @param studentScores (B, H, L, L) logits of the queries and keys; null if they are the
   *     teacher's own
   * @param context the outputs, of any shape; null for the loss of the patterns alone
   * @param teacherContext the teacher's
   * @param sight what the queries see
   * @return a scalar
   */
  public NDArray loss(
      Estimate estimate,
      NDArray teacherScores,
      NDArray studentScores,
      NDArray context,
      NDArray teacherContext,
      Sight sight) {
    NDArray sees = sees(teacherScores, sight);
    NDArray teacher = masked(teacherScores, sees).softmax(3).stopGradient();
    NDArray loss = nearness(stretch(estimate.scores(), sight, 0), teacher, sees, sight);
    if (studentScores != null) {
      loss = loss.add(nearness(studentScores, teacher, sees, sight));
    }
    return context == null ? loss : loss.add(teacherContext.sub(context).square().mean());
  }

  /**
   * The dense logits.
   *
   * @param q (B, H, L, d)
   * @param k (B, H, S, d)
   * @return (B, H, L, S)
   */
  public NDArray scores(NDArray q, NDArray k) {
    return Arithmetic.times(q.matMul(k.transpose(0, 1, 3, 2)), config.scale());
  }

  /** Far below any score, yet such that its square is finite. */
  private static NDArray masked(NDArray scores, NDArray sees) {
    return scores.mul(sees).add(Arithmetic.times(sees.sub(1), 1e18));
  }

  private NDArray nearness(NDArray scores, NDArray teacher, NDArray sees, Sight sight) {
    NDArray logits = masked(scores, sees).logSoftmax(3);
    NDArray rows = teacher.mul(Arithmetic.atLeast(teacher, 1e-30).log().sub(logits)).mul(sees);
    NDArray divergence;
    if (config.causal()) {
      Shape shape = rows.getShape();
      divergence = Arithmetic.times(rows.sum(), 1.0 / (shape.get(0) * shape.get(1) * shape.get(2)));
    } else if (sight.live() == null) {
      Shape shape = rows.getShape();
      divergence = Arithmetic.times(rows.sum(), 1.0 / (shape.get(0) * shape.get(3)));
    } else {
      NDArray live = sight.live();
      divergence =
          rows.mul(live.expandDims(1).expandDims(-1)).sum().div(Arithmetic.atLeast(live.sum(), 1));
    }
    NDArray difference = logits.exp().sub(teacher).square().mean();
    return Arithmetic.times(divergence, 0.1).add(difference);
  }
}
