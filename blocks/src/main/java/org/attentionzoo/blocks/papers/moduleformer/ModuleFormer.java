package org.attentionzoo.blocks.papers.moduleformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.experts.ExpertMixture;
import org.attentionzoo.blocks.layers.Dropout;
import org.attentionzoo.blocks.layers.Embedding;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.LayerNorm;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.ModuleList;

/**
 * ModuleFormer (Shen et al. 2023): a pre-norm decoder without positions whose attention and
 * feed-forward networks are mixtures of experts.
 *
 * <p>State dict, as in IBM/ModuleFormer: {@code transformer.wte}, {@code transformer.h.i.(ln_1,
 * attn, ln_2, mlpf)}, {@code transformer.ln_f}, {@code lm_head}.
 */
public final class ModuleFormer extends ZooBlock {

  private final ModuleFormerConfig config;
  private final Body body;
  private final Linear head;

  /**
   * A language model.
   *
   * @param config its sizes and switches
   */
  public ModuleFormer(ModuleFormerConfig config) {
    this(config, false);
  }

  /**
   * A language model whose output layer may share the embedding's table.
   *
   * @param config its sizes and switches
   * @param tied whether {@code lm_head} is the table {@code transformer.wte}; not so in released
   *     models (tie_word_embeddings)
   */
  public ModuleFormer(ModuleFormerConfig config, boolean tied) {
    this.config = config;
    body = child("transformer", new Body(config));
    head =
        child(
            "lm_head",
            tied
                ? Linear.tiedTo(body.embedding.weight())
                : new Linear(config.width(), config.vocabulary(), Initializers.normal(0.02), null));
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
    return new NDList(head.forward(pass, body.forward(pass, inputs).head()));
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

  private static final class Body extends ZooBlock {
    private final ModuleFormerConfig config;
    private final Embedding embedding;
    private final ModuleList<Layer> layers;
    private final LayerNorm norm;

    Body(ModuleFormerConfig config) {
      this.config = config;
      embedding =
          child(
              "wte", new Embedding(config.vocabulary(), config.width(), Initializers.normal(0.02)));
      List<Layer> stack = new ArrayList<>();
      for (int i = 0; i < config.layers(); i++) {
        stack.add(new Layer(config, i));
      }
      layers = child("h", new ModuleList<>(stack));
      norm = child("ln_f", new LayerNorm(config.width()));
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      NDArray valid = inputs.size() > 1 ? inputs.get(1) : null;
      NDArray hidden = embedding.forward(pass, inputs.get(0));
      hidden = Dropout.apply(pass, hidden, config.dropout());
      for (Layer layer : layers) {
        hidden =
            pass.segment(hidden, (inner, h) -> layer.forward(inner, h, Sequences.padded(valid)));
      }
      return new NDList(norm.forward(pass, hidden));
    }
  }

  private static final class Layer extends ZooBlock {
    private final LayerNorm attentionNorm;
    private final MixtureOfAttentionHeads attention;
    private final LayerNorm feedForwardNorm;
    private final ExpertMixture feedForward;
    private final double dropout;

    Layer(ModuleFormerConfig config, int layer) {
      attentionNorm = child("ln_1", new LayerNorm(config.width()));
      attention = child("attn", new MixtureOfAttentionHeads(config, layer));
      feedForwardNorm = child("ln_2", new LayerNorm(config.width()));
      feedForward =
          child(
              "mlpf",
              new ExpertMixture(
                  config.feedForwardGate(layer),
                  config.hidden(),
                  false,
                  config.activation(),
                  config.learningExperts()));
      dropout = config.dropout();
    }

    NDArray forward(Pass pass, NDArray x, Sequences sequences) {
      NDArray attended = attention.mix(pass, attentionNorm.forward(pass, x), sequences);
      NDArray middle = x.add(Dropout.apply(pass, attended, dropout));
      NDArray transformed = feedForward.forward(pass, feedForwardNorm.forward(pass, middle));
      return middle.add(Dropout.apply(pass, transformed, dropout));
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      return new NDList(forward(pass, inputs.head(), Sequences.FULL));
    }
  }
}
