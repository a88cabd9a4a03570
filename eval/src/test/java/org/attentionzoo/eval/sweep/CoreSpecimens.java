package org.attentionzoo.eval.sweep;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.function.Supplier;
import org.attentionzoo.blocks.IdentityMixer;
import org.attentionzoo.blocks.Mixer;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.AttentionConfig;
import org.attentionzoo.blocks.attention.MultiHeadAttention;
import org.attentionzoo.blocks.layers.FeedForward;
import org.attentionzoo.blocks.layers.LayerNorm;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.RmsNorm;
import org.attentionzoo.blocks.layers.ShortConvolution;
import org.attentionzoo.blocks.layers.SwiGlu;
import org.attentionzoo.blocks.positions.Rotary;
import org.attentionzoo.blocks.shells.DecoderConfig;
import org.attentionzoo.blocks.shells.DecoderLanguageModel;
import org.attentionzoo.blocks.shells.TransformerEncoder;
import org.attentionzoo.blocks.shells.VisionConfig;
import org.attentionzoo.blocks.shells.VisionTransformer;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Trait;

/** The blocks that belong to no paper. */
final class CoreSpecimens {

  private static final int WIDTH = 16;
  private static final int VOCABULARY = 13;
  private static final Rotary HALF = new Rotary(Rotary.Layout.HALF, 10000);
  private static final Rotary INTERLEAVED = new Rotary(Rotary.Layout.INTERLEAVED, 10000);
  private static final Trait[] DECODER = {Trait.CAUSAL, Trait.STREAMING, Trait.MASKED};

  private CoreSpecimens() {}

  static List<Specimen> all() {
    AttentionConfig causal = AttentionConfig.causal(WIDTH, 4, null);
    return List.of(
        sequence("linear", () -> new Linear(WIDTH, 5)),
        sequence("layer-norm", () -> new LayerNorm(WIDTH)),
        sequence("rms-norm", () -> new RmsNorm(WIDTH)),
        sequence("feed-forward", () -> new FeedForward(WIDTH, 24, 0)),
        sequence("swiglu", () -> new SwiGlu(WIDTH, 24, 0)),
        sequence(
            "short-convolution",
            () -> new ShortConvolution(WIDTH, 4),
            Trait.CAUSAL,
            Trait.STREAMING,
            Trait.CONSTANT_STATE),
        attention("attention-causal", causal, DECODER),
        attention("attention-rotary", AttentionConfig.causal(WIDTH, 4, HALF), DECODER),
        attention(
            "attention-grouped-interleaved",
            AttentionConfig.causal(WIDTH, 4, INTERLEAVED).grouped(2),
            DECODER),
        attention("attention-window", causal.windowed(3), DECODER),
        attention("attention-bidirectional", AttentionConfig.bidirectional(WIDTH, 4), Trait.MASKED),
        decoder("decoder-identity", false, i -> new IdentityMixer()),
        decoder(
            "decoder-attention",
            true,
            i -> new MultiHeadAttention(AttentionConfig.causal(WIDTH, 4, HALF))),
        sequence(
            "encoder",
            () ->
                new TransformerEncoder(
                    WIDTH,
                    2,
                    24,
                    0,
                    i -> new MultiHeadAttention(AttentionConfig.bidirectional(WIDTH, 4))),
            Trait.MASKED),
        Specimen.of(
            "core/vision-transformer",
            "core",
            () ->
                new VisionTransformer(
                    new VisionConfig(8, 3, 4, 5, WIDTH, 2, 24, 0),
                    i -> new MultiHeadAttention(AttentionConfig.bidirectional(WIDTH, 4))),
            (manager, batch, length) ->
                new NDList(manager.randomNormal(new Shape(batch, 3, 8, 8)))));
  }

  private static Specimen attention(String name, AttentionConfig config, Trait... traits) {
    return sequence(name, () -> new MultiHeadAttention(config), traits);
  }

  private static Specimen decoder(
      String name, boolean tied, java.util.function.IntFunction<Mixer> mixers) {
    return Specimen.of(
        "core/" + name,
        "core",
        () ->
            new DecoderLanguageModel(new DecoderConfig(VOCABULARY, WIDTH, 2, 24, tied, 0), mixers),
        (manager, batch, length) ->
            new NDList(
                manager.randomInteger(0, VOCABULARY, new Shape(batch, length), DataType.INT64)),
        DECODER);
  }

  private static Specimen sequence(
      String name, Supplier<? extends ZooBlock> factory, Trait... traits) {
    return Specimen.of(
        "core/" + name,
        "core",
        factory,
        (manager, batch, length) ->
            new NDList(manager.randomNormal(new Shape(batch, length, WIDTH))),
        traits);
  }
}
