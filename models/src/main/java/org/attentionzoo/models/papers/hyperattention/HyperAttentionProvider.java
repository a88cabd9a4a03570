package org.attentionzoo.models.papers.hyperattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.attentionzoo.blocks.Mixer;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.AttentionConfig;
import org.attentionzoo.blocks.attention.MultiHeadAttention;
import org.attentionzoo.blocks.papers.hyperattention.Draws;
import org.attentionzoo.blocks.papers.hyperattention.HyperAttention;
import org.attentionzoo.blocks.papers.hyperattention.HyperAttentionConfig;
import org.attentionzoo.blocks.papers.hyperattention.HyperSelfAttention;
import org.attentionzoo.blocks.positions.Rotary;
import org.attentionzoo.blocks.shells.DecoderLanguageModel;
import org.attentionzoo.blocks.sparse.AngularHash;
import org.attentionzoo.blocks.sparse.PartialAttention;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.MixerEntry;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Trait;
import org.attentionzoo.models.papers.hyperattention.HyperDecoderConfig.Patch;

/** HyperAttention: attention of long sequences, estimated in near-linear time (Han et al. 2023). */
@AutoService(PaperProvider.class)
public final class HyperAttentionProvider implements PaperProvider {

  private static final String ID = "hyper-attention";

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<ModelEntry<?>> models() {
    Map<String, HyperDecoderConfig> presets = new LinkedHashMap<>();
    presets.put("tiny", preset(128, 3, 4, 32, 64));
    presets.put("small", preset(256, 6, 4, 256, 4096));
    presets.put("base", preset(512, 6, 8, 256, 4096));
    return List.of(
        new ModelEntry<>(
            "hyper-decoder",
            ID,
            ModelKind.CAUSAL_LANGUAGE_MODEL,
            "decoder whose attention is estimated beyond a length, with the weights of 'decoder'",
            HyperDecoderConfig.class,
            presets,
            HyperAttentionProvider::build));
  }

  private static HyperDecoderConfig preset(
      int width, int layers, int heads, int block, int minimumLength) {
    int hidden = width * 8 / 3 / 32 * 32;
    return new HyperDecoderConfig(
        256,
        width,
        layers,
        hidden,
        false,
        0,
        heads,
        10000,
        Patch.LAST,
        -1,
        7,
        block,
        block,
        minimumLength,
        false,
        AngularHash.Visit.GRAY_CODE,
        0);
  }

  private static ZooBlock build(HyperDecoderConfig config) {
    return new DecoderLanguageModel(config.decoder(), layer -> mixer(config, layer));
  }

  private static Mixer mixer(HyperDecoderConfig config, int layer) {
    return config.estimates(layer)
        ? new HyperSelfAttention(config.attention(), config.hyper(layer))
        : new MultiHeadAttention(config.attention());
  }

  /** {@inheritDoc} */
  @Override
  public List<MixerEntry> mixers() {
    return List.of(
        new MixerEntry(
            "hyper",
            ID,
            "attention estimated from blocks of 32 and 32 samples beyond 64 tokens",
            (sizes, layer) ->
                new HyperSelfAttention(
                    AttentionConfig.causal(
                        sizes.width(), sizes.heads(), new Rotary(Rotary.Layout.HALF, 10000)),
                    new HyperAttentionConfig(
                        7, 32, 32, 64, false, AngularHash.Visit.GRAY_CODE, layer))));
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    AttentionConfig attention = AttentionConfig.causal(8, 2, new Rotary(Rotary.Layout.HALF, 10000));
    return List.of(
        core("core, causal", HyperAttentionConfig.official(3, 2, 3, 3), true),
        core("core, not causal", HyperAttentionConfig.official(3, 4, 3, 3), false),
        core(
            "core, masked",
            new HyperAttentionConfig(3, 2, 3, 3, true, AngularHash.Visit.GRAY_RANK, 5),
            true),
        core("core, samples only", HyperAttentionConfig.official(0, 0, 3, 3), false),
        // Up to the minimum length, so that all that a mixer promises holds; beyond it the choice
        // of keys depends on later tokens and on how a sequence is cut.
        mixer(
            "attention, exact",
            attention,
            HyperAttentionConfig.official(3, 2, 3, 16),
            Trait.CAUSAL,
            Trait.STREAMING,
            Trait.MASKED),
        mixer("attention, estimated", attention, HyperAttentionConfig.official(3, 2, 3, 3)));
  }

  private static Specimen core(String label, HyperAttentionConfig config, boolean causal) {
    return Specimen.of(
        ID + "/" + label,
        ID,
        () -> new HyperAttention(config, causal),
        (m, batch, length) -> {
          NDArray x = m.randomNormal(new Shape(3, batch, 2, length, 4));
          return new NDList(x.get(0), x.get(1), x.get(2));
        });
  }

  private static Specimen mixer(
      String label, AttentionConfig attention, HyperAttentionConfig config, Trait... traits) {
    return Specimen.of(
        ID + "/" + label,
        ID,
        () -> new HyperSelfAttention(attention, config),
        (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, length, 8))),
        traits);
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return List.of(new GoldenTarget("hyper-attention/attention", HyperAttentionProvider::golden));
  }

  /**
   * {@code HyperAttention(input_dim=64, lsh_num_projs=7, block_size=256, sample_size=256,
   * min_seq_len=4096, cuda=False)} and {@code forward(query, key, value, scale=None, causal=False,
   * return_lse=False)}. A negative block size gives only samples, a negative sample size none, and
   * without causality a minimum length below 1 acts as 1 does.
   */
  private static GoldenTarget.Case golden(GoldenConfig config) {
    config.ignore("cuda", "return_lse");
    int width = config.integer("input_dim", 64);
    boolean causal = config.flag("causal", false);
    OptionalDouble scale =
        config.has("scale")
            ? OptionalDouble.of(config.decimal("scale", 0))
            : OptionalDouble.empty();
    int minimumLength = config.integer("min_seq_len", 4096);
    HyperAttention block =
        new HyperAttention(
            HyperAttentionConfig.official(
                Math.max(0, config.integer("lsh_num_projs", 7)),
                Math.max(0, config.integer("block_size", 256)),
                Math.max(0, config.integer("sample_size", 256)),
                causal ? minimumLength : Math.max(1, minimumLength)),
            causal);
    config.finish();
    return new GoldenTarget.Case(
        block,
        (pass, inputs) -> {
          NDArray query = inputs.get("query");
          NDArray key = inputs.get("key");
          Draws draws = new Given(inputs);
          long keyWidth = key.getShape().get(3);
          PartialAttention result =
              block.attend(
                  pass,
                  query,
                  key,
                  inputs.get("value"),
                  scale.orElse(1 / Math.sqrt(keyWidth)),
                  draws);
          Map<String, NDArray> outputs = new LinkedHashMap<>();
          outputs.put("output", result.output());
          outputs.put("lse", result.logSumExp());
          // Exact attention takes any width, the hash that of its directions.
          if (keyWidth == width) {
            AngularHash hash = block.hash(query, draws);
            outputs.put("hash_query", hash.buckets(query));
            outputs.put("hash_key", hash.buckets(key));
          }
          return outputs;
        });
  }

  /** The draws of a golden case, in the order in which they are asked for. */
  private static final class Given implements Draws {

    private final Map<String, NDArray> inputs;
    private int next;

    Given(Map<String, NDArray> inputs) {
      this.inputs = inputs;
    }

    @Override
    public NDArray directions(NDArray like, long width, int count) {
      NDArray given = inputs.get("proj_dir");
      // Without a direction there is nothing that a case could list.
      return given == null
          ? like.getManager().zeros(new Shape(width, count))
          : given.reshape(width, count);
    }

    @Override
    public NDArray samples(NDArray like, long batch, long heads, long keys, int count) {
      String name = "sampled." + next++;
      NDArray given = inputs.get(name);
      if (given == null) {
        throw new IllegalArgumentException("the case lacks the input '" + name + "'");
      }
      return given.toType(DataType.INT64, false);
    }
  }
}
