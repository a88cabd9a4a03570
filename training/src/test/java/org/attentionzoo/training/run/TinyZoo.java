package org.attentionzoo.training.run;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Limits;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Dropout;
import org.attentionzoo.blocks.layers.Embedding;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Papers;

/** A zoo of one bigram model with dropout, tied weights and an auxiliary loss. */
final class TinyZoo {

  private TinyZoo() {}

  record Config(int vocabulary, int width, double dropout, double auxiliary) {
    Config {
      Limits.rate("dropout", dropout);
    }
  }

  static final class Bigram extends ZooBlock {
    private final Embedding embedding;
    private final Linear hidden;
    private final Linear head;
    private final Config config;

    Bigram(Config config) {
      this.config = config;
      embedding = child("embedding", new Embedding(config.vocabulary(), config.width()));
      hidden = child("hidden", new Linear(config.width(), config.width()));
      head = child("head", Linear.tiedTo(embedding.weight()));
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      NDArray x = embedding.forward(pass, inputs.head());
      x = pass.segment(x, (p, h) -> hidden.forward(p, Dropout.apply(p, h, config.dropout())));
      if (pass.isTraining() && config.auxiliary() > 0) {
        pass.addAuxiliaryLoss("tiny.size", Arithmetic.times(x.square().mean(), config.auxiliary()));
      }
      return new NDList(head.forward(pass, x));
    }
  }

  static final class Provider implements PaperProvider {
    @Override
    public String id() {
      return "tiny-paper";
    }

    @Override
    public List<ModelEntry<?>> models() {
      return List.of(
          new ModelEntry<>(
              "bigram",
              "tiny-paper",
              ModelKind.CAUSAL_LANGUAGE_MODEL,
              "a bigram model",
              Config.class,
              Map.of("tiny", new Config(32, 8, 0.1, 0.01)),
              Bigram::new));
    }
  }

  static Papers papers() {
    return new Papers(List.of(new Provider()));
  }

  /** Text with an order that can be learnt. */
  static byte[] text(int length) {
    Random random = new Random(3);
    StringBuilder text = new StringBuilder();
    while (text.length() < length) {
      text.append("abcdefgh".charAt(random.nextInt(4)))
          .append("stuv".charAt(random.nextInt(2)))
          .append(' ');
    }
    return text.substring(0, length).getBytes(StandardCharsets.US_ASCII);
  }
}
