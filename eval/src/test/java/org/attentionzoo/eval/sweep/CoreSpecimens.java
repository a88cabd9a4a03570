package org.attentionzoo.eval.sweep;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import org.attentionzoo.blocks.IdentityMixer;
import org.attentionzoo.blocks.Mixer;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.AlibiFactors;
import org.attentionzoo.blocks.attention.AttentionBias;
import org.attentionzoo.blocks.attention.AttentionConfig;
import org.attentionzoo.blocks.attention.AttentionParts;
import org.attentionzoo.blocks.attention.LogCount;
import org.attentionzoo.blocks.attention.MultiHeadAttention;
import org.attentionzoo.blocks.attention.Normalizer;
import org.attentionzoo.blocks.attention.PositiveWeights;
import org.attentionzoo.blocks.attention.RelativePositions;
import org.attentionzoo.blocks.attention.Reweighted;
import org.attentionzoo.blocks.attention.TableBias;
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
    List<Specimen> specimens = new ArrayList<>(blocks());
    specimens.addAll(attentionParts());
    return specimens;
  }

  /** Attention with each of the parts that may replace those of softmax attention. */
  private static List<Specimen> attentionParts() {
    AttentionConfig causal = AttentionConfig.causal(WIDTH, 4, null);
    AttentionConfig both = AttentionConfig.bidirectional(WIDTH, 4);
    List<Specimen> specimens = new ArrayList<>();
    for (PositiveWeights.Function function : PositiveWeights.Function.values()) {
      for (PositiveWeights.Size size : PositiveWeights.Size.values()) {
        AttentionParts parts = AttentionParts.normalized(new PositiveWeights(function, size));
        String name = "attention-" + function + "-by-" + size;
        specimens.add(parts(name.toLowerCase(Locale.ROOT), causal, () -> parts, DECODER));
      }
    }
    PositiveWeights softplus = new PositiveWeights(PositiveWeights.Function.SOFTPLUS);
    Reweighted sharp = new Reweighted(softplus, 2, 3);
    specimens.add(
        parts("attention-reweighted", causal, () -> AttentionParts.normalized(sharp), DECODER));
    specimens.add(
        parts(
            "attention-reweighted-bidirectional",
            both,
            () -> AttentionParts.normalized(sharp),
            Trait.MASKED));
    specimens.add(
        parts(
            "attention-unit-vectors-log-count",
            causal,
            () -> new AttentionParts(Normalizer.SOFTMAX, null, new LogCount(1, 2), true),
            DECODER));
    specimens.add(
        parts(
            "attention-log-count-window",
            causal.windowed(3),
            () -> AttentionParts.scaled(new LogCount(0.5, 1)),
            DECODER));
    specimens.add(biased("attention-alibi-factors", causal, () -> AlibiFactors.of(4), DECODER));
    specimens.add(biased("attention-table", causal, () -> TableBias.ofDistances(4, 5), DECODER));
    specimens.add(
        biased(
            "attention-table-bidirectional",
            both,
            () -> TableBias.ofDistances(4, 5),
            Trait.MASKED));
    specimens.add(
        biased("attention-buckets", causal, () -> TableBias.ofBuckets(4, 6, 9, false), DECODER));
    specimens.add(
        biased(
            "attention-buckets-bidirectional",
            both,
            () -> TableBias.ofBuckets(4, 8, 9, true),
            Trait.MASKED));
    specimens.add(
        biased(
            "attention-relative",
            causal.grouped(2),
            () -> new RelativePositions(4, WIDTH / 4, 16),
            DECODER));
    specimens.add(
        biased(
            "attention-relative-bidirectional",
            both,
            () -> new RelativePositions(4, WIDTH / 4, 3),
            Trait.MASKED));
    return specimens;
  }

  private static Specimen biased(
      String name, AttentionConfig config, Supplier<AttentionBias> bias, Trait... traits) {
    return parts(name, config, () -> AttentionParts.biased(bias.get()), traits);
  }

  private static Specimen parts(
      String name, AttentionConfig config, Supplier<AttentionParts> parts, Trait... traits) {
    return sequence(name, () -> new MultiHeadAttention(config, null, parts.get()), traits);
  }

  private static List<Specimen> blocks() {
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
