package org.attentionzoo.blocks.papers.routingtransformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.engine.PtNDArray;
import java.util.Set;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.DecodeState;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.attention.Masks;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.sparse.OnlineKMeans;
import org.attentionzoo.blocks.sparse.TokenRows;

/**
 * Attention within clusters (Roy et al. 2020, section 4.1): each centroid takes the queries and the
 * keys that are most similar to it, so many of each, and they attend to each other; a token's
 * output is the mean over the clusters that took it. A token that none took gets zeros.
 *
 * <p>With causality a query sees the keys that are not later. But which tokens a centroid takes is
 * decided over the whole sequence, later tokens included; their values never reach a query. With a
 * decode cache, or if asked for, a centroid takes for each query the most similar ones of the
 * tokens up to it: strictly causal, and different from the whole sequence at once as soon as that
 * is longer than what a centroid takes.
 *
 * <p>State dict: {@code kmeans}, {@code mem_key} and {@code mem_value} (H, clusters, M, d): keys
 * and values that all queries of a cluster see.
 *
 * <p>Thread safety: as {@link OnlineKMeans}.
 */
public final class KMeansAttention extends ZooBlock {

  /** What is never seen, as the reference has it. */
  private static final double NEVER = -3.4028234663852886e38;

  /** A token's own key, seen only by who sees no other. */
  private static final double OWN = -5e4;

  private static final double SCATTER_EPSILON = 1e-5;

  private final KMeansAttentionConfig config;
  private final int memories;
  private final OnlineKMeans kmeans;
  private final Parameter memoryKeys;
  private final Parameter memoryValues;

  /**
   * Attention within clusters.
   *
   * @param config its sizes and switches
   */
  public KMeansAttention(KMeansAttentionConfig config) {
    this.config = config;
    memories = Math.max(config.memories(), config.causal() && !config.shared() ? 1 : 0);
    kmeans =
        child(
            "kmeans",
            new OnlineKMeans(
                config.heads(),
                config.clusters(),
                config.headWidth(),
                config.decay(),
                config.commitment()));
    memoryKeys = memory("mem_key");
    memoryValues = memory("mem_value");
  }

  /** Where there are none, the state dict has empty tensors, of which there is nothing to train. */
  private Parameter memory(String name) {
    long[] shape = {config.heads(), config.clusters(), memories, config.headWidth()};
    return memories == 0
        ? buffer(name, Initializers.constant(0), shape)
        : parameter(name, Initializers.normal(1), shape);
  }

  /**
   * The result of attention within clusters.
   *
   * @param output (B, H, L, d)
   * @param loss () what draws tokens towards centroids, weighed
   */
  public record Clustered(NDArray output, NDArray loss) {}

  /**
   * The pattern: (B H, clusters, window, M + window), memories first; with a decode cache or causal
   * selection (B, H, clusters, L, M + keys).
   */
  @Override
  public Set<String> tapPoints() {
    return Set.of(DotProductAttention.PATTERN);
  }

  /**
   * Attends.
   *
   * @param pass what the pass carries
   * @param inputs queries, keys and values (B, H, L, d), the keys being the queries if they are
   *     shared; optionally (B, L) boolean, false where padded
   * @return (B, H, L, d)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray valid = inputs.size() > 3 ? inputs.get(3) : null;
    return new NDList(attend(pass, inputs.get(0), inputs.get(1), inputs.get(2), valid).output());
  }

  /**
   * Attends.
   *
   * @param pass what the pass carries; with a cache, the tokens continue its sequences
   * @param q (B, H, L, d)
   * @param k (B, H, L, d), the queries if they are shared
   * @param v (B, H, L, d)
   * @param valid (B, L) boolean, false where padded; null for all
   * @return the result
   */
  public Clustered attend(Pass pass, NDArray q, NDArray k, NDArray v, NDArray valid) {
    boolean shared = config.shared();
    long length = q.getShape().get(2);
    // The reference lets padding take part in everything but the softmax.
    NDArray counted = config.routesPadding() || valid == null ? null : valid;
    NDArray routed = shared ? q : q.concat(k, 2);
    NDArray twice = counted == null || shared ? counted : counted.concat(counted, 1);
    OnlineKMeans.Routing routing = kmeans.route(pass, routed, twice);
    NDArray forQueries =
        shared ? routing.similarity() : routing.similarity().get(":, :, :{}", length);
    NDArray forKeys = shared ? forQueries : routing.similarity().get(":, :, {}:", length);
    NDArray keys = shared ? OnlineKMeans.unit(k) : k;
    NDArray output =
        pass.cache() != null || config.causalSelection()
            ? stepwise(pass, q, keys, v, forQueries, forKeys, valid)
            : clustered(pass, q, keys, v, forQueries, forKeys, counted, valid);
    return new Clustered(output, routing.loss());
  }

  private NDArray clustered(
      Pass pass,
      NDArray q,
      NDArray k,
      NDArray v,
      NDArray forQueries,
      NDArray forKeys,
      NDArray counted,
      NDArray valid) {
    Shape shape = q.getShape();
    long length = shape.get(2);
    long width = shape.get(3);
    long rows = shape.get(0) * shape.get(1);
    int window = (int) Math.min(config.window(), length);
    NDArray queryIndices = best(forQueries, counted, window);
    NDArray keyIndices = config.shared() ? queryIndices : best(forKeys, counted, window);
    Shape byCluster = new Shape(rows, config.clusters(), window, width);
    NDArray queries = TokenRows.gather(pass, q, queryIndices).reshape(byCluster);
    NDArray keys = TokenRows.gather(pass, k, keyIndices).reshape(byCluster);
    NDArray values = TokenRows.gather(pass, v, keyIndices).reshape(byCluster);
    NDArray query = queryIndices.reshape(rows, config.clusters(), window, 1);
    NDArray key = keyIndices.reshape(rows, config.clusters(), 1, window);
    NDArray seen = seen(query, key, q, valid);
    if (memories == 0 && !config.shared() && seen != null) {
      // Who sees nothing sees all values alike, whatever the query and the keys.
      NDArray live = seen.toType(q.getDataType(), false).max(new int[] {3}, true);
      queries = queries.mul(live);
      seen = seen.logicalOr(live.eq(0));
    }
    NDArray bias = seen == null && !config.shared() ? null : bias(seen, query, key, q);
    if (memories > 0) {
      keys = memory(pass, memoryKeys, q).concat(keys, 2);
      values = memory(pass, memoryValues, v).concat(values, 2);
    }
    double scale = 1 / Math.sqrt(width);
    NDArray context =
        DotProductAttention.attend(
            pass, this, queries, keys, values, null, bias, false, scale, config.dropout());
    NDArray found =
        context.reshape(shape.get(0), shape.get(1), (long) config.clusters() * window, width);
    return TokenRows.scatterMean(pass, found, queryIndices, length, SCATTER_EPSILON);
  }

  /** (B, H, clusters window) int64: the tokens that each centroid takes. */
  private NDArray best(NDArray similarity, NDArray counted, int window) {
    if (!(similarity instanceof PtNDArray)) {
      // A recorded graph has one form for all lengths, but up to the window a centroid takes as
      // many tokens as there are: reading a value refuses to be recorded.
      similarity.toFloatArray();
    }
    try (GradientMode ignored = GradientMode.off()) {
      NDArray byCluster = similarity.swapAxes(2, 3);
      if (counted != null) {
        NDArray keep =
            counted
                .toType(similarity.getDataType(), false)
                .reshape(counted.getShape().get(0), 1, 1, counted.getShape().get(1));
        byCluster = hide(byCluster, keep);
      }
      Shape shape = similarity.getShape();
      return byCluster
          .topK(window, 3, true, true)
          .get(1)
          .reshape(shape.get(0), shape.get(1), (long) config.clusters() * window);
    }
  }

  /** (B H, clusters, window, window) boolean, or null if every key of a cluster is seen. */
  private NDArray seen(NDArray query, NDArray key, NDArray like, NDArray valid) {
    NDArray earlier = config.causal() ? key.lte(query) : null;
    if (valid == null) {
      return earlier;
    }
    Shape shape = like.getShape();
    NDArray known =
        valid
            .toType(DataType.INT64, false)
            .expandDims(1)
            .broadcast(new Shape(shape.get(0), shape.get(1), shape.get(2)));
    NDArray both = known(known, query).mul(known(known, key)).gt(0);
    return Masks.both(earlier, both);
  }

  private static NDArray known(NDArray known, NDArray indices) {
    Shape shape = known.getShape();
    return known
        .gather(indices.reshape(shape.get(0), shape.get(1), -1), 2)
        .reshape(indices.getShape());
  }

  /** (B H, clusters, window, M + window). */
  private NDArray bias(NDArray seen, NDArray query, NDArray key, NDArray like) {
    long window = query.getShape().get(2);
    Shape shape = query.getShape();
    NDArray bias =
        seen == null
            ? like.getManager()
                .zeros(
                    new Shape(shape.get(0), shape.get(1), window, window),
                    like.getDataType(),
                    like.getDevice())
            : hidden(seen, like);
    if (config.shared()) {
      bias = own(bias, key.eq(query));
    }
    if (memories == 0) {
      return bias;
    }
    Shape front = new Shape(shape.get(0), shape.get(1), window, memories);
    return like.getManager().zeros(front, bias.getDataType(), like.getDevice()).concat(bias, 3);
  }

  private static NDArray hidden(NDArray seen, NDArray like) {
    NDArray keep = seen.toType(like.getDataType(), false);
    return Arithmetic.times(keep.neg().add(1), NEVER);
  }

  private static NDArray own(NDArray bias, NDArray same) {
    NDArray self = same.toType(bias.getDataType(), false);
    return bias.mul(self.neg().add(1)).add(Arithmetic.times(self, OWN));
  }

  private static NDArray hide(NDArray x, NDArray keep) {
    return x.mul(keep).add(Arithmetic.times(keep.neg().add(1), NEVER));
  }

  /** (B H, clusters, M, d). */
  private NDArray memory(Pass pass, Parameter memory, NDArray like) {
    Shape shape = like.getShape();
    NDArray all = pass.value(memory, like).expandDims(0);
    all.attach(like.getManager());
    long width = shape.get(3);
    return all.broadcast(new Shape(shape.get(0), shape.get(1), config.clusters(), memories, width))
        .reshape(shape.get(0) * shape.get(1), config.clusters(), memories, width);
  }

  /** Every pair of tokens for every cluster: for short pieces, and to see what selection tells. */
  private NDArray stepwise(
      Pass pass,
      NDArray q,
      NDArray k,
      NDArray v,
      NDArray forQueries,
      NDArray forKeys,
      NDArray valid) {
    NDArray keys = k;
    NDArray values = v;
    NDArray allQueries = forQueries;
    NDArray allKeys = forKeys;
    NDArray allValid = valid;
    long length = q.getShape().get(2);
    long earlier = 0;
    if (pass.cache() != null) {
      DecodeState state = pass.cache().of(this);
      NDArray oldKeys = state.borrow("keys", k);
      if (oldKeys != null) {
        earlier = oldKeys.getShape().get(2);
        keys = oldKeys.concat(k, 2);
        values = state.borrow("values", v).concat(v, 2);
        allKeys = state.borrow("forKeys", k).concat(forKeys, 2);
        allQueries =
            config.shared() ? allKeys : state.borrow("forQueries", k).concat(forQueries, 2);
        NDArray oldValid = state.borrow("valid", k);
        if (oldValid != null || valid != null) {
          allValid = orAllTrue(oldValid, oldKeys).concat(orAllTrue(valid, k), 1);
        }
      }
      state.put("keys", keys);
      state.put("values", values);
      state.put("forKeys", allKeys);
      if (!config.shared()) {
        state.put("forQueries", allQueries);
      }
      if (allValid != null) {
        state.put("valid", allValid);
      }
    }
    long count = earlier + length;
    NDArray place = q.getManager().arange(0, (int) count, 1, DataType.INT64, q.getDevice());
    NDArray column = place.reshape(1, count);
    NDArray row = place.get("{}:", earlier).reshape(length, 1);
    NDArray known = Masks.both(Masks.causal(q, length, count), Masks.keys(allValid));
    NDArray takenKeys = taken(allKeys, known); // (B, H, clusters, L, count)
    NDArray takenQueries = config.shared() ? takenKeys : taken(allQueries, known);
    NDArray self = column.eq(row).reshape(1, 1, 1, length, count);
    NDArray member =
        takenQueries.mul(self.toType(q.getDataType(), false)).sum(new int[] {-1}, true);
    NDArray logits =
        Arithmetic.times(q.matMul(keys.swapAxes(2, 3)), 1 / Math.sqrt(q.getShape().get(3)))
            .expandDims(2);
    NDArray bias = Arithmetic.times(takenKeys.neg().add(1), NEVER);
    NDArray all = logits.add(config.shared() ? own(bias, self) : bias);
    if (memories > 0) {
      NDArray held = held(pass, memoryKeys, q);
      NDArray front =
          Arithmetic.times(
              q.expandDims(2).matMul(held.swapAxes(3, 4)), 1 / Math.sqrt(q.getShape().get(3)));
      all = front.concat(all, 4);
    }
    NDArray pattern = pass.tap(this, DotProductAttention.PATTERN, all.softmax(4));
    NDArray context = pattern.get(":, :, :, :, {}:", memories).matMul(values.expandDims(2));
    if (memories > 0) {
      NDArray held = held(pass, memoryValues, q);
      context = context.add(pattern.get(":, :, :, :, :{}", memories).matMul(held));
    }
    return context
        .mul(member)
        .sum(new int[] {2})
        .div(member.sum(new int[] {2}).add(SCATTER_EPSILON));
  }

  /** (B, H, clusters, L, count): 1 for the tokens that a centroid takes of those up to a query. */
  private NDArray taken(NDArray similarity, NDArray known) {
    try (GradientMode ignored = GradientMode.off()) {
      NDArray keep = known.toType(similarity.getDataType(), false).expandDims(2);
      NDArray candidates = hide(similarity.swapAxes(2, 3).expandDims(3), keep);
      int window = (int) Math.min(config.window(), candidates.getShape().get(4));
      NDArray least = candidates.topK(window, 4, true, true).get(0).get("..., {}:", window - 1);
      return candidates.gte(least).toType(similarity.getDataType(), false).mul(keep);
    }
  }

  /** (1, H, clusters, M, d). */
  private static NDArray held(Pass pass, Parameter memory, NDArray like) {
    NDArray all = pass.value(memory, like).expandDims(0);
    all.attach(like.getManager());
    return all;
  }

  private static NDArray orAllTrue(NDArray valid, NDArray keys) {
    Shape shape = keys.getShape();
    return valid != null
        ? valid
        : keys.getManager().ones(new Shape(shape.get(0), shape.get(2)), DataType.BOOLEAN);
  }
}
