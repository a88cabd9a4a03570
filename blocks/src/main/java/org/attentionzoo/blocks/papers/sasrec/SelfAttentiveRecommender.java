package org.attentionzoo.blocks.papers.sasrec;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.initializer.Initializer;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.Masks;
import org.attentionzoo.blocks.layers.Dropout;
import org.attentionzoo.blocks.layers.Embedding;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.LayerNorm;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.ModuleList;
import org.attentionzoo.blocks.layers.PaddedEmbedding;

/**
 * SASRec (Kang and McAuley 2018, "Self-Attentive Sequential Recommendation"): what a user will take
 * next from what the user took so far. With the history s_1 .. s_L (padded with 0 on the left), the
 * input is sqrt(d) E[s_t] + P[t]; after the blocks and a last norm, item i scores &lt;f_t, E[i]&gt;
 * at slot t, with the same table E (equations 1 to 7).
 *
 * <p>State dict, as pmixer/SASRec.pytorch: {@code item_emb} (items + 1, d), {@code pos_emb} (maxlen
 * + 1, d; in the authors' version and that of early 2020 maxlen, d), {@code
 * attention_layernorms.i}, {@code attention_layers.i}, {@code forward_layernorms.i}, {@code
 * forward_layers.i}, {@code last_layernorm}.
 *
 * <p>The authors' version always sees maxlen slots; given fewer, it numbers positions from the
 * right, which is what padding on the left gives. The PyTorch versions number the slots that are
 * given from 1 (that of early 2020 from 0), as their code does.
 */
public final class SelfAttentiveRecommender extends ZooBlock {

  private static final double EPSILON = 1e-8;

  private final SasRecConfig config;
  private final boolean official;
  private final boolean early;
  private final PaddedEmbedding items;
  private final UnaryBlock positions;
  private final ModuleList<LayerNorm> attentionNorms;
  private final ModuleList<SequenceAttention> attentions;
  private final ModuleList<LayerNorm> forwardNorms;
  private final ModuleList<PointwiseFeedForward> forwards;
  private final LayerNorm last;

  /**
   * A recommender.
   *
   * @param config its sizes and switches
   */
  public SelfAttentiveRecommender(SasRecConfig config) {
    this.config = config;
    official = config.norm() == SasRecConfig.Norm.OFFICIAL;
    early = config.norm() == SasRecConfig.Norm.EARLY;
    int width = config.hidden();
    items =
        child("item_emb", new PaddedEmbedding(config.items() + 1L, width, table(config.items())));
    positions = config.positions() ? child("pos_emb", positionTable()) : null;
    attentionNorms = list("attention_layernorms", i -> new LayerNorm(width, EPSILON));
    attentions = list("attention_layers", i -> new SequenceAttention(config));
    forwardNorms = list("forward_layernorms", i -> new LayerNorm(width, EPSILON));
    forwards = list("forward_layers", i -> new PointwiseFeedForward(config));
    last = child("last_layernorm", new LayerNorm(width, EPSILON));
  }

  private <B extends ZooBlock> ModuleList<B> list(String name, IntFunction<B> block) {
    return child(
        name, new ModuleList<>(IntStream.range(0, config.blocks()).mapToObj(block).toList()));
  }

  private UnaryBlock positionTable() {
    int rows = config.maxlen();
    if (official) {
      return new Embedding(
          rows, config.hidden(), Initializers.xavierUniform(rows, config.hidden()));
    }
    return early
        ? new Embedding(rows, config.hidden(), xavierNormal(rows, config.hidden()))
        : new PaddedEmbedding(rows + 1L, config.hidden(), table(rows));
  }

  /** How a table of so many rows beside that of the padding starts. */
  private Initializer table(int rows) {
    return official
        ? Initializers.xavierUniform(rows + 1L, config.hidden())
        : xavierNormal(rows + 1L, config.hidden());
  }

  /** PyTorch's {@code xavier_normal_}. */
  static Initializer xavierNormal(long fanIn, long fanOut) {
    return Initializers.normal(Math.sqrt(2.0 / (fanIn + fanOut)));
  }

  /**
   * Scores items.
   *
   * @param pass what the pass carries
   * @param inputs histories (B, L) int64, newest item last, 0 where padded, L at most maxlen; and
   *     candidates, int64: none for all items, 0 to items, after the last slot; (B, K) for some
   *     items after the last slot; (B, L, K) for some items after each slot; (K) for the same items
   *     after each slot
   * @return scores (B, items + 1), (B, K), (B, L, K) or (B, L, K)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    if (inputs.size() > 1 && inputs.get(1).getShape().dimension() == 3) {
      NDList rows = pass.shared(items.forwardAll(pass, inputs));
      return new NDList(scores(features(pass, inputs.get(0), rows.get(0)), rows.get(1)));
    }
    NDArray features = features(pass, inputs.get(0));
    if (inputs.size() == 1) {
      NDManager manager = features.getManager();
      NDArray all = manager.arange(0, config.items() + 1, 1, DataType.INT64, features.getDevice());
      return new NDList(scores(pass, lastSlot(features), all));
    }
    NDArray candidates = inputs.get(1);
    boolean afterLast = candidates.getShape().dimension() == 2;
    return new NDList(scores(pass, afterLast ? lastSlot(features) : features, candidates));
  }

  /**
   * What the model makes of each slot.
   *
   * @param pass what the pass carries
   * @param histories (B, L) int64, newest item last, 0 where padded, L at most maxlen
   * @return (B, L, d)
   * @throws IllegalArgumentException if L is larger than maxlen
   */
  public NDArray features(Pass pass, NDArray histories) {
    return features(pass, histories, items.forward(pass, histories));
  }

  private NDArray features(Pass pass, NDArray histories, NDArray rows) {
    Shape shape = histories.getShape();
    if (shape.dimension() != 2 || shape.get(1) > config.maxlen()) {
      throw new IllegalArgumentException(
          "histories are "
              + shape
              + "; expected (batch, length) with a length of at most maxlen, "
              + config.maxlen());
    }
    NDArray valid = histories.neq(0);
    NDArray allowed = config.keyPaddingMask() ? Masks.keys(valid) : null;
    NDArray x = Arithmetic.times(rows, Math.sqrt(config.hidden()));
    if (positions != null) {
      x = x.add(positions.forward(pass, slots(histories, valid)));
    }
    NDArray real = official || early ? valid.toType(x.getDataType(), false).expandDims(2) : null;
    x = masked(Dropout.apply(pass, x, config.dropout()), real);
    for (int i = 0; i < config.blocks(); i++) {
      int layer = i;
      x = pass.segment(x, (inner, given) -> masked(block(inner, layer, given, allowed), real));
    }
    addPenalty(pass, histories);
    return last.forward(pass, x);
  }

  private NDArray slots(NDArray histories, NDArray valid) {
    NDManager manager = histories.getManager();
    int length = (int) histories.getShape().get(1);
    int first = official ? config.maxlen() - length : early ? 0 : 1;
    NDArray slots =
        manager
            .arange(first, first + length, 1, DataType.INT64, histories.getDevice())
            .reshape(1, length);
    return official || early ? slots : valid.toType(DataType.INT64, false).mul(slots);
  }

  private static NDArray masked(NDArray x, NDArray real) {
    return real == null ? x : x.mul(real);
  }

  private NDArray block(Pass pass, int i, NDArray x, NDArray allowed) {
    LayerNorm first = attentionNorms.get(i);
    LayerNorm second = forwardNorms.get(i);
    SequenceAttention attention = attentions.get(i);
    PointwiseFeedForward network = forwards.get(i);
    return switch (config.norm()) {
      case OFFICIAL, EARLY, LEGACY -> {
        NDArray queries = first.forward(pass, x);
        NDArray y = queries.add(attention.forward(pass, queries, x, allowed));
        NDArray z = second.forward(pass, y);
        yield z.add(network.forward(pass, z));
      }
      case PRE -> {
        NDArray normalised = first.forward(pass, x);
        NDArray y = x.add(attention.forward(pass, normalised, normalised, allowed));
        yield y.add(network.forward(pass, second.forward(pass, y)));
      }
      case POST -> {
        NDArray y = first.forward(pass, x.add(attention.forward(pass, x, x, allowed)));
        yield second.forward(pass, y.add(network.forward(pass, y)));
      }
    };
  }

  private void addPenalty(Pass pass, NDArray like) {
    if (config.l2() == 0 || !pass.isTraining()) {
      return;
    }
    NDArray sum = squares(pass.value(items.weight(), like), like);
    if (official) {
      if (positions instanceof Embedding table) {
        sum = sum.add(squares(pass.value(table.weight(), like), like));
      }
      sum = Arithmetic.times(sum, 0.5);
    }
    pass.addAuxiliaryLoss("sasrec.l2", Arithmetic.times(sum, config.l2()));
  }

  private static NDArray squares(NDArray table, NDArray like) {
    NDArray squares = table.square();
    squares.attach(like.getManager());
    return squares.sum();
  }

  /**
   * The features after the newest item.
   *
   * @param features (B, L, d)
   * @return (B, d)
   */
  public static NDArray lastSlot(NDArray features) {
    return features.get(":, -1");
  }

  /**
   * Scores candidates by &lt;f, E[i]&gt;.
   *
   * @param pass what the pass carries
   * @param features (..., d)
   * @param candidates (K) int64, the same for all features, or (..., K)
   * @return (..., K); padding, id 0, scores 0 as long as its row is zero
   */
  public NDArray scores(Pass pass, NDArray features, NDArray candidates) {
    NDArray rows = items.forward(pass, candidates);
    if (candidates.getShape().dimension() == 1) {
      return Linear.project(pass, features, rows, null);
    }
    return scores(features, rows);
  }

  private static NDArray scores(NDArray features, NDArray rows) {
    return rows.mul(features.expandDims(-2)).sum(new int[] {-1});
  }
}
