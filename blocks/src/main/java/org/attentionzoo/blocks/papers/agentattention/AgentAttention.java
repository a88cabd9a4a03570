package org.attentionzoo.blocks.papers.agentattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import java.util.Set;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.attention.JointAttention;
import org.attentionzoo.blocks.layers.Conv2d;
import org.attentionzoo.blocks.layers.Conv2dConfig;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.LayerNorm;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.vision.Resampling;

/**
 * Agent attention (Han et al. 2023, equations 4 to 7) on a square grid of patches. A few agents,
 * means of the queries over cells of the grid, gather from all tokens and are then read by all:
 *
 * <pre>
 *   A = pool(Q)                              means over cells, before the scale s = 1 / sqrt(d)
 *   V' = softmax(s A K^T + B1) V             each agent gathers
 *   O  = softmax(s Q A^T + B2) V' + DWC(V)   each token reads; 3 x 3 depth-wise convolution
 * </pre>
 *
 * <p>The cost is linear in the number of tokens. B1 and B2 are sums of a 7 x 7 map, interpolated to
 * the grid, of a bias for each row and of one for each column. The class token, if there is one,
 * gathers and reads like the others, with a bias of its own, but has no part in the agents and in
 * the convolution.
 *
 * <p>State dict, with the official names: {@code an_bias}, {@code na_bias} (heads, agents, 7, 7),
 * {@code ah_bias} (1, heads, agents, side, 1), {@code aw_bias} (1, heads, agents, 1, side), {@code
 * ha_bias} (1, heads, side, 1, agents), {@code wa_bias} (1, heads, 1, side, agents), {@code
 * ac_bias} (1, heads, agents, 1), {@code ca_bias} (1, heads, 1, agents); {@code qkv}, or {@code q}
 * and {@code kv}, with {@code sr} and {@code norm} if reduced; {@code proj}, {@code dwc}. Taps:
 * {@code agent_pattern} (B, heads, agents, keys) and {@code query_pattern} (B, heads, L, agents).
 */
public final class AgentAttention extends MixerBlock {

  private static final String AGENT_PATTERN = "agent_pattern";
  private static final String QUERY_PATTERN = "query_pattern";
  private static final int MAP = 7;
  private static final double DEVIATION = 0.02;

  private final AgentConfig config;
  private final Parameter gatherMap;
  private final Parameter readMap;
  private final Parameter gatherRows;
  private final Parameter gatherColumns;
  private final Parameter readRows;
  private final Parameter readColumns;
  private final Parameter gatherClass;
  private final Parameter readClass;
  private final Linear joint;
  private final Linear query;
  private final Linear keyValue;
  private final Linear output;
  private final Conv2d reduce;
  private final LayerNorm reducedNorm;
  private final Conv2d convolution;

  /**
   * Attention.
   *
   * @param config its sizes and switches
   */
  public AgentAttention(AgentConfig config) {
    this.config = config;
    int heads = config.heads();
    int agents = config.agents();
    int side = config.side();
    int keySide = config.keySide();
    boolean biased = config.positionBias();
    boolean classBias = biased && config.classToken();
    gatherMap = biased ? bias("an_bias", heads, agents, MAP, MAP) : null;
    readMap = biased ? bias("na_bias", heads, agents, MAP, MAP) : null;
    gatherRows = biased ? bias("ah_bias", 1, heads, agents, keySide, 1) : null;
    gatherColumns = biased ? bias("aw_bias", 1, heads, agents, 1, keySide) : null;
    readRows = biased ? bias("ha_bias", 1, heads, side, 1, agents) : null;
    readColumns = biased ? bias("wa_bias", 1, heads, 1, side, agents) : null;
    gatherClass = classBias ? bias("ac_bias", 1, heads, agents, 1) : null;
    readClass = classBias ? bias("ca_bias", 1, heads, 1, agents) : null;
    int width = config.width();
    boolean apart = config.reduction() > 0;
    boolean addBias = config.queryKeyValueBias();
    joint = apart ? null : child("qkv", JointAttention.projection(width, 3L * width, addBias));
    query = apart ? child("q", JointAttention.projection(width, width, addBias)) : null;
    keyValue = apart ? child("kv", JointAttention.projection(width, 2L * width, addBias)) : null;
    output = child("proj", JointAttention.projection(width, width, true));
    int step = config.reduction();
    Conv2dConfig cells = Conv2dConfig.of(width, width, Math.max(1, step)).stride(Math.max(1, step));
    reduce = step > 1 ? child("sr", new Conv2d(cells.withBias())) : null;
    reducedNorm = step > 1 ? child("norm", new LayerNorm(width)) : null;
    Conv2dConfig depthwise = Conv2dConfig.of(width, width, 3).padding(1).groups(width).withBias();
    convolution = config.convolution() ? child("dwc", new Conv2d(depthwise)) : null;
  }

  private Parameter bias(String name, long... shape) {
    return parameter(name, Initializers.normal(DEVIATION), shape);
  }

  /** {@inheritDoc} */
  @Override
  public String role() {
    return "attention";
  }

  /** {@inheritDoc} */
  @Override
  public boolean isCausal() {
    return false;
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return Set.of(AGENT_PATTERN, QUERY_PATTERN);
  }

  /**
   * Mixes the tokens of a grid, given row by row.
   *
   * @param pass what the pass carries
   * @param hidden (B, side side, width), one token more with a class token, which is the first
   * @param sequences without padding
   * @return the same shape
   * @throws IllegalArgumentException if there are more or fewer tokens, or padding
   */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    long length = hidden.getShape().get(1);
    int heads = config.heads();
    int first = config.classToken() ? 1 : 0;
    long patches = (long) config.side() * config.side();
    if (length != patches + first || sequences.valid() != null) {
      throw new IllegalArgumentException(
          length + " tokens; expected " + (patches + first) + " without padding");
    }
    NDArray q;
    NDArray k;
    NDArray values;
    if (joint != null) {
      NDList all = joint.forward(pass, hidden).split(3, 2);
      q = all.get(0);
      k = all.get(1);
      values = all.get(2);
    } else {
      q = query.forward(pass, hidden);
      NDList both = keyValue.forward(pass, reduced(pass, hidden)).split(2, 2);
      k = both.get(0);
      values = both.get(1);
    }

    NDArray cells = Resampling.adaptiveMean(hidden, config.side(), config.agentSide());
    NDArray pooled = Resampling.grid(cells, cells).matMul(q.get(":, " + first + ":"));
    NDArray agents = Tensors.splitHeads(pooled, heads);
    double scale = 1 / Math.sqrt(config.headWidth());

    NDArray keys = Tensors.splitHeads(k, heads);
    NDArray queries = Tensors.splitHeads(q, heads);
    NDArray gather = Arithmetic.times(agents, scale).matMul(keys.swapAxes(2, 3));
    NDArray read = Arithmetic.times(queries, scale).matMul(agents.swapAxes(2, 3));
    if (config.positionBias()) {
      gather = gather.add(gatherBias(pass, hidden));
      read = read.add(readBias(pass, hidden));
    }
    NDArray gathered =
        pass.tap(this, AGENT_PATTERN, gather.softmax(-1)).matMul(Tensors.splitHeads(values, heads));
    NDArray mixed =
        Tensors.joinHeads(pass.tap(this, QUERY_PATTERN, read.softmax(-1)).matMul(gathered));
    if (convolution != null) {
      NDArray local = convolved(pass, values.get(":, " + first + ":"));
      NDArray sum = mixed.get(":, " + first + ":").add(local);
      mixed = first == 0 ? sum : mixed.get(":, :1").concat(sum, 1);
    }
    return output.forward(pass, mixed);
  }

  /** (B, side side, width) to (B, keys, width). */
  private NDArray reduced(Pass pass, NDArray x) {
    if (reduce == null) {
      return x;
    }
    NDArray map = reduce.forward(pass, map(x, config.side()));
    return reducedNorm.forward(pass, tokens(map));
  }

  /** (B, keys, width) to (B, side side, width). */
  private NDArray convolved(Pass pass, NDArray values) {
    NDArray full = values;
    if (reduce != null) {
      NDArray up = Resampling.linear(values, config.keySide(), config.side());
      full = Resampling.grid(up, up).matMul(values);
    }
    return tokens(convolution.forward(pass, map(full, config.side())));
  }

  private static NDArray map(NDArray tokens, int side) {
    Shape shape = tokens.getShape();
    return tokens.transpose(0, 2, 1).reshape(shape.get(0), shape.get(2), side, side);
  }

  private static NDArray tokens(NDArray map) {
    Shape shape = map.getShape();
    return map.reshape(shape.get(0), shape.get(1), shape.get(2) * shape.get(3)).transpose(0, 2, 1);
  }

  /** B1, (1, heads, agents, keys). */
  private NDArray gatherBias(Pass pass, NDArray like) {
    int heads = config.heads();
    int agents = config.agents();
    long keys = (long) config.keySide() * config.keySide();
    NDArray lines = sum(pass, like, gatherRows, gatherColumns).reshape(1, heads, agents, keys);
    NDArray bias = lines.add(interpolated(pass, like, gatherMap, config.keySide()));
    return gatherClass == null ? bias : value(pass, like, gatherClass).concat(bias, 3);
  }

  /** B2, (1, heads, L, agents). */
  private NDArray readBias(Pass pass, NDArray like) {
    int heads = config.heads();
    int agents = config.agents();
    long patches = (long) config.side() * config.side();
    NDArray lines = sum(pass, like, readRows, readColumns).reshape(1, heads, patches, agents);
    NDArray bias = lines.add(interpolated(pass, like, readMap, config.side()).swapAxes(1, 2));
    return readClass == null ? bias : value(pass, like, readClass).concat(bias, 2);
  }

  /** (heads, agents, 7, 7) to (heads, agents, side side). */
  private NDArray interpolated(Pass pass, NDArray like, Parameter map, int side) {
    NDArray up = Resampling.linear(like, MAP, side);
    NDArray flat = value(pass, like, map).reshape(config.heads(), config.agents(), MAP * MAP);
    return flat.matMul(Resampling.grid(up, up).transpose());
  }

  private NDArray sum(Pass pass, NDArray like, Parameter a, Parameter b) {
    return value(pass, like, a).add(pass.value(b, like));
  }

  /** A parameter's value whose further results live as long as the activation. */
  private static NDArray value(Pass pass, NDArray like, Parameter parameter) {
    NDArray value = pass.value(parameter, like);
    NDArray view = value.reshape(value.getShape());
    view.attach(like.getManager());
    return view;
  }
}
