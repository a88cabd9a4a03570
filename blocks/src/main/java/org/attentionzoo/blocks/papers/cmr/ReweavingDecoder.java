package org.attentionzoo.blocks.papers.cmr;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.attentionzoo.blocks.DecodeState;
import org.attentionzoo.blocks.Mixer;
import org.attentionzoo.blocks.NotRecordableException;
import org.attentionzoo.blocks.Padding;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Dropout;
import org.attentionzoo.blocks.layers.Embedding;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.ModuleList;
import org.attentionzoo.blocks.layers.RmsNorm;
import org.attentionzoo.blocks.shells.DecoderConfig;
import org.attentionzoo.blocks.shells.DecoderLanguageModel;
import org.attentionzoo.blocks.shells.ResidualLayer;
import org.attentionzoo.blocks.sparse.StateBuffer;

/**
 * A decoder language model that goes through its sequences segment by segment, with positions that
 * begin anew; what it knows of earlier segments is what its layers' memories hold. A causal version
 * of Contextual Memory Reweaving (arXiv 2502.02046), whose equations were not to be had, after a
 * third-party program: that one lets tokens see later ones, and shares one memory among the
 * sequences of a batch.
 *
 * <p>A memory holds states of whole earlier segments only, so that no token sees itself or a later
 * one. Gradients go from a segment into those before it unless the memory is detached.
 *
 * <p>State dict: as {@link org.attentionzoo.blocks.shells.DecoderLanguageModel}, and {@code
 * reweavers.<i>} for the i-th layer that has a memory. In decoding the state is the memories and
 * the present segment.
 */
public final class ReweavingDecoder extends ZooBlock {

  private static final String PENDING = "pending";
  private static final String COUNTS = "counts";

  private final DecoderConfig config;
  private final int segment;
  private final List<Integer> woven;
  private final Embedding embedding;
  private final ModuleList<ResidualLayer> layers;
  private final ModuleList<Reweaver> reweavers;
  private final RmsNorm norm;
  private final Linear head;

  /**
   * A decoder.
   *
   * @param config sizes of the decoder
   * @param segment the number of tokens of a segment
   * @param woven which layers, from 0, have a memory behind them
   * @param memory sizes of the memories; without slots there are none
   * @param mixers makes the causal mixer of a layer
   */
  public ReweavingDecoder(
      DecoderConfig config,
      int segment,
      List<Integer> woven,
      CmrConfig memory,
      IntFunction<? extends Mixer> mixers) {
    if (segment < 1) {
      throw new IllegalArgumentException("a segment has at least 1 token; got " + segment);
    }
    for (int layer : woven) {
      if (layer < 0 || layer >= config.layers()) {
        throw new IllegalArgumentException(
            "layer "
                + layer
                + " is to have a memory, but layers count from 0 to "
                + (config.layers() - 1));
      }
    }
    this.config = config;
    this.segment = segment;
    this.woven = memory.slots() == 0 ? List.of() : woven.stream().distinct().sorted().toList();
    int width = config.width();
    embedding =
        child("embed_tokens", new Embedding(config.vocabulary(), width, Initializers.normal(0.02)));
    layers = child("layers", DecoderLanguageModel.layers(config, mixers));
    reweavers =
        child(
            "reweavers",
            new ModuleList<>(this.woven.stream().map(l -> new Reweaver(memory)).toList()));
    norm = child("norm", new RmsNorm(width, config.normEpsilon()));
    head =
        child(
            "lm_head",
            config.tied()
                ? Linear.tiedTo(embedding.weight())
                : new Linear(width, config.vocabulary(), Initializers.normal(0.02), null));
  }

  /** A segment's last hidden states and the memories behind it. */
  private record Step(NDArray hidden, List<StateBuffer> memories) {}

  /**
   * Predicts the next token at each position.
   *
   * @param pass what the pass carries; with a cache, the tokens continue its sequences
   * @param inputs tokens (B, L) int64, and optionally (B, L) boolean, false where padded
   * @return logits (B, L, vocabulary)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NotRecordableException.refuse(inputs.get(0), "the number of segments follows the length");
    NDArray valid = inputs.size() > 1 ? inputs.get(1) : null;
    NDArray embedded = embedding.forward(pass, inputs.get(0));
    NDArray x = pass.shared(Dropout.apply(pass, embedded, config.dropout()));
    NDArray hidden;
    if (pass.cache() != null) {
      hidden = continued(pass, x, valid);
    } else if (valid != null) {
      Padding padding = new Padding(valid);
      NDArray live = padding.valid().toType(x.getDataType(), false);
      hidden = padding.restore(segments(pass, padding.compact(x), live));
    } else {
      hidden = segments(pass, x, null);
    }
    return new NDList(head.forward(pass, norm.forward(pass, hidden)));
  }

  private NDArray segments(Pass pass, NDArray x, NDArray live) {
    long length = x.getShape().get(1);
    List<StateBuffer> memories = empty(x);
    NDList outputs = new NDList();
    for (long from = 0; from < length; from += segment) {
      long to = Math.min(length, from + segment);
      NDArray part = length <= segment ? x : x.get(":, {}:{}", from, to);
      NDArray alive = live == null ? null : live.get(":, {}:{}", from, to);
      Step step = step(pass, part, alive, memories, to < length);
      outputs.add(step.hidden());
      memories = step.memories();
    }
    return Tensors.concat(outputs, 1);
  }

  private List<StateBuffer> empty(NDArray x) {
    List<StateBuffer> memories = new ArrayList<>();
    for (Reweaver reweaver : reweavers) {
      memories.add(reweaver.empty(x));
    }
    return memories;
  }

  /** A segment, or its beginning; it is remembered if it is whole. */
  private Step step(Pass pass, NDArray x, NDArray live, List<StateBuffer> memories, boolean whole) {
    Pass within =
        pass.cache() == null ? pass : pass.with((org.attentionzoo.blocks.DecodeCache) null);
    NDArray hidden = x;
    List<StateBuffer> after = new ArrayList<>();
    for (int i = 0; i < layers.size(); i++) {
      ResidualLayer layer = layers.get(i);
      int at = woven.indexOf(i);
      if (at < 0) {
        hidden =
            within.segment(hidden, (inner, given) -> layer.forward(inner, given, Sequences.FULL));
        continue;
      }
      StateBuffer memory = memories.get(at);
      NDList results =
          within.segmentAll(
              hidden,
              (inner, given) -> {
                NDArray y = layer.forward(inner, given, Sequences.FULL);
                Reweaver reweaver = reweavers.get(at);
                Reweaver.Woven result = reweaver.weave(inner, y, live, memory);
                NDList all = new NDList(result.hidden());
                if (whole) {
                  StateBuffer used = memory.after(result.used());
                  all.addAll(reweaver.remember(inner, y, live, used).all());
                }
                return all;
              });
      hidden = results.head();
      after.add(whole ? StateBuffer.of(results, 1) : memory);
    }
    return new Step(hidden, after);
  }

  private NDArray continued(Pass pass, NDArray x, NDArray valid) {
    DecodeState state = pass.cache().of(this);
    if (valid == null && state.get(COUNTS) == null) {
      return together(pass, x, state);
    }
    return oneByOne(pass, x, valid, state);
  }

  /** All sequences stand at the same place of their segments. */
  private NDArray together(Pass pass, NDArray x, DecodeState state) {
    long length = x.getShape().get(1);
    int held = (int) state.count(PENDING);
    List<StateBuffer> memories = recall(state, x);
    NDArray pending = held == 0 ? null : state.borrow(PENDING, x).get(":, :{}", held);
    NDList outputs = new NDList();
    long from = 0;
    while (from < length) {
      long to = Math.min(length, from + segment - held);
      NDArray part = x.get(":, {}:{}", from, to);
      NDArray all = pending == null ? part : pending.concat(part, 1);
      boolean whole = held + to - from == segment;
      Step step = step(pass, all, null, memories, whole);
      outputs.add(held == 0 ? step.hidden() : step.hidden().get(":, {}:", held));
      memories = step.memories();
      pending = whole ? null : all;
      held = whole ? 0 : (int) (held + to - from);
      from = to;
    }
    keep(state, memories);
    state.setCount(PENDING, held);
    state.put(PENDING, filled(x, pending));
    return Tensors.concat(outputs, 1);
  }

  /** The present segment with all its places, so that the state is of one size at every token. */
  private NDArray filled(NDArray like, NDArray pending) {
    Shape shape = like.getShape();
    long held = pending == null ? 0 : pending.getShape().get(1);
    NDArray rest =
        like.getManager()
            .zeros(new Shape(shape.get(0), segment - held, shape.get(2)), like.getDataType());
    return held == 0 ? rest : pending.concat(rest, 1);
  }

  /** Each sequence has its own place of its segment. */
  private NDArray oneByOne(Pass pass, NDArray x, NDArray valid, DecodeState state) {
    NDManager manager = x.getManager();
    Shape shape = x.getShape();
    long batch = shape.get(0);
    List<StateBuffer> memories = recall(state, x);
    NDArray pending = state.borrow(PENDING, x);
    pending = pending == null ? filled(x, null) : pending;
    NDArray counts = state.borrow(COUNTS, x);
    if (counts == null) {
      counts = manager.full(new Shape(batch, 1), (float) state.count(PENDING), x.getDataType());
    }
    NDArray place = manager.arange(0f, (float) segment, 1f, x.getDataType()).expandDims(0);
    NDList outputs = new NDList();
    for (long t = 0; t < shape.get(1); t++) {
      NDArray live =
          valid == null
              ? counts.onesLike()
              : valid.get(":, {}:{}", t, t + 1).toType(x.getDataType(), false);
      NDArray here = place.eq(counts).toType(x.getDataType(), false);
      NDArray write = here.mul(live).expandDims(2);
      pending = Tensors.choose(write, x.get(":, {}:{}", t, t + 1), pending);
      counts = counts.add(live);
      NDArray held = place.lt(counts).toType(x.getDataType(), false);
      Step step = step(pass, pending, held, memories, true);
      outputs.add(step.hidden().mul(here.expandDims(2)).sum(new int[] {1}, true));
      NDArray whole = counts.gte(segment).toType(x.getDataType(), false);
      List<StateBuffer> next = new ArrayList<>();
      for (int i = 0; i < memories.size(); i++) {
        next.add(step.memories().get(i).orElse(whole, memories.get(i)));
      }
      memories = next;
      counts = counts.mul(Tensors.oneMinus(whole));
    }
    keep(state, memories);
    state.put(PENDING, pending);
    state.put(COUNTS, counts);
    return Tensors.concat(outputs, 1);
  }

  private List<StateBuffer> recall(DecodeState state, NDArray x) {
    NDList all = state.borrowAll("memories", x);
    if (all.isEmpty()) {
      return empty(x);
    }
    List<StateBuffer> memories = new ArrayList<>();
    for (int i = 0; i < all.size(); i += 3) {
      memories.add(StateBuffer.of(all, i));
    }
    return memories;
  }

  private static void keep(DecodeState state, List<StateBuffer> memories) {
    NDList all = new NDList();
    for (StateBuffer memory : memories) {
      all.addAll(memory.all());
    }
    state.putAll("memories", all);
  }

  /** {@inheritDoc} */
  @Override
  public Shape[] getOutputShapes(Shape[] inputShapes, DataType[] dataTypes) {
    return getOutputShapes(inputShapes);
  }

  /** {@inheritDoc} */
  @Override
  public Shape[] getOutputShapes(Shape[] inputShapes) {
    return new Shape[] {inputShapes[0].add(config.vocabulary())};
  }
}
