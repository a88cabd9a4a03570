package org.attentionzoo.blocks.papers.superlinearattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.NotRecordableException;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.sparse.GatheredAttention;
import org.attentionzoo.blocks.sparse.TopSelection;

/**
 * Superlinear attention with two steps (arXiv 2601.18401), no parameters. A query scores the keys
 * on its stripes by a search query of its own; around each of the best, its anchors, lies a span;
 * the query attends to each span together with its sliding window, and the results are mixed by the
 * softmax of the anchors' scores. Through these the search query learns: the choice has no
 * gradient. Scores of the search are not scaled; those of attention are by 1 / sqrt(d).
 *
 * <p>Of equal scores the most recent anchor is chosen. Spans may overlap each other but not the
 * window. A query without anchors attends to its window.
 *
 * <p>Every query gathers the keys it looks at: the work for n tokens grows as n (n^searchPower +
 * n^spanPower). The plain path forms all pairs and masks.
 */
public final class SpanAttentionCore extends ZooBlock {

  private static final double NEVER = -1e30;
  private static final float MISSING = -1e9f;
  private static final long HEADS_APART = 104_729;
  private static final long MULTIPLIER = 48_271;
  private static final long MODULUS = 2_147_483_647L;

  private final SpanConfig config;

  /**
   * A core.
   *
   * @param config where it searches
   */
  public SpanAttentionCore(SpanConfig config) {
    this.config = config;
  }

  /**
   * What was attended to.
   *
   * @param output (B, H, Lq, e); zeros for queries before the start of their sequence
   * @param anchors (B, H, Lq, spans) int64, best first; -1 where there is none
   */
  public record Result(NDArray output, NDArray anchors) {}

  /**
   * Attends within whole sequences.
   *
   * @param pass what the pass carries
   * @param inputs search queries and queries (B, H, L, d), keys (B, G, L, d) and values (B, G, L,
   *     e), H a multiple of G, and optionally (B) int64, where each sequence starts
   * @return the output and the anchors
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray q = inputs.get(1);
    NDArray start = inputs.size() > 4 ? inputs.get(4) : null;
    NDArray positions =
        q.getManager()
            .arange(0, (int) q.getShape().get(2), 1, DataType.INT64, q.getDevice())
            .expandDims(0);
    Result result =
        attend(
            pass,
            inputs.get(0),
            q,
            inputs.get(2),
            inputs.get(3),
            positions,
            start == null ? null : start.toType(DataType.INT64, false).reshape(-1, 1));
    return new NDList(result.output(), result.anchors());
  }

  /**
   * Attends.
   *
   * @param pass what the pass carries
   * @param search (B, H, Lq, d) search queries
   * @param query (B, H, Lq, d) queries
   * @param key (B, G, Lk, d)
   * @param value (B, G, Lk, e)
   * @param positions (1 or B, Lq) int64, each query's own place among the keys
   * @param start (1 or B, 1) int64, the first key of each sequence; null for the first of all
   * @return what was attended to
   */
  public Result attend(
      Pass pass,
      NDArray search,
      NDArray query,
      NDArray key,
      NDArray value,
      NDArray positions,
      NDArray start) {
    NotRecordableException.refuse(query, "the number of stripes follows the length");
    NDArray first = start == null ? positions.get(":, :1").zerosLike() : start;
    Places places = new Places(positions.expandDims(2), first.expandDims(2)); // (1 or B, Lq, 1)
    Spans spans = config.spans() == 0 ? null : search(pass, search, key, places);
    NDArray output =
        pass.kernels(query)
            ? gathered(pass, query, key, value, places, spans)
            : masked(query, key, value, places, spans);
    return new Result(output, anchors(query, spans));
  }

  /** A query's place and where its sequence starts, each (1 or B, Lq or 1, 1). */
  private record Places(NDArray query, NDArray start) {

    /** Where the window begins. */
    NDArray window(long length) {
      return Arithmetic.atLeast(query.sub(length - 1), 0).toType(DataType.INT64, false);
    }
  }

  /**
   * What a search found, each (B, H, Lq, K).
   *
   * @param anchor the anchors; -1 where there is none
   * @param from the first key of each span
   * @param to the last
   * @param weight the share of each span in the result
   */
  private record Spans(NDArray anchor, NDArray from, NDArray to, NDArray weight) {}

  private Spans search(Pass pass, NDArray search, NDArray key, Places places) {
    NDManager manager = search.getManager();
    Shape shape = search.getShape();
    int stripes = config.stripes(key.getShape().get(2));
    if (stripes == 0) {
      return null;
    }
    NDArray place =
        places.query().sub(config.distances(manager, search.getDevice(), stripes)).expandDims(1);
    NDArray allowed = place.gte(places.start().expandDims(1)); // (1 or B, 1, Lq, N)
    NDArray index = Arithmetic.atLeast(place, 0).toType(DataType.INT64, false);
    Shape all = new Shape(shape.get(0), shape.get(1), shape.get(2), stripes);
    NDArray scores =
        pass.kernels(search)
            ? GatheredAttention.scores(pass, search, key, index, 1)
            : repeated(key, shape.get(1), search).gather(index.broadcast(all), 3);
    NDArray token = place.sub(places.start().expandDims(1)).add(1L);
    TopSelection top = choose(pass, scores, token, allowed.broadcast(all));
    NDArray found = top.found();
    NDArray none = top.indices().zerosLike().sub(1L);
    NDArray anchor = NDArrays.where(found, place.broadcast(all).gather(top.indices(), 3), none);
    NDArray missing = top.scores().zerosLike().add(MISSING);
    NDArray weight = NDArrays.where(found, top.scores(), missing).softmax(-1);

    NDArray start = places.start().expandDims(1);
    NDArray query = places.query().expandDims(1);
    NDArray tokens = Arithmetic.atLeast(query.add(1L).sub(start), 0).toType(DataType.INT64, false);
    NDArray from = anchor.sub(config.reach(tokens, config.backward())).maximum(start);
    NDArray last = places.window(config.window()).expandDims(1).sub(1L).minimum(query);
    NDArray to = anchor.add(config.reach(tokens, config.forward())).minimum(last);
    return new Spans(
        anchor,
        NDArrays.where(found, from, none.zerosLike()),
        NDArrays.where(found, to, none),
        weight);
  }

  /** Of candidates that are tokens 1, 2, ... of their sequence; what is before is not allowed. */
  private TopSelection choose(Pass pass, NDArray scores, NDArray token, NDArray allowed) {
    if (config.choice() == SpanConfig.Choice.BEST) {
      return TopSelection.of(pass, scores, allowed, config.spans());
    }
    // numbers that depend on head and token, and on nothing else
    Shape shape = scores.getShape();
    NDArray head =
        scores
            .getManager()
            .arange(0, (int) shape.get(1), 1, DataType.INT64, scores.getDevice())
            .reshape(1, shape.get(1), 1, 1);
    NDArray number = Arithmetic.times(head, HEADS_APART).add(token);
    NDArray mixed = Arithmetic.times(number, MULTIPLIER).mod(MODULUS);
    NDArray lots =
        Arithmetic.times(mixed, MULTIPLIER)
            .mod(MODULUS)
            .toType(DataType.FLOAT32, false)
            .broadcast(shape);
    TopSelection drawn = TopSelection.of(pass, lots, allowed, config.spans());
    return new TopSelection(scores.gather(drawn.indices(), 3), drawn.indices(), drawn.found());
  }

  /** All logits of the search, (B, H, Lq, Lk). */
  private static NDArray repeated(NDArray key, long heads, NDArray search) {
    return search.matMul(perHead(key, heads).swapAxes(2, 3));
  }

  private static NDArray perHead(NDArray x, long heads) {
    long groups = x.getShape().get(1);
    return heads == groups ? x : x.repeat(1, heads / groups);
  }

  private NDArray anchors(NDArray query, Spans spans) {
    Shape shape = query.getShape();
    long found = spans == null ? 0 : spans.anchor().getShape().get(3);
    long missing = config.spans() - found;
    if (missing == 0 && spans != null) {
      return spans.anchor();
    }
    NDArray none =
        query
            .getManager()
            .zeros(new Shape(shape.get(0), shape.get(1), shape.get(2), missing), DataType.INT64)
            .sub(1L);
    return spans == null ? none : spans.anchor().concat(none, 3);
  }

  /** Each query with a list of the keys of its window and its spans. */
  private NDArray gathered(
      Pass pass, NDArray query, NDArray key, NDArray value, Places places, Spans spans) {
    NDManager manager = query.getManager();
    Shape shape = query.getShape();
    long batch = shape.get(0);
    long heads = shape.get(1);
    long length = shape.get(2);
    int keys = (int) key.getShape().get(2);
    double scale = 1 / Math.sqrt(shape.get(3));
    int window = (int) Math.min(config.window(), keys);
    NDList lists = new NDList();
    NDArray near = null;
    if (window > 0) {
      NDArray back = manager.arange(0, window, 1, DataType.INT64, query.getDevice());
      NDArray place = places.query().sub(back); // (1 or B, Lq, w)
      near = place.gte(places.start()).expandDims(1);
      lists.add(atLeastZero(place).expandDims(1).broadcast(batch, heads, length, window));
    }
    if (spans == null) {
      return window == 0
          ? manager.zeros(new Shape(batch, heads, length, value.getShape().get(3)))
          : GatheredAttention.attend(pass, query, key, value, lists.head(), near, scale);
    }
    long count = spans.anchor().getShape().get(3);
    int reach = (int) Math.min(config.longestSpan(keys), keys);
    NDArray offset = manager.arange(0, reach, 1, DataType.INT64, query.getDevice());
    NDArray place = spans.from().expandDims(4).add(offset); // (B, H, Lq, K, S)
    NDArray far = place.lte(spans.to().expandDims(4));
    NDArray inside = Arithmetic.atMost(place, keys - 1).toType(DataType.INT64, false);
    lists.add(inside.reshape(batch, heads, length, count * reach));
    NDArray index = Tensors.concat(lists, 3);
    NDArray logits = GatheredAttention.scores(pass, query, key, index, scale);

    // each span's softmax is over the window and the span
    Shape joined = new Shape(batch, heads, length, count, window + reach);
    NDArray all = logits.get("..., {}:", window).reshape(batch, heads, length, count, reach);
    NDArray allowed = far;
    if (window > 0) {
      Shape repeated = new Shape(batch, heads, length, count, window);
      all = logits.get("..., :{}", window).expandDims(3).broadcast(repeated).concat(all, 4);
      allowed = near.expandDims(3).broadcast(repeated).concat(far, 4);
    }
    NDArray never = manager.full(joined, (float) NEVER, query.getDataType());
    NDArray weights =
        NDArrays.where(allowed, all, never)
            .softmax(-1)
            .mul(allowed.toType(query.getDataType(), false))
            .mul(spans.weight().expandDims(4));
    NDArray ofSpans = weights.get("..., {}:", window).reshape(batch, heads, length, count * reach);
    NDArray shares =
        window == 0
            ? ofSpans
            : weights.get("..., :{}", window).sum(new int[] {3}).concat(ofSpans, 3);
    return GatheredAttention.combine(pass, shares, value, index);
  }

  private static NDArray atLeastZero(NDArray x) {
    return Arithmetic.atLeast(x, 0).toType(DataType.INT64, false);
  }

  /** One softmax over all keys for each span. */
  private NDArray masked(NDArray query, NDArray key, NDArray value, Places places, Spans spans) {
    long heads = query.getShape().get(1);
    NDArray values = perHead(value, heads);
    double scale = 1 / Math.sqrt(query.getShape().get(3));
    NDArray logits = Arithmetic.times(query, scale).matMul(perHead(key, heads).swapAxes(2, 3));
    int keys = (int) key.getShape().get(2);
    NDArray place = query.getManager().arange(0, keys, 1, DataType.INT64, query.getDevice());
    NDArray window =
        place
            .gte(places.window(config.window()).maximum(places.start()))
            .logicalAnd(place.lte(places.query()))
            .expandDims(1); // (1 or B, 1, Lq, Lk)
    if (spans == null) {
      return weights(logits, window).matMul(values);
    }
    NDArray sum = null;
    long count = spans.anchor().getShape().get(3);
    for (long r = 0; r < count; r++) {
      String one = "..., " + r + ":" + (r + 1);
      NDArray span = place.gte(spans.from().get(one)).logicalAnd(place.lte(spans.to().get(one)));
      NDArray output =
          weights(logits, span.logicalOr(window)).matMul(values).mul(spans.weight().get(one));
      sum = sum == null ? output : sum.add(output);
    }
    return sum;
  }

  private static NDArray weights(NDArray logits, NDArray allowed) {
    NDArray all = allowed.broadcast(logits.getShape());
    NDArray never =
        logits.getManager().full(logits.getShape(), (float) NEVER, logits.getDataType());
    return NDArrays.where(all, logits, never)
        .softmax(-1)
        .mul(all.toType(logits.getDataType(), false));
  }
}
