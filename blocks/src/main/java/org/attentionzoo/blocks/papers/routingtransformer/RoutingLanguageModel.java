package org.attentionzoo.blocks.papers.routingtransformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Parameter;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.DecodeState;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Dropout;
import org.attentionzoo.blocks.layers.Embedding;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.LayerNorm;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.ModuleList;
import org.attentionzoo.blocks.papers.routingtransformer.RoutingAttention.Place;
import org.attentionzoo.blocks.papers.routingtransformer.RoutingConfig.Norm;

/**
 * A Routing Transformer language model (Roy et al. 2020, arXiv 2003.05997), as the PyTorch
 * reference has it: embedding, pre-norm layers of {@link RoutingAttention} and a feed-forward
 * network, a final norm and an output projection.
 *
 * <p>Which tokens a centroid takes depends on the whole sequence, so that later tokens have a say
 * in what earlier ones see, see {@link KMeansAttention}; strictly causal are sequences of up to
 * {@code window} tokens, and longer ones with a decode cache or {@code causalSelection}.
 *
 * <p>State dict: {@code token_emb}, {@code sinu_pos_emb}, {@code routing_transformer}, {@code
 * norm}, {@code out}.
 */
public final class RoutingLanguageModel extends ZooBlock {

  private final RoutingConfig config;
  private final Embedding embedding;
  private final RotaryAngles angles;
  private final Linear projectIn;
  private final Linear projectOut;
  private final ModuleList<Layer> layers;
  private final LayerNorm norm;
  private final Linear head;

  /**
   * A language model.
   *
   * @param config its sizes
   */
  public RoutingLanguageModel(RoutingConfig config) {
    this.config = config;
    int outer = config.embeddingWidth();
    angles = child("sinu_pos_emb", new RotaryAngles(config.length(), config.headWidth()));
    embedding =
        child("token_emb", new Embedding(config.vocabulary(), outer, Initializers.normal(0.02)));
    List<Layer> stack = new ArrayList<>();
    for (int i = 0; i < config.layers(); i++) {
      stack.add(new Layer(config, i));
    }
    layers = new ModuleList<>(stack);
    Holder transformer = new Holder().with("layers", new Holder().with("layers", layers));
    if (outer == config.width()) {
      projectIn = null;
      projectOut = null;
      child("routing_transformer", transformer);
    } else {
      projectIn = new Linear(outer, config.width());
      projectOut = new Linear(config.width(), outer);
      child(
          "routing_transformer",
          new Holder()
              .with("project_in", projectIn)
              .with("fn", transformer)
              .with("project_out", projectOut));
    }
    norm = child("norm", new LayerNorm(outer));
    if (config.tied()) {
      head = Linear.tiedTo(embedding.weight());
      child("out", new Holder().tied("tensor", embedding.weight()));
    } else {
      head = child("out", new Linear(outer, config.vocabulary()));
    }
  }

  /**
   * Predicts the next token at each position.
   *
   * @param pass what the pass carries; with a cache, the tokens continue its sequences
   * @param inputs tokens (B, L) int64, and optionally (B, L) boolean, false where padded
   * @return logits (B, L, vocabulary)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    return new NDList(run(pass, inputs, new NDList()));
  }

  /**
   * Predicts, and gives the loss that draws tokens towards centroids.
   *
   * @param pass what the pass carries
   * @param inputs as for {@link #forward(Pass, NDList)}
   * @return logits (B, L, vocabulary) and the sum over the layers ()
   */
  public NDList withLoss(Pass pass, NDList inputs) {
    NDList losses = new NDList();
    NDArray logits = run(pass, inputs, losses);
    NDArray sum = logits.getManager().zeros(new Shape(), logits.getDataType(), logits.getDevice());
    for (NDArray loss : losses) {
      sum = sum.add(loss);
    }
    return new NDList(logits, sum);
  }

  private NDArray run(Pass pass, NDList inputs, NDList losses) {
    NDArray tokens = inputs.get(0).toType(DataType.INT64, false);
    NDArray valid = inputs.size() > 1 ? inputs.get(1) : null;
    Sequences sequences = config.routesPadding() ? Sequences.FULL : Sequences.padded(valid);
    NDArray hidden = embedding.forward(pass, tokens);
    NDArray positions = sequences.positions(pass, this, hidden);
    Place place = new Place(positions, angles.at(hidden, positions), valid);
    if (projectIn != null) {
      hidden = projectIn.forward(pass, hidden);
    }
    for (Layer layer : layers) {
      hidden = pass.segment(hidden, (inner, x) -> layer.run(inner, x, place, losses));
    }
    if (projectOut != null) {
      hidden = projectOut.forward(pass, hidden);
    }
    return head.forward(pass, norm.forward(pass, hidden));
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

  /** x + attention, then x + feed-forward network. */
  private static final class Layer extends ZooBlock {

    private final Sublayer attentionFrame;
    private final Sublayer feedForwardFrame;
    private final RoutingAttention attention;
    private final FeedForward feedForward;

    Layer(RoutingConfig config, int layer) {
      attention = new RoutingAttention(config, layer);
      feedForward = new FeedForward(config);
      attentionFrame = child("0", new Sublayer(config, attention));
      feedForwardFrame = child("1", new Sublayer(config, new Holder().with("fn", feedForward)));
    }

    NDArray run(Pass pass, NDArray x, Place place, NDList losses) {
      NDArray attended =
          attentionFrame.around(
              pass,
              x,
              place,
              inner -> {
                NDList found = attention.attend(pass, inner, place);
                if (found.size() > 1) {
                  losses.add(found.get(1));
                  if (pass.isTraining()) {
                    pass.addAuxiliaryLoss(RoutingAttention.COMMITMENT, found.get(1));
                  }
                }
                return found.head();
              });
      NDArray middle = x.add(attended);
      return middle.add(
          feedForwardFrame.around(pass, middle, place, inner -> feedForward.forward(pass, inner)));
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      throw new UnsupportedOperationException("runs within its model");
    }
  }

  /** What stands around a sublayer: a norm or a factor, and the shift of tokens. */
  private static final class Sublayer extends ZooBlock {

    private final RoutingConfig config;
    private final LayerNorm norm;
    private final Parameter length;
    private final Parameter factor;

    Sublayer(RoutingConfig config, ZooBlock inner) {
      this.config = config;
      norm = config.norm() == Norm.LAYER ? new LayerNorm(config.width()) : null;
      if (norm != null) {
        child("norm", norm);
      }
      ScaleNorm scale = config.norm() == Norm.SCALE ? child("norm", new ScaleNorm()) : null;
      length = scale == null ? null : scale.length;
      factor =
          config.norm() == Norm.REZERO
              ? parameter("residual_weight", Initializers.constant(0), 1)
              : null;
      child("fn", config.shift() ? new Holder().with("fn", inner) : inner);
    }

    NDArray around(Pass pass, NDArray x, Place place, Function<NDArray, NDArray> inner) {
      NDArray y = norm == null ? x : norm.forward(pass, x);
      if (length != null) {
        NDArray square = x.square().sum(new int[] {-1}, true);
        y = x.div(Arithmetic.atLeast(square, 1e-10).sqrt()).mul(pass.value(length, x));
      }
      if (config.shift()) {
        y = shifted(pass, y, place.valid());
      }
      NDArray result = inner.apply(y);
      return factor == null ? result : result.mul(pass.value(factor, x));
    }

    /** Halves of a causal model: the first stays, the second is that of the token before. */
    private NDArray shifted(Pass pass, NDArray all, NDArray valid) {
      Shape shape = all.getShape();
      // What padding holds must not move to the first token behind it.
      NDArray x =
          valid == null || config.routesPadding()
              ? all
              : all.mul(valid.toType(all.getDataType(), false).expandDims(2));
      long width = shape.get(2);
      NDArray none =
          x.getManager().zeros(new Shape(shape.get(0), 1, 1), x.getDataType(), x.getDevice());
      if (config.causal()) {
        long part = width / 2;
        NDArray moved = x.get(":, :, {}:{}", part, 2 * part);
        NDArray before = null;
        if (pass.cache() != null) {
          DecodeState state = pass.cache().of(this);
          before = state.borrow("last", x);
          state.put("last", moved.get(":, -1:"));
        }
        NDArray first = before == null ? none.repeat(2, part) : before;
        NDArray late = first.concat(moved, 1).get(":, :{}", shape.get(1));
        NDArray joined = x.get(":, :, :{}", part).concat(late, 2);
        return 2 * part == width ? joined : joined.concat(x.get(":, :, {}:", 2 * part), 2);
      }
      long part = width / 3;
      NDArray empty = none.repeat(2, part);
      NDArray early = x.get(":, :, :{}", part).concat(empty, 1).get(":, 1:");
      NDArray late =
          empty.concat(x.get(":, :, {}:{}", 2 * part, 3 * part), 1).get(":, :{}", shape.get(1));
      NDArray joined = early.concat(x.get(":, :, {}:{}", part, 2 * part), 2).concat(late, 2);
      return 3 * part == width ? joined : joined.concat(x.get(":, :, {}:", 3 * part), 2);
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      throw new UnsupportedOperationException("runs within its layer");
    }
  }

  /** Holds the length g to which vectors are brought. */
  private static final class ScaleNorm extends ZooBlock {

    private final Parameter length = parameter("g", Initializers.constant(1), 1);

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      throw new UnsupportedOperationException("is part of its sublayer");
    }
  }

  /** W2 gelu(W1 x), or with a gate W2 (gelu(W1 x) V x) where W1 and V are one matrix. */
  private static final class FeedForward extends UnaryBlock {

    private final Linear w1;
    private final Linear w2;
    private final boolean gated;
    private final double dropout;

    FeedForward(RoutingConfig config) {
      long inner = (long) config.width() * config.expansion();
      gated = config.gated();
      dropout = config.dropout();
      w1 = child("w1", new Linear(config.width(), gated ? 2 * inner : inner));
      w2 = child("w2", new Linear(inner, config.width()));
    }

    @Override
    public NDArray forward(Pass pass, NDArray x) {
      NDArray hidden = w1.forward(pass, x);
      if (gated) {
        long inner = hidden.getShape().get(2) / 2;
        hidden = Activation.gelu(hidden.get("..., :{}", inner)).mul(hidden.get("..., {}:", inner));
      } else {
        hidden = Activation.gelu(hidden);
      }
      return w2.forward(pass, Dropout.apply(pass, hidden, dropout));
    }
  }

  /** Gives blocks and parameters the names that they have in the reference. */
  private static final class Holder extends ZooBlock {

    Holder with(String name, ZooBlock block) {
      child(name, block);
      return this;
    }

    Holder tied(String name, Parameter parameter) {
      tie(name, parameter);
      return this;
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      throw new UnsupportedOperationException("holds names only");
    }
  }
}
