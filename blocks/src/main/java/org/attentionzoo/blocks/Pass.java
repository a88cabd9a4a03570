package org.attentionzoo.blocks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiFunction;

/**
 * What travels with one forward pass through the block tree: where parameters come from, whether it
 * is a training pass, whether kernels may be used, who listens at the taps, the decoding cache, and
 * the auxiliary losses that blocks add on the way.
 *
 * <p>Immutable but for the auxiliary losses; one pass belongs to one thread.
 */
public final class Pass {

  /** The key under which a pass travels through a foreign DJL container's parameter list. */
  public static final String KEY = "org.attentionzoo.pass";

  private final ParameterStore store;
  private final boolean training;
  private final boolean plain;
  private final Taps taps;
  private final DecodeCache cache;
  private final Map<String, NDArray> auxiliaryLosses;
  private final Segments segments;
  private final boolean repeated;
  private final boolean bfloat16;

  private Pass(
      ParameterStore store,
      boolean training,
      boolean plain,
      Taps taps,
      DecodeCache cache,
      Map<String, NDArray> auxiliaryLosses,
      Segments segments,
      boolean repeated,
      boolean bfloat16) {
    this.store = store;
    this.training = training;
    this.plain = plain;
    this.taps = taps;
    this.cache = cache;
    this.auxiliaryLosses = auxiliaryLosses;
    this.segments = segments;
    this.repeated = repeated;
    this.bfloat16 = bfloat16;
  }

  /**
   * A pass that trains: dropout acts, batch statistics are used, auxiliary losses are collected.
   *
   * @param store where parameters come from
   * @return the pass
   */
  public static Pass training(ParameterStore store) {
    return new Pass(store, true, false, Taps.NONE, null, new LinkedHashMap<>(), null, false, false);
  }

  /**
   * A pass that does not train.
   *
   * @param store where parameters come from
   * @return the pass
   */
  public static Pass inference(ParameterStore store) {
    return new Pass(
        store, false, false, Taps.NONE, null, new LinkedHashMap<>(), null, false, false);
  }

  /**
   * The pass of a call through DJL's own {@link Block#forward}.
   *
   * @param store where parameters come from
   * @param training DJL's flag
   * @param params DJL's free parameters; a pass under {@link #KEY} gives taps, cache and path
   * @return the pass
   */
  static Pass of(ParameterStore store, boolean training, PairList<String, Object> params) {
    Object outer = params == null ? null : params.get(KEY);
    if (outer instanceof Pass pass) {
      return new Pass(
          store,
          training,
          pass.plain,
          pass.taps,
          pass.cache,
          pass.auxiliaryLosses,
          pass.segments,
          pass.repeated,
          pass.bfloat16);
    }
    return training ? training(store) : inference(store);
  }

  /**
   * The same pass on the plain path: NDArray operations only, no kernels.
   *
   * @return a new pass
   */
  public Pass onPlainPath() {
    return new Pass(
        store, training, true, taps, cache, auxiliaryLosses, segments, repeated, bfloat16);
  }

  /**
   * The same pass with listeners.
   *
   * @param listeners who listens
   * @return a new pass
   */
  public Pass with(Taps listeners) {
    return new Pass(
        store, training, plain, listeners, cache, auxiliaryLosses, segments, repeated, bfloat16);
  }

  /**
   * The same pass, continuing the sequences that the cache holds.
   *
   * @param decodeCache the states of the blocks; updated in place by the pass
   * @return a new pass
   */
  public Pass with(DecodeCache decodeCache) {
    return new Pass(
        store, training, plain, taps, decodeCache, auxiliaryLosses, segments, repeated, bfloat16);
  }

  /**
   * The same pass, whose layers are segments.
   *
   * @param layers keeps the segments; its {@link Segments#backward} is to follow that of the loss
   * @return a new pass
   */
  public Pass with(Segments layers) {
    return new Pass(
        store, training, plain, taps, cache, auxiliaryLosses, layers, repeated, bfloat16);
  }

  /**
   * The same pass, whose large products are computed in bfloat16: those of {@link
   * org.attentionzoo.blocks.layers.Linear} and of fused attention. Weights, activations, norms and
   * losses stay float32, so that the weights that are trained are float32 master weights.
   *
   * @return a new pass
   */
  public Pass inBfloat16() {
    return new Pass(store, training, plain, taps, cache, auxiliaryLosses, segments, repeated, true);
  }

  /**
   * Whether large products are to be computed in bfloat16 where a kernel can.
   *
   * @return false unless {@link #inBfloat16} was asked for
   */
  public boolean isBfloat16() {
    return bfloat16;
  }

  /** The pass inside of a segment, whose auxiliary losses are its own. */
  Pass inSegment(Map<String, NDArray> losses, boolean again) {
    return new Pass(store, training, plain, taps, cache, losses, null, again, bfloat16);
  }

  /**
   * Runs a layer, or another part of a model through which everything goes, as a segment: its
   * random numbers are its own, and with gradient checkpointing its activations are computed again
   * in the backward pass. Without {@link Segments}, and inside of another segment, it is just run.
   *
   * @param x what the layer is given; of what else it reads nothing may depend on parameters but
   *     for results of earlier segments and what {@link #shared} gave
   * @param layer from the pass it is to use and x to its result; run twice with checkpointing
   * @return the result
   */
  public NDArray segment(NDArray x, BiFunction<Pass, NDArray, NDArray> layer) {
    return segmentAll(x, (inner, given) -> new NDList(layer.apply(inner, given))).head();
  }

  /**
   * Runs a part of a model with several results as a segment; see {@link #segment}.
   *
   * @param x what the part is given
   * @param part from the pass it is to use and x to its results, of floating point
   * @return the results
   */
  public NDList segmentAll(NDArray x, BiFunction<Pass, NDArray, NDList> part) {
    return segments == null ? part.apply(this, x) : segments.run(this, x, part);
  }

  /**
   * What several segments read, or segments and the loss: with gradient checkpointing the gradients
   * are added up here and go on once, after the last segment.
   *
   * @param x of floating point; not to be used itself afterwards
   * @return what is to be used instead, with the values of x
   */
  public NDArray shared(NDArray x) {
    return shared(new NDList(x)).head();
  }

  /**
   * {@link #shared(NDArray)} of arrays that one operation made.
   *
   * @param arrays of floating point; not to be used themselves afterwards
   * @return what is to be used instead
   */
  public NDList shared(NDList arrays) {
    return segments == null ? arrays : segments.share(this, arrays);
  }

  /**
   * Whether a layer is run a second time for its gradients, so that what counts passes, such as
   * running statistics, must not count this one.
   *
   * @return true in the second run of a segment
   */
  public boolean isRepeated() {
    return repeated;
  }

  /**
   * Whether this is a training pass.
   *
   * @return true if dropout acts and batch statistics are used
   */
  public boolean isTraining() {
    return training;
  }

  /**
   * Where parameters come from.
   *
   * @return the store
   */
  public ParameterStore store() {
    return store;
  }

  /**
   * The decoding cache.
   *
   * @return the cache, or null if whole sequences are processed
   */
  public DecodeCache cache() {
    return cache;
  }

  /**
   * A parameter's value on the device of an activation.
   *
   * @param parameter the parameter
   * @param like an activation on the wanted device
   * @return the value; do not use it as the receiver of an operation, since results are attached to
   *     the receiver's manager
   */
  public NDArray value(Parameter parameter, NDArray like) {
    return store.getValue(parameter, like.getDevice(), training);
  }

  /**
   * A running statistic, which a training pass changes in place. Where a layer is run a second time
   * for its gradients it is a copy: the statistic has seen this batch already.
   *
   * @param parameter the buffer
   * @param like an activation on the wanted device
   * @return the value; not to be used as the receiver of an operation
   */
  public NDArray statistic(Parameter parameter, NDArray like) {
    NDArray value = value(parameter, like);
    if (!repeated) {
      return value;
    }
    NDArray copy = value.duplicate();
    copy.attach(like.getManager());
    return copy;
  }

  /**
   * Whether a kernel may be used on this activation: not on the plain path, and not while a
   * recording NDArray traces the graph.
   *
   * @param x an activation
   * @return true if kernels may be used
   */
  public boolean kernels(NDArray x) {
    return !plain && x instanceof PtNDArray;
  }

  /**
   * Whether somebody listens at a point, so that a block must compute it explicitly.
   *
   * @param owner the block that owns the point
   * @param point one of its {@link ZooBlock#tapPoints()}
   * @return true if somebody listens
   */
  public boolean listens(Block owner, String point) {
    return taps.listens(owner, point);
  }

  /**
   * Offers a value to those who listen at a point.
   *
   * @param owner the block that owns the point
   * @param point one of its {@link ZooBlock#tapPoints()}
   * @param value the value
   * @return the value, or what a listener replaced it by
   */
  public NDArray tap(Block owner, String point, NDArray value) {
    return taps.offer(owner, point, value);
  }

  /**
   * Adds an auxiliary loss, already weighted; the training loop adds it to the objective.
   *
   * @param name its name among the metrics, for example {@code moh.balance}; values under one name
   *     add up
   * @param loss a scalar
   */
  public void addAuxiliaryLoss(String name, NDArray loss) {
    auxiliaryLosses.merge(name, loss, NDArray::add);
  }

  /**
   * The auxiliary losses that were added so far.
   *
   * @return scalars by name, in order of first addition
   */
  public Map<String, NDArray> auxiliaryLosses() {
    return auxiliaryLosses;
  }
}
