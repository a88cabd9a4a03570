package org.attentionzoo.blocks.papers.seqboat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.layers.Dropout;

/**
 * Attention of a token to those at most w before it and, unless causal, at most w after it. Longer
 * sequences are cut into blocks of w, each of which sees its neighbours: w times the length many
 * scores. A key that may not be seen counts 0.
 *
 * @param window w
 * @param causal whether later tokens are not seen
 * @param softmax whether weights are a softmax of the scores rather than their positive part
 *     squared
 * @param positional whether the bias is for distances between positions rather than between slots
 * @param origin the place of distance 0 in the bias's table; farther distances than it has repeat
 *     its ends
 * @param dropout of the weights
 */
record LocalWindowAttention(
    int window, boolean causal, boolean softmax, boolean positional, int origin, double dropout) {

  /** Tokens in slots: keys (B, C, z), values (B, C, H), valid (B, C), positions (B, C). */
  record Tokens(NDArray keys, NDArray values, NDArray valid, NDArray positions) {

    /** These after others. */
    Tokens after(Tokens others) {
      return new Tokens(
          NDArrays.concat(new NDList(others.keys, keys), 1),
          NDArrays.concat(new NDList(others.values, values), 1),
          NDArrays.concat(new NDList(others.valid, valid), 1),
          NDArrays.concat(new NDList(others.positions, positions), 1));
    }

    /** The same number of rows, so many slots without a token. */
    Tokens empty(long slots) {
      NDManager manager = keys.getManager();
      long batch = keys.getShape().get(0);
      return new Tokens(
          manager.zeros(new Shape(batch, slots, keys.getShape().get(2)), keys.getDataType()),
          manager.zeros(new Shape(batch, slots, values.getShape().get(2)), keys.getDataType()),
          manager.zeros(new Shape(batch, slots), DataType.BOOLEAN),
          manager.zeros(new Shape(batch, slots), DataType.INT64));
    }

    /** The last slots of each row's tokens, given how many of the newest each row has. */
    Tokens last(NDArray counts, long slots) {
      NDArray index =
          counts.add(
              counts
                  .getManager()
                  .arange(0, (int) slots, 1, DataType.INT64, counts.getDevice())
                  .reshape(1, slots));
      return new Tokens(
          keys.gather(wide(index, keys), 1),
          values.gather(wide(index, values), 1),
          valid.gather(index, 1),
          positions.gather(index, 1));
    }

    private static NDArray wide(NDArray index, NDArray x) {
      Shape shape = index.getShape();
      return index
          .expandDims(2)
          .broadcast(new Shape(shape.get(0), shape.get(1), x.getShape().get(2)));
    }
  }

  /** What one call computes with: N blocks of Q queries and K keys. */
  record Blocks(
      NDArray queries,
      Tokens keys,
      NDArray querySlots,
      NDArray keySlots,
      NDArray queryPositions,
      NDArray table) {}

  /**
   * Attends.
   *
   * @param queries (B, C, z), scaled
   * @param fresh the tokens that the queries belong to
   * @param past the w slots before them; null if none
   * @param table biases (M), or null
   * @return (B, C, H); unspecified where fresh is not valid
   */
  NDArray attend(Pass pass, NDArray queries, Tokens fresh, Tokens past, NDArray table) {
    Blocks blocks = cut(queries, fresh, past, table);
    NDArray out =
        pass.kernels(queries) ? fast(blocks, pass.isTraining() ? dropout : 0) : plain(pass, blocks);
    long slots = queries.getShape().get(1);
    NDArray joined = out.reshape(out.getShape().get(0), -1, out.getShape().get(3));
    return joined.getShape().get(1) == slots ? joined : joined.get(":, :{}", slots);
  }

  Blocks cut(NDArray queries, Tokens fresh, Tokens past, NDArray table) {
    long slots = queries.getShape().get(1);
    if (slots <= 2L * window) {
      Tokens keys = past == null ? fresh : fresh.after(past);
      return new Blocks(
          queries.expandDims(1),
          each(keys, x -> x.expandDims(1)),
          count(queries, 0, slots).reshape(1, slots),
          count(queries, past == null ? 0 : -window, slots).reshape(1, -1),
          fresh.positions().expandDims(1),
          table);
    }
    long blocks = (slots - 1) / window + 1;
    long missing = blocks * window - slots;
    long behind = causal ? missing : missing + window;
    Tokens keys = fresh.after(past == null ? fresh.empty(window) : past);
    if (behind > 0) {
      keys = fresh.empty(behind).after(keys);
    }
    NDArray q = queries;
    NDArray positions = fresh.positions();
    if (missing > 0) {
      q = NDArrays.concat(new NDList(q, fresh.empty(missing).keys()), 1);
      positions = NDArrays.concat(new NDList(positions, fresh.empty(missing).positions()), 1);
    }
    long batch = q.getShape().get(0);
    return new Blocks(
        q.reshape(batch, blocks, window, q.getShape().get(2)),
        each(keys, x -> neighbours(x, blocks)),
        count(queries, 0, blocks * window).reshape(blocks, window),
        neighbours(count(queries, -window, slots + behind).reshape(1, -1), blocks).squeeze(0),
        positions.reshape(batch, blocks, window),
        table);
  }

  private static Tokens each(Tokens tokens, java.util.function.UnaryOperator<NDArray> change) {
    return new Tokens(
        change.apply(tokens.keys()),
        change.apply(tokens.values()),
        change.apply(tokens.valid()),
        change.apply(tokens.positions()));
  }

  private static NDArray count(NDArray like, long from, long to) {
    return like.getManager().arange((int) from, (int) to, 1, DataType.INT64, like.getDevice());
  }

  /** (B, M w, ...) to (B, N, 2 w or 3 w, ...): each block with those beside it. */
  private NDArray neighbours(NDArray x, long blocks) {
    long[] shape = x.getShape().getShape();
    long[] cut = new long[shape.length + 1];
    cut[0] = shape[0];
    cut[1] = shape[1] / window;
    cut[2] = window;
    System.arraycopy(shape, 2, cut, 3, shape.length - 2);
    NDArray parts = x.reshape(cut);
    NDList seen = new NDList();
    for (int i = 0; i < (causal ? 2 : 3); i++) {
      seen.add(parts.get(":, {}:{}", i, i + blocks));
    }
    return NDArrays.concat(seen, 2);
  }

  NDArray fast(Blocks b, double rate) {
    return MultiHeadEma.KERNELS.call(
        "local_attention",
        b.queries(),
        b.keys().keys(),
        b.keys().values(),
        b.keys().valid(),
        b.querySlots(),
        b.keySlots(),
        positional ? b.queryPositions() : b.querySlots().expandDims(0),
        positional ? b.keys().positions() : b.keySlots().expandDims(0),
        b.table(),
        origin,
        window,
        causal,
        softmax,
        rate);
  }

  /** The same as {@link #fast} by NDArray operations. */
  NDArray plain(Pass pass, Blocks b) {
    NDArray distance = b.keySlots().expandDims(1).sub(b.querySlots().expandDims(2));
    NDArray near = distance.gte(-window).logicalAnd(distance.lte(causal ? 0 : window));
    NDArray scores = b.queries().matMul(b.keys().keys().swapAxes(2, 3));
    NDArray seen =
        near.expandDims(0)
            .logicalAnd(b.keys().valid().expandDims(2))
            .toType(scores.getDataType(), false);
    if (b.table() != null) {
      NDArray apart =
          positional
              ? b.keys().positions().expandDims(2).sub(b.queryPositions().expandDims(3))
              : distance.expandDims(0);
      NDArray index =
          Arithmetic.atMost(
              Arithmetic.atLeast(apart.add(origin), 0), b.table().getShape().get(0) - 1);
      NDArray bias = b.table().gather(index.toType(DataType.INT64, false).flatten(), 0);
      bias.attach(scores.getManager());
      scores = scores.add(bias.reshape(index.getShape()));
    }
    NDArray weights;
    if (softmax) {
      NDArray blocked = Arithmetic.times(Tensors.oneMinus(seen), -5e4);
      weights = scores.mul(seen).add(blocked).softmax(-1);
    } else {
      weights = Activation.relu(scores.mul(seen)).square();
    }
    return Dropout.apply(pass, weights, dropout).matMul(b.keys().values());
  }
}
