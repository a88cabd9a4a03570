package org.attentionzoo.blocks.papers.routingtransformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import java.util.Set;
import org.attentionzoo.blocks.DecodeState;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.DotProductAttention;

/**
 * Attention within blocks of tokens and some blocks around them, with rotary positions counted from
 * the first key that a block sees; at a cost linear in the length. Without causality the queries
 * are rotated as if they stood in the last block that they see, as in the reference.
 *
 * <p>State dict: {@code rel_pos.inv_freq}.
 */
public final class WindowAttention extends ZooBlock {

  /** What stands for values before the first and behind the last block in the reference. */
  private static final float OUTSIDE = -1;

  private final int window;
  private final int radius;
  private final boolean causal;
  private final double dropout;
  private final Frequencies frequencies;

  /**
   * Attention within blocks.
   *
   * @param window the number of tokens of a block
   * @param radius how many blocks before its own (and behind it, without causality) a block sees
   * @param headWidth the size of a head
   * @param causal whether a token sees only itself and earlier ones
   * @param dropout the rate on the attention pattern
   */
  public WindowAttention(int window, int radius, int headWidth, boolean causal, double dropout) {
    this.window = window;
    this.radius = radius;
    this.causal = causal;
    this.dropout = dropout;
    frequencies = child("rel_pos", new Frequencies(headWidth));
  }

  /**
   * The pattern: (B H, blocks, window, keys) of whole sequences; (B, H, L, keys) with padding or a
   * decode cache.
   */
  @Override
  public Set<String> tapPoints() {
    return Set.of(DotProductAttention.PATTERN);
  }

  /**
   * Attends.
   *
   * @param pass what the pass carries
   * @param inputs queries, keys and values (B, H, L, d), and optionally (B, L) boolean, false where
   *     padded
   * @return (B, H, L, d)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray valid = inputs.size() > 3 ? inputs.get(3) : null;
    return new NDList(blocks(pass, inputs.get(0), inputs.get(1), inputs.get(2), valid));
  }

  /**
   * Attends in blocks that begin at index 0. With padding, a token that sees nothing sees all
   * places of its blocks alike, as in the reference; only padding is such a token.
   *
   * @param pass what the pass carries; no cache
   * @param q (B, H, L, d)
   * @param k (B, H, L, d)
   * @param v (B, H, L, d)
   * @param valid (B, L) boolean, false where padded; null for all
   * @return (B, H, L, d)
   */
  public NDArray blocks(Pass pass, NDArray q, NDArray k, NDArray v, NDArray valid) {
    Shape shape = q.getShape();
    long length = shape.get(2);
    int count = (int) ((length + window - 1) / window);
    int after = causal ? 0 : radius;
    int seen = (radius + 1 + after) * window;
    NDArray queries = cut(q, count);
    NDArray keys = around(cut(k, count), after, 0);
    NDArray values = around(cut(v, count), after, valid == null ? 0 : OUTSIDE);
    NDArray angles = frequencies.angles(pass, q, range(q, seen));
    keys = rotated(keys, angles);
    queries = rotated(queries, angles.get("{}:", seen - window));
    NDArray mask = mask(q, count, after, valid);
    if (valid != null) {
      NDArray live = mask.toType(q.getDataType(), false).max(new int[] {3}, true);
      queries = queries.mul(live);
      mask = mask.logicalOr(live.eq(0));
    }
    NDArray context =
        DotProductAttention.attend(
            pass,
            this,
            queries,
            keys,
            values,
            mask,
            null,
            false,
            1 / Math.sqrt(shape.get(3)),
            dropout);
    return context
        .reshape(shape.get(0), shape.get(1), (long) count * window, shape.get(3))
        .get(":, :, :{}", length);
  }

  /** (1 or B H, blocks, window, keys). */
  private NDArray mask(NDArray q, int count, int after, NDArray valid) {
    Shape shape = q.getShape();
    int blocks = radius + 1 + after;
    NDArray row = range(q, window).reshape(1, 1, window, 1).add((long) radius * window);
    NDArray column = range(q, blocks * window).reshape(1, 1, 1, (long) blocks * window);
    NDArray block = range(q, count).reshape(1, count, 1, 1);
    NDArray place = column.add(block.sub(radius).mul(range(q, 1).add(window)));
    NDArray mask = place.gte(0).logicalAnd(place.lt(shape.get(2)));
    if (causal) {
      mask = mask.logicalAnd(column.lte(row));
    }
    if (valid == null) {
      return mask;
    }
    NDArray wide = valid.toType(DataType.INT64, false).reshape(shape.get(0), 1, shape.get(2), 1);
    NDArray keys =
        around(cut(wide, count), after, 0)
            .reshape(shape.get(0), count, 1, (long) blocks * window)
            .gt(0)
            .repeat(0, shape.get(1));
    return mask.logicalAnd(keys);
  }

  /**
   * Attends to all pairs, in blocks that begin at position 0 of each sequence.
   *
   * @param pass what the pass carries; with a cache, the tokens continue its sequences
   * @param q (B, H, L, d)
   * @param k (B, H, L, d)
   * @param v (B, H, L, d)
   * @param positions (L) or (B, L) int64
   * @param valid (B, L) boolean, false where padded; null for all
   * @return (B, H, L, d)
   */
  public NDArray pairs(
      Pass pass, NDArray q, NDArray k, NDArray v, NDArray positions, NDArray valid) {
    NDArray keys = k;
    NDArray values = v;
    NDArray queryPlaces = perRow(positions, q);
    NDArray keyPlaces = queryPlaces;
    NDArray allowed = valid;
    if (pass.cache() != null) {
      DecodeState state = pass.cache().of(this);
      NDArray oldKeys = state.borrow("keys", k);
      if (oldKeys != null) {
        keys = oldKeys.concat(k, 2);
        values = state.borrow("values", v).concat(v, 2);
        keyPlaces = state.borrow("positions", k).concat(queryPlaces, 1);
        NDArray oldValid = state.borrow("valid", k);
        if (oldValid != null || valid != null) {
          allowed = orAllTrue(oldValid, oldKeys).concat(orAllTrue(valid, k), 1);
        }
      }
      state.put("keys", keys);
      state.put("values", values);
      state.put("positions", keyPlaces);
      if (allowed != null) {
        state.put("valid", allowed);
      }
    }
    NDArray row = queryPlaces.expandDims(2);
    NDArray column = keyPlaces.expandDims(1);
    NDArray apart = blockStart(row).sub(blockStart(column));
    NDArray mask = apart.lte((long) radius * window);
    mask = mask.logicalAnd(causal ? column.lte(row) : apart.gte(-(long) radius * window));
    if (allowed != null) {
      mask = mask.logicalAnd(allowed.expandDims(1));
    }
    // Only differences of positions matter; without causality queries stand radius blocks on.
    NDArray ahead = causal ? queryPlaces : queryPlaces.add((long) radius * window);
    NDArray queries = rotated(q, frequencies.angles(pass, q, ahead).expandDims(1));
    keys = rotated(keys, frequencies.angles(pass, q, keyPlaces).expandDims(1));
    return DotProductAttention.attend(
        pass,
        this,
        queries,
        keys,
        values,
        mask.expandDims(1),
        null,
        false,
        1 / Math.sqrt(q.getShape().get(3)),
        dropout);
  }

  private NDArray blockStart(NDArray positions) {
    return positions.sub(positions.mod(window));
  }

  /** (B, H, L, d) to (B H, blocks, window, d), zeros behind the end. */
  private NDArray cut(NDArray x, int count) {
    Shape shape = x.getShape();
    long missing = (long) count * window - shape.get(2);
    NDArray all = x;
    if (missing > 0) {
      Shape tail = new Shape(shape.get(0), shape.get(1), missing, shape.get(3));
      all = x.concat(x.getManager().zeros(tail, x.getDataType(), x.getDevice()), 2);
    }
    return all.reshape(shape.get(0) * shape.get(1), count, window, shape.get(3));
  }

  /** Each block between its neighbours; one value all over where there are none. */
  private NDArray around(NDArray blocks, int after, float outside) {
    if (radius == 0) {
      return blocks;
    }
    Shape shape = blocks.getShape();
    NDManager manager = blocks.getManager();
    NDList parts = new NDList();
    long count = shape.get(1);
    for (int offset = -radius; offset <= after; offset++) {
      long missing = Math.min(Math.abs(offset), count);
      if (missing == 0) {
        parts.add(blocks);
        continue;
      }
      NDArray beyond =
          manager.zeros(
              new Shape(shape.get(0), missing, shape.get(2), shape.get(3)),
              blocks.getDataType(),
              blocks.getDevice());
      if (outside != 0) {
        beyond = beyond.add(outside);
      }
      if (missing == count) {
        parts.add(beyond);
      } else if (offset < 0) {
        parts.add(beyond.concat(blocks.get(":, :{}", count - missing), 1));
      } else {
        parts.add(blocks.get(":, {}:", missing).concat(beyond, 1));
      }
    }
    return Tensors.concat(parts, 2);
  }

  /** Channel i with channel i + d/2. */
  private static NDArray rotated(NDArray x, NDArray angles) {
    long half = x.getShape().get(3) / 2;
    NDArray first = x.get("..., :{}", half);
    NDArray second = x.get("..., {}:", half);
    NDArray cos = angles.cos();
    NDArray sin = angles.sin();
    return first.mul(cos).sub(second.mul(sin)).concat(second.mul(cos).add(first.mul(sin)), -1);
  }

  private static NDArray range(NDArray like, int end) {
    return like.getManager().arange(0, end, 1, DataType.INT64, like.getDevice());
  }

  private static NDArray perRow(NDArray positions, NDArray q) {
    return positions.getShape().dimension() == 2
        ? positions
        : positions
            .expandDims(0)
            .broadcast(new Shape(q.getShape().get(0), positions.getShape().get(0)));
  }

  private static NDArray orAllTrue(NDArray valid, NDArray keys) {
    Shape shape = keys.getShape();
    return valid != null
        ? valid
        : keys.getManager().ones(new Shape(shape.get(0), shape.get(2)), DataType.BOOLEAN);
  }

  /** How fast each pair of channels turns. */
  private static final class Frequencies extends ZooBlock {

    private final Parameter frequencies;

    Frequencies(int width) {
      frequencies =
          buffer(
              "inv_freq",
              (manager, shape, type) -> manager.create(RotaryAngles.frequencies(width)),
              width / 2);
    }

    /** (..., d/2) of positions (...). */
    NDArray angles(Pass pass, NDArray like, NDArray positions) {
      return positions
          .toType(DataType.FLOAT32, false)
          .expandDims(-1)
          .mul(pass.value(frequencies, like));
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      return new NDList(angles(pass, inputs.head(), inputs.head()));
    }
  }
}
