package org.attentionzoo.blocks.papers.threephasetransformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.ModuleList;

/**
 * The Three-Phase Transformer (Abu Ayyash 2026): a decoder whose hidden states are three channels,
 * with their mean pinned to 1 / (position + 1) in the embedding, turned between attention and
 * network of each layer, and normalised channel by channel.
 *
 * <p>State dict: {@code embedding}, {@code blocks.i}, {@code norm_f}, {@code head}, and the buffer
 * {@code mask} (context, context), kept for the official files' sake.
 */
public final class ThreePhaseTransformer extends ZooBlock {

  private final ThreePhaseConfig config;
  private final HornEmbedding embedding;
  private final ModuleList<ThreePhaseLayer> layers;
  private final UnaryBlock norm;
  private final Linear head;

  /**
   * A language model.
   *
   * @param config its sizes and switches
   */
  public ThreePhaseTransformer(ThreePhaseConfig config) {
    this(config, config.context() + 1);
  }

  /**
   * A language model whose official state dict has a horn of a length of its own.
   *
   * @param config its sizes and switches
   * @param horn the length of the buffer {@code embedding.horn_profile}
   */
  public ThreePhaseTransformer(ThreePhaseConfig config, int horn) {
    this.config = config;
    int context = config.context();
    buffer(
        "mask",
        (manager, shape, type) -> {
          NDArray index = manager.arange((float) context);
          return index.expandDims(0).lte(index.expandDims(1)).toType(type, false);
        },
        context,
        context);
    embedding =
        child(
            "embedding",
            new HornEmbedding(config.vocabulary(), config.width(), horn, config.horn()));
    List<ThreePhaseLayer> all = new ArrayList<>();
    for (int i = 0; i < config.layers(); i++) {
      all.add(new ThreePhaseLayer(config, i));
    }
    layers = child("blocks", new ModuleList<>(all));
    norm = child("norm_f", ThreePhaseLayer.norm(config));
    head = child("head", new Linear(config.width(), config.vocabulary(), false));
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
    Sequences sequences = Sequences.padded(inputs.size() > 1 ? inputs.get(1) : null);
    return new NDList(decode(pass, embedding.embed(pass, inputs.head(), sequences), sequences));
  }

  private NDArray decode(Pass pass, NDArray embedded, Sequences sequences) {
    NDArray x = embedded;
    for (ThreePhaseLayer layer : layers) {
      x = pass.segment(x, (inner, given) -> layer.forward(inner, given, sequences).head());
    }
    return head.forward(pass, norm.forward(pass, x));
  }

  /**
   * Predicts, and judges by the official loss: the mean cross-entropy over targets other than 0.
   *
   * @param pass what the pass carries
   * @param tokens (B, L) int64
   * @param targets (B, L) int64
   * @return logits (B, L, vocabulary), the loss, and the mean square of the sum of the channels'
   *     means of the embedding, which no gradient enters; the last two are scalars
   */
  public NDList judge(Pass pass, NDArray tokens, NDArray targets) {
    NDArray embedded = embedding.embed(pass, tokens, Sequences.FULL);
    NDArray logits = decode(pass, embedded, Sequences.FULL);
    NDArray chosen = logits.logSoftmax(-1).gather(targets.expandDims(-1), 2).squeeze(-1);
    NDArray counted = targets.neq(0).toType(logits.getDataType(), false);
    NDArray loss = chosen.mul(counted).sum().neg().div(counted.sum());
    return new NDList(
        logits, loss, phaseMeans(embedded).sum(new int[] {-1}).square().mean().stopGradient());
  }

  /**
   * The means of the channels of hidden states; their sum, averaged over positions, tells whether
   * the horn is in place.
   *
   * @param hidden (B, L, width)
   * @return (B, L, phases)
   */
  public NDArray phaseMeans(NDArray hidden) {
    Shape shape = hidden.getShape();
    return hidden
        .reshape(
            shape.get(0), shape.get(1), config.phases(), (long) config.width() / config.phases())
        .mean(new int[] {-1});
  }

  /**
   * How far the angles of each layer have moved from where they began, in radians.
   *
   * @return the mean distance by the name of the layer's parameter
   */
  public Map<String, Double> thetaDrift() {
    Map<String, Double> drift = new LinkedHashMap<>();
    for (Map.Entry<String, Parameter> entry : StateDict.of(this).entrySet()) {
      if (entry.getKey().endsWith("pr.theta")) {
        int layer = Integer.parseInt(entry.getKey().split("\\.")[1]);
        double first = (layer + 1) * Math.PI / (2.0 * config.layers());
        double sum = 0;
        for (float angle : entry.getValue().getArray().toFloatArray()) {
          sum += Math.abs(angle - first);
        }
        drift.put(entry.getKey(), sum / entry.getValue().getShape().size());
      }
    }
    return drift;
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
