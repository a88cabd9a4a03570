package org.attentionzoo.blocks.papers.landmarkattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.DecodeState;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.attention.Masks;
import org.attentionzoo.blocks.positions.Rotary;
import org.attentionzoo.blocks.sparse.GatheredAttention;
import org.attentionzoo.blocks.sparse.TopSelection;

/**
 * Retrieval of blocks by their landmarks: the last closed blocks, with keys that have no position
 * yet, from which every token of a chunk and every head takes those whose landmarks it weighs most.
 *
 * <p>Positions never exceed (K + 1) (l + 1) plus the chunk, K being the number of retrieved blocks
 * and l the tokens of a block: where the chunk begins, what lies between retrieved blocks is not
 * counted. The last K blocks of the cache are told apart from older ones, which have one position
 * for their landmarks, by K + 1 places; retrieved keys stand in order of time from place 1 on, or
 * from place 0 on for blocks that are older. This is the official code's arithmetic, also where the
 * last block overlaps the chunk since there is no older one. It fails with fewer than K cached
 * blocks; here all are taken, as if K were their number.
 *
 * <p>Of blocks with equal scores the most recent is taken. Such ties are the rule in the first
 * layer, where all landmarks have the same key.
 */
final class LandmarkCache {

  private static final String KEYS = "blocks.keys";
  private static final String VALUES = "blocks.values";
  private static final String OPEN_KEYS = "open.keys";
  private static final String OPEN_VALUES = "open.values";
  private static final String CLOSED = "closed";
  private static final long MODULUS = 2_147_483_647L;
  private static final long MULTIPLIER = 48_271L;

  private final LandmarkConfig config;
  private final Rotary rotary;
  private final double scale;
  private final int slots;

  LandmarkCache(LandmarkConfig config, Rotary rotary, double scale) {
    this.config = config;
    this.rotary = rotary;
    this.scale = scale;
    slots = config.block() + 1;
  }

  /**
   * What the tokens of a chunk see: retrieved blocks (each token its own), the open block and the
   * chunk.
   *
   * @param logits (B, H, S, retrieved slots + open slots + S)
   * @param allowed boolean (1, 1, S, same), causal in the chunk
   * @param groups how many groups the softmax needs
   * @param retrievedValues (B, H, S, retrieved slots, d); null if nothing is retrieved
   * @param nearValues (B, H, open slots + S, d)
   * @param blocks how many blocks each token retrieved
   * @param slots the slots of a block
   */
  record Chunk(
      NDArray logits,
      NDArray allowed,
      int groups,
      NDArray retrievedValues,
      NDArray nearValues,
      int blocks,
      int slots) {

    /** Which keys are landmarks, (1, all keys), from those of the chunk, (1, S). */
    NDArray marks(NDArray landmarks) {
      NDManager manager = landmarks.getManager();
      long prefix = logits.getShape().get(3) - landmarks.getShape().get(1);
      NDArray place =
          manager.arange(0, (int) prefix, 1, DataType.INT64, landmarks.getDevice()).expandDims(0);
      if (prefix == 0) {
        return landmarks;
      }
      NDArray last = place.mod(slots).eq(slots - 1);
      return last.logicalAnd(place.lt(blocks * slots)).concat(landmarks, 1);
    }

    /** The values that weights (as the logits) give, (B, H, S, d). */
    NDArray values(NDArray weights) {
      if (blocks == 0) {
        return weights.matMul(nearValues);
      }
      int split = blocks * slots;
      NDArray far = weights.get("..., :{}", split).expandDims(3).matMul(retrievedValues);
      return far.squeeze(3).add(weights.get("..., {}:", split).matMul(nearValues));
    }
  }

  /** Retrieves for a chunk, and remembers the chunk. */
  Chunk chunk(Pass pass, Block owner, NDArray query, NDArray key, NDArray value) {
    DecodeState state = pass.cache().of(owner);
    NDManager manager = query.getManager();
    int length = (int) query.getShape().get(2);
    NDArray openKeys = state.borrow(OPEN_KEYS, key);
    NDArray nearKeys = openKeys == null ? key : openKeys.concat(key, 2);
    NDArray nearValues =
        openKeys == null ? value : state.borrow(OPEN_VALUES, value).concat(value, 2);
    int open = (int) nearKeys.getShape().get(2) - length;
    int start = (int) Math.min(state.count(CLOSED), config.retrieved() + 1) * slots + open;
    NDArray places =
        manager.arange(start - open, start + length, 1, DataType.INT64, query.getDevice());
    NDArray q = rotary.rotate(pass, query, places.get("{}:", open));
    NDArray scaled = Arithmetic.times(q, scale);
    NDArray logits = scaled.matMul(rotary.rotate(pass, nearKeys, places).swapAxes(2, 3));

    NDArray blockKeys = config.retrieved() == 0 ? null : state.borrow(KEYS, key);
    NDArray far = null;
    int chosen = 0;
    if (blockKeys != null) {
      chosen = (int) Math.min(config.retrieved(), blockKeys.getShape().get(2));
      NDArray choice = choose(pass, scaled, blockKeys, chosen, state.count(CLOSED));
      NDArray keys = place(pass, unfold(pass, blockKeys, choice), choice, blockKeys, chosen);
      far = unfold(pass, state.borrow(VALUES, value), choice);
      logits = keys.matMul(scaled.expandDims(4)).squeeze(4).concat(logits, 3);
    }
    NDArray allowed = Masks.causal(query, length, chosen * slots + open + length);
    int groups = chosen + (open + length) / slots + 2;
    remember(state, nearKeys, nearValues);
    return new Chunk(logits, allowed, groups, far, nearValues, chosen, slots);
  }

  /** The chosen blocks of each token and head in order of time, (B, H, S, K) int64. */
  private NDArray choose(Pass pass, NDArray q, NDArray blockKeys, int chosen, long closed) {
    NDManager manager = q.getManager();
    int count = (int) blockKeys.getShape().get(2);
    int width = config.headWidth();
    NDArray block = manager.arange(0, count, 1, DataType.INT64, q.getDevice());
    Shape shape = q.getShape();
    NDArray scores;
    switch (config.selection()) {
      case RECENT:
        scores = block.toType(DataType.FLOAT32, false).broadcast(scoreShape(shape, count));
        break;
      case RANDOM:
        scores = lots(manager, q, block.add(closed - count));
        break;
      default:
        // the blocks before the last K share index 0
        NDArray index = Arithmetic.atLeast(block.add(chosen + 1L - count), 0);
        NDArray at = Arithmetic.times(index, slots).add(slots - 1L);
        NDArray marks = rotary.rotate(pass, blockKeys.get("..., {}:", (slots - 1) * width), at);
        scores = q.matMul(marks.swapAxes(2, 3)); // (B, H, S, N)
        if (config.selection() == LandmarkConfig.Selection.MAX_OVER_HEADS) {
          scores = scores.softmax(-1).max(new int[] {1}, true).broadcast(scoreShape(shape, count));
        } else if (config.selection() == LandmarkConfig.Selection.MAX_OVER_TOKENS) {
          scores = scores.softmax(-1).max(new int[] {2}, true).broadcast(scoreShape(shape, count));
        }
    }
    NDArray recentFirst = scores.flip(3);
    NDArray back = TopSelection.of(pass, recentFirst, null, chosen).indices();
    return back.neg().add(count - 1L).sort(3);
  }

  private static Shape scoreShape(Shape queries, long count) {
    return new Shape(queries.get(0), queries.get(1), queries.get(2), count);
  }

  /** Numbers in 0..1 that depend on head, place in the chunk and block, and on nothing else. */
  private static NDArray lots(NDManager manager, NDArray q, NDArray block) {
    Shape shape = q.getShape();
    NDArray head = manager.arange(0, (int) shape.get(1), 1, DataType.INT64, q.getDevice());
    NDArray token = manager.arange(0, (int) shape.get(2), 1, DataType.INT64, q.getDevice());
    NDArray number =
        Arithmetic.times(head.reshape(shape.get(1), 1, 1), 7_919)
            .add(Arithmetic.times(token.reshape(1, shape.get(2), 1), 104_729))
            .add(Arithmetic.times(block, 15_485_863))
            .add(11L);
    NDArray mixed = Arithmetic.times(number.mod(MODULUS), MULTIPLIER).mod(MODULUS);
    return Arithmetic.times(mixed, MULTIPLIER)
        .mod(MODULUS)
        .toType(DataType.FLOAT32, false)
        .expandDims(0)
        .broadcast(scoreShape(shape, block.getShape().get(0)));
  }

  /** (B, H, N, slots d) to (B, H, S, K slots, d). */
  private NDArray unfold(Pass pass, NDArray blocks, NDArray choice) {
    Shape shape = choice.getShape();
    return GatheredAttention.rows(pass, blocks, choice)
        .reshape(
            shape.get(0), shape.get(1), shape.get(2), shape.get(3) * slots, config.headWidth());
  }

  /** Gives retrieved keys their positions. */
  private NDArray place(Pass pass, NDArray keys, NDArray choice, NDArray blockKeys, int chosen) {
    NDManager manager = keys.getManager();
    Shape shape = keys.getShape();
    long count = blockKeys.getShape().get(2);
    NDArray order = manager.arange(0, chosen, 1, DataType.INT64, keys.getDevice());
    NDArray rank = choice.gte(count - chosen).toType(DataType.INT64, false).add(order);
    NDArray first = Arithmetic.times(rank, slots).expandDims(4);
    NDArray slot = manager.arange(0, slots, 1, DataType.INT64, keys.getDevice());
    long rows = shape.get(0) * shape.get(1) * shape.get(2);
    NDArray flat = keys.reshape(rows, 1, shape.get(3), shape.get(4));
    return rotary.rotate(pass, flat, first.add(slot).reshape(rows, shape.get(3))).reshape(shape);
  }

  private void remember(DecodeState state, NDArray keys, NDArray values) {
    long length = keys.getShape().get(2);
    long full = length / slots * slots;
    put(state, KEYS, OPEN_KEYS, keys, full);
    put(state, VALUES, OPEN_VALUES, values, full);
    state.setCount(CLOSED, state.count(CLOSED) + full / slots);
  }

  private void put(DecodeState state, String name, String openName, NDArray x, long full) {
    Shape shape = x.getShape();
    if (full > 0) {
      NDArray closed =
          x.get(":, :, :{}", full)
              .reshape(shape.get(0), shape.get(1), full / slots, slots * shape.get(3));
      NDArray before = state.borrow(name, x);
      NDArray all = before == null ? closed : before.concat(closed, 2);
      long drop = Math.max(0, all.getShape().get(2) - config.cached());
      state.put(name, all.get(":, :, {}:", drop));
    }
    if (full == shape.get(2)) {
      state.remove(openName);
    } else {
      state.put(openName, x.get(":, :, {}:", full));
    }
  }
}
