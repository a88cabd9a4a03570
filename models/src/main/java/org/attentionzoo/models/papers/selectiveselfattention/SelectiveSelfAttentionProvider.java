package org.attentionzoo.models.papers.selectiveselfattention;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.MultiHeadAttention;
import org.attentionzoo.blocks.papers.selectiveselfattention.GptConfig;
import org.attentionzoo.blocks.papers.selectiveselfattention.SelectiveGpt;
import org.attentionzoo.blocks.papers.selectiveselfattention.SelectiveGptAttention;
import org.attentionzoo.blocks.papers.selectiveselfattention.Temperature.Token;
import org.attentionzoo.blocks.shells.DecoderLanguageModel;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Trait;

/** Selective Attention: Enhancing Transformer through Principled Context Control (2024). */
@AutoService(PaperProvider.class)
public final class SelectiveSelfAttentionProvider implements PaperProvider {

  private static final String ID = "selective-self-attention";
  private static final Trait[] DECODES = {Trait.CAUSAL, Trait.STREAMING, Trait.MASKED};

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<ModelEntry<?>> models() {
    Map<String, SsaConfig> decoders = new LinkedHashMap<>();
    decoders.put("tiny", decoder(128, 3, 4));
    decoders.put("small", decoder(256, 6, 4));
    Map<String, GptConfig> gpts = new LinkedHashMap<>();
    gpts.put("tiny", new GptConfig(256, 128, 96, 3, 4, true, 0));
    gpts.put("124m", new GptConfig(50304, 1024, 768, 12, 12, true, 0));
    return List.of(
        new ModelEntry<>(
            "ssa",
            ID,
            ModelKind.CAUSAL_LANGUAGE_MODEL,
            "decoder whose tokens set the temperature of their queries and values",
            SsaConfig.class,
            decoders,
            SelectiveSelfAttentionProvider::build),
        new ModelEntry<>(
            "ssa-gpt",
            ID,
            ModelKind.CAUSAL_LANGUAGE_MODEL,
            "GPT-2 whose scores grow with the logarithm of the context",
            GptConfig.class,
            gpts,
            SelectiveGpt::new));
  }

  private static SsaConfig decoder(int width, int layers, int heads) {
    int hidden = width * 8 / 3 / 32 * 32;
    return new SsaConfig(
        256, width, layers, hidden, false, 0, heads, 10000, Token.SHARED, Token.SHARED, true);
  }

  private static ZooBlock build(SsaConfig config) {
    return new DecoderLanguageModel(
        config.decoder(),
        layer -> new MultiHeadAttention(config.attention(), null, config.parts()));
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    List<Specimen> specimens = new ArrayList<>();
    for (Token token : Token.values()) {
      for (boolean position : new boolean[] {true, false}) {
        String label = token.name().toLowerCase(Locale.ROOT) + (position ? ", by position" : "");
        SsaConfig config = new SsaConfig(11, 16, 2, 24, true, 0, 4, 10000, token, token, position);
        if (token != Token.NONE || position) {
          specimens.add(
              Specimen.of(
                  "selective-self-attention/attention, " + label,
                  ID,
                  () -> new MultiHeadAttention(config.attention(), null, config.parts()),
                  (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, length, 16))),
                  DECODES));
        }
      }
    }
    GptConfig gpt = new GptConfig(11, 16, 12, 2, 3, true, 0);
    specimens.add(
        Specimen.of(
            "selective-self-attention/gpt attention",
            ID,
            () -> new SelectiveGptAttention(gpt),
            (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, length, 12))),
            DECODES));
    specimens.add(
        Specimen.of(
            "selective-self-attention/gpt",
            ID,
            () -> new SelectiveGpt(gpt),
            (m, batch, length) ->
                new NDList(m.randomInteger(0, 11, new Shape(batch, length), DataType.INT64)),
            DECODES));
    return specimens;
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return List.of(
        new GoldenTarget(
            "selective-self-attention/gpt-attention", SelectiveSelfAttentionProvider::attention),
        new GoldenTarget("selective-self-attention/gpt", SelectiveSelfAttentionProvider::gpt));
  }

  private static GoldenTarget.Case attention(GoldenConfig config) {
    SelectiveGptAttention block = new SelectiveGptAttention(official(config));
    return new GoldenTarget.Case(
        block,
        (pass, inputs) ->
            Map.of("output", block.forward(pass, new NDList(inputs.get("x"))).head()));
  }

  private static GoldenTarget.Case gpt(GoldenConfig config) {
    SelectiveGpt block = new SelectiveGpt(official(config));
    return new GoldenTarget.Case(
        block,
        (pass, inputs) ->
            Map.of("logits", block.forward(pass, new NDList(inputs.get("idx"))).head()));
  }

  /**
   * {@code GPTConfig(block_size=1024, vocab_size=50304, n_layer=12, n_head=12, n_embd=768,
   * dropout=0.0, bias=True)}.
   */
  private static GptConfig official(GoldenConfig config) {
    config.ignore("dropout");
    GptConfig gpt =
        new GptConfig(
            config.integer("vocab_size", 50304),
            config.integer("block_size", 1024),
            config.integer("n_embd", 768),
            config.integer("n_layer", 12),
            config.integer("n_head", 12),
            config.flag("bias", true),
            0);
    config.finish();
    return gpt;
  }
}
