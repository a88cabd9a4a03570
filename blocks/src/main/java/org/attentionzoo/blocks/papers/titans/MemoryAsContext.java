package org.attentionzoo.blocks.papers.titans;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Set;
import java.util.stream.LongStream;
import org.attentionzoo.blocks.DecodeState;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Padding;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.positions.Rotary;

/**
 * Titans MAC (section 4.1, equations 21 to 25): segment by segment, the memory as it stood before
 * the segment is asked (h = M*(q)), attention sees persistent tokens, h and the segment, the memory
 * learns what attention gives (y), and the output joins y with what the memory then says to it.
 *
 * <p>As printed, h and the last reading let a token see later tokens of its segment: h_j is made
 * from token j and is visible to all, and the memory is read after the whole segment was learned.
 * Here a query sees h_j of earlier and equal j only, and reads the memory as it stands after its
 * own token. Positions are rotary within the segment; persistent tokens come first.
 *
 * <p>State dict: {@code persistent}, {@code q_proj}, {@code k_proj}, {@code v_proj}, {@code
 * memory}, {@code gate}. In decoding the state is the memory and the present segment.
 */
public final class MemoryAsContext extends MixerBlock {

  private static final Rotary ROTARY = new Rotary(Rotary.Layout.HALF, 10000);

  private final TitansConfig config;
  private final int headWidth;
  private final double scale;
  private final PersistentTokens persistent;
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final NeuralMemory memory;
  private final NonlinearGate gate;

  /**
   * A mixer.
   *
   * @param config its sizes; the width is a multiple of twice the heads, since positions are rotary
   */
  public MemoryAsContext(TitansConfig config) {
    this.config = config;
    int width = config.width();
    if (width % (2 * config.heads()) != 0) {
      throw new IllegalArgumentException(
          "width must be a multiple of twice the heads; got " + width + " and " + config.heads());
    }
    headWidth = width / config.heads();
    scale = 1 / Math.sqrt(headWidth);
    persistent = child("persistent", new PersistentTokens(config.persistent(), width));
    query = child("q_proj", new Linear(width, width, false));
    key = child("k_proj", new Linear(width, width, false));
    value = child("v_proj", new Linear(width, width, false));
    memory = child("memory", new NeuralMemory(config.memory()));
    gate = child("gate", new NonlinearGate(width));
  }

  /** {@inheritDoc} */
  @Override
  public boolean isCausal() {
    return true;
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return Set.of(DotProductAttention.PATTERN);
  }

  /**
   * The present segment, as far as it has come.
   *
   * @param retrievedKeys (B, heads, slots, d) keys of h, rotated
   * @param retrievedValues (B, heads, slots, d)
   * @param keys (B, heads, slots, d) keys of the segment's tokens, rotated
   * @param values (B, heads, slots, d)
   */
  private record Segment(
      NDArray retrievedKeys, NDArray retrievedValues, NDArray keys, NDArray values) {
    NDList list() {
      return new NDList(retrievedKeys, retrievedValues, keys, values);
    }
  }

  /** {@inheritDoc} */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    NDArray valid = sequences.valid();
    if (pass.cache() != null) {
      return resume(pass, hidden, valid);
    }
    if (valid == null) {
      return segments(pass, hidden, null, memory.begin(pass, hidden), null, null).output();
    }
    Padding padding = new Padding(valid);
    MemoryState begin = memory.ragged(memory.begin(pass, hidden), hidden);
    NDArray output =
        segments(pass, padding.compact(hidden), padding.valid(), begin, null, null).output();
    return padding.restore(output);
  }

  /** Output and all that the next piece needs. */
  private record Advance(NDArray output, MemoryState state, NDList snapshot, Segment segment) {}

  /**
   * Goes on from where rows stand at one common place of a segment; valid tokens stand in front.
   *
   * @param snapshot the memory before the present segment; null at a segment's start
   * @param segment the present segment; null at a segment's start
   */
  private Advance segments(
      Pass pass,
      NDArray hidden,
      NDArray valid,
      MemoryState state,
      NDList snapshot,
      Segment segment) {
    long length = hidden.getShape().get(1);
    NDArray slots = slots(hidden, state.seen() % config.span(), length);
    NDArray positions = slots.add(persistent.count());
    long[] cuts = cuts(state.seen() % config.span(), length);
    NDList q = ROTARY.rotate(pass, split(query.forward(pass, hidden)), positions).split(cuts, 2);
    NDList k = ROTARY.rotate(pass, split(key.forward(pass, hidden)), positions).split(cuts, 2);
    NDList v = split(value.forward(pass, hidden)).split(cuts, 2);
    NDList pieces = hidden.split(cuts, 1);
    Prefix prefix = prefix(pass, hidden);
    NDList attended = new NDList();
    NDList said = new NDList();
    MemoryState now = state;
    NDList asked = snapshot;
    Segment present = segment;
    long at = 0;
    for (int i = 0; i < pieces.size(); i++) {
      long size = pieces.get(i).getShape().get(1);
      if (now.seen() % config.span() == 0) {
        asked = now.memory();
        present = null;
      }
      NDArray places = slots.get("{}:{}", at, at + size);
      present = append(pass, present, pieces.get(i), asked, places, k.get(i), v.get(i));
      NDArray y = attend(pass, q.get(i), present, prefix, places, null);
      NDArray live = valid == null ? null : valid.get(":, {}:{}", at, at + size);
      NeuralMemory.Advance learned = memory.advance(pass, y, live, now);
      attended.add(y);
      said.add(learned.output());
      now = learned.state();
      at += size;
    }
    NDArray output = gate.join(pass, Tensors.concat(attended, 1), Tensors.concat(said, 1));
    return new Advance(output, now, asked, present);
  }

  /** Keys and values of the persistent tokens, (B, heads, count, d). */
  private record Prefix(NDArray keys, NDArray values) {}

  private Prefix prefix(Pass pass, NDArray hidden) {
    NDArray tokens = persistent.get(pass, hidden);
    if (tokens == null) {
      return null;
    }
    Shape shape =
        new Shape(hidden.getShape().get(0), config.heads(), persistent.count(), headWidth);
    NDArray positions = slots(hidden, 0, persistent.count());
    NDArray keys = ROTARY.rotate(pass, split(key.forward(pass, tokens)), positions);
    return new Prefix(keys.broadcast(shape), split(value.forward(pass, tokens)).broadcast(shape));
  }

  /** The places in their segments of tokens that begin at a slot: (length) int64. */
  private NDArray slots(NDArray like, long first, long length) {
    NDArray count =
        like.getManager()
            .arange((int) first, (int) (first + length), 1, DataType.INT64, like.getDevice());
    return first + length <= config.span()
        ? count
        : count.mod(config.span()).toType(DataType.INT64, false);
  }

  /** Where tokens that begin at a slot are cut into segments. */
  private long[] cuts(long first, long length) {
    return LongStream.iterate(
            config.span() - first, cut -> cut < length, cut -> cut + config.span())
        .toArray();
  }

  private Segment append(
      Pass pass,
      Segment segment,
      NDArray piece,
      NDList asked,
      NDArray slots,
      NDArray k,
      NDArray v) {
    NDArray h = memory.retrieve(pass, piece, asked);
    NDArray positions = slots.add(persistent.count());
    NDArray hk = ROTARY.rotate(pass, split(key.forward(pass, h)), positions);
    NDArray hv = split(value.forward(pass, h));
    if (segment == null) {
      return new Segment(hk, hv, k, v);
    }
    return new Segment(
        segment.retrievedKeys().concat(hk, 2),
        segment.retrievedValues().concat(hv, 2),
        segment.keys().concat(k, 2),
        segment.values().concat(v, 2));
  }

  /**
   * Attention over persistent tokens, what was retrieved, and the segment.
   *
   * @param q (B, heads, n, d), rotated
   * @param prefix persistent tokens; null for none
   * @param slots (n), or (B, n) if rows stand at different places of their segments
   * @param filled (B, 1, 1, slots) boolean, which slots are in use; null to compare slots with the
   *     order of keys
   * @return (B, n, width)
   */
  private NDArray attend(
      Pass pass, NDArray q, Segment segment, Prefix prefix, NDArray slots, NDArray filled) {
    NDManager manager = q.getManager();
    long count = segment.keys().getShape().get(2);
    NDArray visible = filled;
    if (visible == null) {
      NDArray order = manager.arange(0, (int) count, 1, DataType.INT64, q.getDevice());
      visible = order.expandDims(0).lte(slots.expandDims(1)).expandDims(0).expandDims(0);
    }
    NDArray keys = segment.retrievedKeys().concat(segment.keys(), 2);
    NDArray values = segment.retrievedValues().concat(segment.values(), 2);
    NDArray mask = visible.concat(visible, 3);
    if (prefix != null) {
      keys = prefix.keys().concat(keys, 2);
      values = prefix.values().concat(values, 2);
      Shape rows = mask.getShape();
      NDArray always =
          manager.ones(
              new Shape(rows.get(0), 1, rows.get(2), persistent.count()), DataType.BOOLEAN);
      mask = always.concat(mask, 3);
    }
    NDArray context =
        DotProductAttention.attend(pass, this, q, keys, values, mask, null, false, scale, 0);
    return Tensors.joinHeads(context);
  }

  private NDArray resume(Pass pass, NDArray hidden, NDArray valid) {
    DecodeState remembered = pass.cache().of(this);
    MemoryState state = memory.recall(pass, remembered, hidden);
    NDList snapshot = remembered.borrowAll("snapshot", hidden);
    NDList slots = remembered.borrowAll("segment", hidden);
    slots = slots.isEmpty() ? emptySegment(hidden) : slots;
    Advance end;
    if (valid == null && state.counts() == null) {
      long used = state.seen() % config.span();
      Segment segment =
          used == 0
              ? null
              : new Segment(
                  slice(slots.get(0), 0, used),
                  slice(slots.get(1), 0, used),
                  slice(slots.get(2), 0, used),
                  slice(slots.get(3), 0, used));
      end = segments(pass, hidden, null, state, snapshot, segment);
    } else {
      end = tokenByToken(pass, hidden, valid, state, snapshot, slots);
    }
    NeuralMemory.remember(remembered, end.state());
    remembered.putAll("snapshot", end.snapshot());
    remembered.putAll("segment", filled(end.segment()));
    return end.output();
  }

  /**
   * For rows at different places of their segments: each row writes its own slot of a full segment.
   */
  private Advance tokenByToken(
      Pass pass,
      NDArray hidden,
      NDArray valid,
      MemoryState state,
      NDList snapshot,
      NDList segment) {
    NDManager manager = hidden.getManager();
    long batch = hidden.getShape().get(0);
    long length = hidden.getShape().get(1);
    int span = config.span();
    MemoryState now = memory.ragged(state, hidden);
    NDList asked = snapshot.isEmpty() ? now.memory() : snapshot;
    NDList slots = segment;
    NDArray order = manager.arange(0, span, 1, DataType.INT64, hidden.getDevice());
    Prefix prefix = prefix(pass, hidden);
    NDList outputs = new NDList();
    for (long t = 0; t < length; t++) {
      NDArray token = hidden.get(":, {}:{}", t, t + 1);
      NDArray live =
          valid == null
              ? manager.ones(new Shape(batch, 1), DataType.BOOLEAN)
              : valid.get(":, {}:{}", t, t + 1);
      NDArray slot = now.counts().mod(span).reshape(batch, 1).toType(DataType.INT64, false);
      NDArray first = slot.eq(0).reshape(batch, 1, 1, 1).toType(hidden.getDataType(), false);
      NDList next = new NDList();
      for (int i = 0; i < asked.size(); i++) {
        next.add(Tensors.choose(first, now.memory().get(i), asked.get(i)));
      }
      asked = next;
      NDArray positions = slot.add(persistent.count());
      NDArray k = ROTARY.rotate(pass, split(key.forward(pass, token)), positions);
      Segment one = append(pass, null, token, asked, slot, k, split(value.forward(pass, token)));
      NDArray write =
          order
              .expandDims(0)
              .eq(slot)
              .logicalAnd(live)
              .reshape(batch, 1, span, 1)
              .toType(hidden.getDataType(), false);
      NDList written = new NDList();
      for (int i = 0; i < slots.size(); i++) {
        written.add(Tensors.choose(write, one.list().get(i), slots.get(i)));
      }
      slots = written;
      NDArray filled = order.expandDims(0).lte(slot).reshape(batch, 1, 1, span);
      Segment all = new Segment(slots.get(0), slots.get(1), slots.get(2), slots.get(3));
      NDArray q = ROTARY.rotate(pass, split(query.forward(pass, token)), positions);
      NDArray y = attend(pass, q, all, prefix, slot, filled);
      NeuralMemory.Advance learned = memory.advance(pass, y, live, now);
      outputs.add(gate.join(pass, y, learned.output()));
      now = learned.state();
    }
    Segment all = new Segment(slots.get(0), slots.get(1), slots.get(2), slots.get(3));
    return new Advance(Tensors.concat(outputs, 1), now, asked, all);
  }

  private NDList emptySegment(NDArray hidden) {
    Shape shape = new Shape(hidden.getShape().get(0), config.heads(), config.span(), headWidth);
    NDArray zeros = hidden.getManager().zeros(shape, hidden.getDataType());
    return new NDList(zeros, zeros, zeros, zeros);
  }

  /** The segment with all its slots, so that the state is of one size at every token. */
  private NDList filled(Segment segment) {
    NDList slots = new NDList();
    for (NDArray used : segment.list()) {
      Shape shape = used.getShape();
      Shape rest =
          new Shape(shape.get(0), shape.get(1), config.span() - shape.get(2), shape.get(3));
      slots.add(
          rest.get(2) == 0
              ? used
              : used.concat(used.getManager().zeros(rest, used.getDataType()), 2));
    }
    return slots;
  }

  private static NDArray slice(NDArray x, long at, long size) {
    return x.get(":, :, {}:{}", at, at + size);
  }

  private NDArray split(NDArray x) {
    return Tensors.splitHeads(x, config.heads());
  }
}
