package org.attentionzoo.blocks.papers.titans;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Parameter;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.DecodeState;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Padding;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.ModuleList;
import org.attentionzoo.blocks.layers.ShortConvolution;

/**
 * The neural long-term memory of Titans (Behrouz, Zhong and Mirrokni 2024, section 3.1): a small
 * network whose weights are learned while the sequence is read, by gradient descent with momentum
 * and forgetting on how badly it maps keys to values (equations 11 to 15).
 *
 * <p>k, q = normalised silu(x W_K), silu(x W_Q), v = silu(x W_V); alpha, eta = sigmoid(linear(x)),
 * theta = maximumRate sigmoid(linear(x)), one each per token and head; the output is y_t =
 * M_t(q_t), read after token t was learned.
 *
 * <p>State dict: {@code to_q}, {@code to_k}, {@code to_v}, {@code to_alpha}, {@code to_eta}, {@code
 * to_theta}, and the memory's start, {@code memory.j} (in, out), with several heads (heads, in,
 * out). Without forgetting or momentum the gate's parameters are absent.
 */
public final class NeuralMemory extends MixerBlock {

  /** The tap of what the memory says: (B, L, width). */
  public static final String OUTPUT = "output";

  private final NeuralMemoryConfig config;
  private final Linear toQuery;
  private final Linear toKey;
  private final Linear toValue;
  private final Linear toAlpha;
  private final Linear toEta;
  private final Linear toTheta;
  private final Start start;
  private final ModuleList<ShortConvolution> convolutions;
  private final Parameter queryGain;
  private final Parameter keyGain;

  /** The learned weights at which every sequence's memory starts: parameters 0, 1, ... */
  private static final class Start extends ZooBlock {
    private final List<Parameter> weights = new ArrayList<>();

    Start(NeuralMemoryConfig config) {
      int inner = config.headWidth() * config.expansion();
      for (int i = 0; i < config.depth(); i++) {
        int in = i == 0 ? config.headWidth() : inner;
        int out = i == config.depth() - 1 ? config.headWidth() : inner;
        long[] shape =
            config.heads() == 1 ? new long[] {in, out} : new long[] {config.heads(), in, out};
        weights.add(parameter(Integer.toString(i), Initializers.xavierUniform(in, out), shape));
      }
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      throw new UnsupportedOperationException("the memory's start is read by its owner");
    }
  }

  /**
   * What a memory says, and what it has become.
   *
   * @param output (B, L, width)
   * @param memory M after the last token: (B, heads, in, out) for each layer
   */
  public record Reading(NDArray output, NDList memory) {}

  /**
   * A memory.
   *
   * @param config its sizes and switches
   */
  public NeuralMemory(NeuralMemoryConfig config) {
    this.config = config;
    int width = config.width();
    toQuery = child("to_q", new Linear(width, width, false));
    toKey = child("to_k", new Linear(width, width, false));
    toValue = child("to_v", new Linear(width, width, false));
    toAlpha = config.forgetting() ? child("to_alpha", gate(config.forgetBias())) : null;
    toEta = config.momentum() ? child("to_eta", gate(config.momentumBias())) : null;
    toTheta = child("to_theta", gate(config.rateBias()));
    start = child("memory", new Start(config));
    if (config.convolution() > 0) {
      List<ShortConvolution> three = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        three.add(new ShortConvolution(width, config.convolution()));
      }
      convolutions = child("convolutions", new ModuleList<>(three));
    } else {
      convolutions = null;
    }
    queryGain = config.queryKeyGain() ? gain("q_gain") : null;
    keyGain = config.queryKeyGain() ? gain("k_gain") : null;
  }

  private Linear gate(double bias) {
    return new Linear(
        config.width(),
        config.heads(),
        Initializers.fanIn(config.width()),
        Initializers.constant(bias));
  }

  private Parameter gain(String name) {
    return parameter(name, Initializers.constant(0), config.heads(), 1, config.headWidth());
  }

  /** {@inheritDoc} */
  @Override
  public boolean isCausal() {
    return true;
  }

  /** {@inheritDoc} */
  @Override
  public String role() {
    return "memory";
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return Set.of(OUTPUT);
  }

  /** {@inheritDoc} */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    return memorize(pass, hidden, sequences.valid()).output();
  }

  /**
   * Reads sequences while learning them.
   *
   * @param pass what the pass carries; with a cache, continues its sequences
   * @param hidden (B, L, width)
   * @param valid (B, L) boolean, false where padded; null if nothing is
   * @return what the memory says, and what it has become
   */
  public Reading memorize(Pass pass, NDArray hidden, NDArray valid) {
    if (pass.cache() == null) {
      if (valid == null) {
        Advance end = advance(pass, hidden, null, begin(pass, hidden));
        return new Reading(end.output(), end.state().memory());
      }
      Padding padding = new Padding(valid);
      MemoryState begin = ragged(begin(pass, hidden), hidden);
      Advance end = advance(pass, padding.compact(hidden), padding.valid(), begin);
      return new Reading(padding.restore(end.output()), end.state().memory());
    }
    DecodeState remembered = pass.cache().of(this);
    MemoryState state = recall(pass, remembered, hidden);
    Advance end;
    if (valid == null && state.counts() == null) {
      end = advance(pass, hidden, null, state);
    } else {
      end = tokenByToken(pass, hidden, valid, ragged(state, hidden));
    }
    remember(remembered, end.state());
    return new Reading(end.output(), end.state().memory());
  }

  /**
   * What a memory says to tokens without learning them: M*(q) in the paper. Convolutions do not
   * act.
   *
   * @param pass what the pass carries
   * @param hidden (B, L, width)
   * @param memory (B, heads, in, out) for each layer
   * @return (B, L, width)
   */
  NDArray retrieve(Pass pass, NDArray hidden, NDList memory) {
    NDArray q = unit(pass, toQuery.forward(pass, hidden), queryGain);
    return Tensors.joinHeads(Memorizing.read(q, memory));
  }

  /** Output (B, L, width) and state after a piece of sequences. */
  record Advance(NDArray output, MemoryState state) {}

  /**
   * Learns a piece of sequences. Where rows differ in how many tokens they have seen, the piece
   * must be a single token, or valid tokens must stand in front and rows start at chunk boundaries.
   */
  Advance advance(Pass pass, NDArray hidden, NDArray valid, MemoryState state) {
    NDArray live = valid == null ? null : valid.toType(hidden.getDataType(), false);
    NDArray x = live == null ? hidden : hidden.mul(live.expandDims(2));
    NDList pasts = new NDList();
    Projected projected = project(pass, x);
    NDArray q = convolve(pass, 0, projected.query(), live, state, pasts);
    NDArray k = convolve(pass, 1, projected.key(), live, state, pasts);
    NDArray v = convolve(pass, 2, projected.value(), live, state, pasts);
    NDArray rate =
        Arithmetic.times(Activation.sigmoid(projected.theta()), config.maximumRate())
            .swapAxes(1, 2);
    Memorizing.Tokens tokens =
        new Memorizing.Tokens(
            unit(pass, q, queryGain),
            unit(pass, k, keyGain),
            Memorizing.activate(pass, v, config.heads(), false),
            rate,
            toAlpha == null ? null : logSigmoid(projected.alpha().neg()).swapAxes(1, 2),
            toEta == null ? null : logSigmoid(projected.eta()).swapAxes(1, 2),
            live == null ? null : live.expandDims(1));
    Memorizing.Step step =
        pass.kernels(hidden)
            ? Memorizing.fast(tokens, state, config.chunkSize(), config.maximumGradientNorm())
            : Memorizing.plain(tokens, state, config.chunkSize(), config.maximumGradientNorm());
    NDArray spoken = Tensors.joinHeads(step.output());
    NDArray output = pass.tap(this, OUTPUT, config.silent() ? spoken.zerosLike() : spoken);
    NDArray counts =
        state.counts() == null || valid == null
            ? state.counts()
            : state
                .counts()
                .add(valid.toType(DataType.INT64, false).sum(new int[] {1}))
                .toType(DataType.INT64, false);
    return new Advance(
        output,
        new MemoryState(
            step.memory(),
            step.momentum(),
            step.anchor(),
            pasts,
            state.seen() + hidden.getShape().get(1),
            counts));
  }

  /** The linear maps of tokens, before activations; gates that do not act are null. */
  private record Projected(
      NDArray query, NDArray key, NDArray value, NDArray theta, NDArray alpha, NDArray eta) {}

  private Projected project(Pass pass, NDArray x) {
    List<Linear> maps = new ArrayList<>(List.of(toQuery, toKey, toValue, toTheta));
    if (toAlpha != null) {
      maps.add(toAlpha);
    }
    if (toEta != null) {
      maps.add(toEta);
    }
    NDList all = new NDList();
    if (pass.kernels(x)) {
      NDList weights = new NDList();
      NDList biases = new NDList();
      for (Linear map : maps) {
        weights.add(pass.value(map.weight(), x));
        if (map.bias() != null) {
          biases.add(pass.value(map.bias(), x));
        }
      }
      all = Memorizing.project(x, weights, biases);
    } else {
      for (Linear map : maps) {
        all.add(map.forward(pass, x));
      }
    }
    NDArray alpha = toAlpha == null ? null : all.get(4);
    NDArray eta = toEta == null ? null : all.get(all.size() - 1);
    return new Projected(all.get(0), all.get(1), all.get(2), all.get(3), alpha, eta);
  }

  private NDArray unit(Pass pass, NDArray x, Parameter gain) {
    NDArray unit = Memorizing.activate(pass, x, config.heads(), true);
    return gain == null ? unit : unit.mul(pass.value(gain, x)).add(unit);
  }

  /** For rows that have seen different numbers of tokens. */
  Advance tokenByToken(Pass pass, NDArray hidden, NDArray valid, MemoryState state) {
    NDList outputs = new NDList();
    MemoryState now = state;
    long length = hidden.getShape().get(1);
    for (long t = 0; t < length; t++) {
      NDArray token = hidden.get(":, {}:{}", t, t + 1);
      NDArray live =
          valid == null
              ? hidden.getManager().ones(new Shape(hidden.getShape().get(0), 1), DataType.BOOLEAN)
              : valid.get(":, {}:{}", t, t + 1);
      Advance one = advance(pass, token, live, now);
      outputs.add(one.output());
      now = one.state();
    }
    return new Advance(Tensors.concat(outputs, 1), now);
  }

  /** The state before the first token. */
  MemoryState begin(Pass pass, NDArray hidden) {
    NDManager manager = hidden.getManager();
    long batch = hidden.getShape().get(0);
    NDList memory = new NDList();
    NDList momentum = new NDList();
    for (Parameter weight : start.weights) {
      NDArray value = pass.value(weight, hidden);
      Shape shape = value.getShape();
      int rank = shape.dimension();
      Shape full = new Shape(batch, config.heads(), shape.get(rank - 2), shape.get(rank - 1));
      NDArray spread = value.broadcast(full);
      spread.attach(manager);
      memory.add(spread);
      momentum.add(manager.zeros(full, hidden.getDataType()));
    }
    return new MemoryState(memory, momentum, memory, new NDList(), 0, null);
  }

  /** The same state, counting the valid tokens of each row. */
  MemoryState ragged(MemoryState state, NDArray hidden) {
    if (state.counts() != null) {
      return state;
    }
    NDArray counts =
        hidden
            .getManager()
            .zeros(new Shape(hidden.getShape().get(0)), DataType.INT64)
            .add(state.seen());
    return new MemoryState(
        state.memory(),
        state.momentum(),
        state.anchor(),
        state.pasts(),
        state.seen(),
        counts.toType(DataType.INT64, false));
  }

  MemoryState recall(Pass pass, DecodeState remembered, NDArray hidden) {
    if (remembered.get("memory.0") == null) {
      return begin(pass, hidden);
    }
    NDArray counts = remembered.borrow("counts", hidden);
    return new MemoryState(
        remembered.borrowAll("memory", hidden),
        remembered.borrowAll("momentum", hidden),
        remembered.borrowAll("anchor", hidden),
        remembered.borrowAll("past", hidden),
        remembered.count("seen"),
        counts);
  }

  static void remember(DecodeState remembered, MemoryState state) {
    remembered.putAll("memory", state.memory());
    remembered.putAll("momentum", state.momentum());
    remembered.putAll("anchor", state.anchor());
    remembered.putAll("past", state.pasts());
    remembered.setCount("seen", state.seen());
    if (state.counts() != null) {
      remembered.put("counts", state.counts());
    }
  }

  private NDArray convolve(
      Pass pass, int which, NDArray x, NDArray live, MemoryState state, NDList pasts) {
    if (convolutions == null) {
      return x;
    }
    ShortConvolution convolution = convolutions.get(which);
    NDArray past = state.pasts().isEmpty() ? convolution.emptyPast(x) : state.pasts().get(which);
    pasts.add(convolution.nextPast(past, x, live));
    return convolution.forward(pass, x, past);
  }

  /** log(sigmoid(x)), without underflow. */
  private static NDArray logSigmoid(NDArray x) {
    return Activation.softPlus(x.neg()).neg();
  }
}
