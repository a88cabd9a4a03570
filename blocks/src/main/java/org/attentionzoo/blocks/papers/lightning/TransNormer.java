package org.attentionzoo.blocks.papers.lightning;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Embedding;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.ModuleList;
import org.attentionzoo.blocks.layers.SimpleRmsNorm;

/**
 * TransNormerLLM (Qin et al. 2023 and 2024): a decoder of lightning attention and gated linear
 * units with norms that have no weights.
 *
 * <p>State dict, as in the released models: {@code model.embed_tokens}, {@code
 * model.layers.i.token_mixer}, {@code model.layers.i.channel_mixer}, {@code lm_head}.
 */
public final class TransNormer extends ZooBlock {

  private final TransNormerConfig config;
  private final Stack stack;
  private final Linear head;

  /**
   * A language model.
   *
   * @param config its sizes
   */
  public TransNormer(TransNormerConfig config) {
    this.config = config;
    stack = child("model", new Stack(config));
    head =
        child(
            "lm_head",
            config.tied()
                ? Linear.tiedTo(stack.embedding.weight())
                : Sglu.projection(config.width(), config.vocabulary(), false));
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
    return new NDList(head.forward(pass, stack.forward(pass, inputs).head()));
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

  /** Everything below the output projection. */
  private static final class Stack extends ZooBlock {

    private final double scale;
    private final Embedding embedding;
    private final ModuleList<TransNormerLayer> layers;
    private final SimpleRmsNorm norm;

    Stack(TransNormerConfig config) {
      scale = config.scaled() ? Math.sqrt(config.width()) : 1;
      embedding =
          child(
              "embed_tokens",
              new Embedding(config.vocabulary(), config.width(), Initializers.normal(0.02)));
      List<TransNormerLayer> list = new ArrayList<>();
      for (int i = 0; i < config.layers(); i++) {
        list.add(new TransNormerLayer(config, i));
      }
      layers = child("layers", new ModuleList<>(list));
      norm = child("final_norm", new SimpleRmsNorm());
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      Sequences sequences = Sequences.padded(inputs.size() > 1 ? inputs.get(1) : null);
      NDArray hidden = embedding.forward(pass, inputs.head());
      if (scale != 1) {
        hidden = Arithmetic.times(hidden, scale);
      }
      for (TransNormerLayer layer : layers) {
        hidden = pass.segment(hidden, (inner, h) -> layer.forward(inner, h, sequences));
      }
      return new NDList(norm.forward(pass, hidden));
    }
  }
}
