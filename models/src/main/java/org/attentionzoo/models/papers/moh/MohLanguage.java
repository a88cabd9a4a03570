package org.attentionzoo.models.papers.moh;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.HeadWeights;
import org.attentionzoo.blocks.attention.MultiHeadAttention;
import org.attentionzoo.blocks.papers.moh.HeadRouter;
import org.attentionzoo.blocks.papers.moh.MohConfig;
import org.attentionzoo.blocks.papers.moh.QueryNormHeadRouter;
import org.attentionzoo.blocks.shells.DecoderLanguageModel;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Trait;
import org.attentionzoo.models.papers.moh.MohLanguageConfig.HeadRouting;

/** The language models of MoH. */
final class MohLanguage {

  private static final double BALANCE = 0.01;
  private static final Trait[] DECODES = {Trait.CAUSAL, Trait.STREAMING, Trait.MASKED};

  private MohLanguage() {}

  static List<ModelEntry<?>> models() {
    Map<String, MohLanguageConfig> presets = new LinkedHashMap<>();
    presets.put("tiny", preset(96, 4, 6, 2, 2));
    presets.put("small", preset(256, 6, 8, 2, 4));
    presets.put("base", preset(512, 6, 8, 2, 4));
    presets.put("llama-tiny", llama(256, 128, 3, 320, 8, 4, 10000));
    presets.put("llama3-8b", llama(128256, 4096, 32, 14336, 32, 8, 500000));
    return List.of(
        new ModelEntry<>(
            "moh-lm",
            MohProvider.ID,
            ModelKind.CAUSAL_LANGUAGE_MODEL,
            "decoder with a mixture of heads",
            MohLanguageConfig.class,
            presets,
            MohLanguage::build));
  }

  private static MohLanguageConfig preset(
      int width, int layers, int heads, int shared, int routed) {
    return new MohLanguageConfig(
        256,
        width,
        layers,
        width * 8 / 3 / 32 * 32,
        false,
        0,
        heads,
        heads,
        0,
        10000,
        shared,
        routed,
        BALANCE,
        HeadRouting.LEARNED);
  }

  /** Half of the heads shared and a quarter routed, as in MoH-LLaMA3. */
  private static MohLanguageConfig llama(
      int vocabulary,
      int width,
      int layers,
      int hidden,
      int heads,
      int keyValueHeads,
      double rotaryBase) {
    return new MohLanguageConfig(
        vocabulary,
        width,
        layers,
        hidden,
        false,
        0,
        heads,
        keyValueHeads,
        0,
        rotaryBase,
        heads / 2,
        heads / 4,
        BALANCE,
        HeadRouting.QNORM);
  }

  private static ZooBlock build(MohLanguageConfig config) {
    return new DecoderLanguageModel(
        config.decoder(),
        layer ->
            new MultiHeadAttention(config.attention(), router(config.router(), config.mixture())));
  }

  private static HeadWeights router(HeadRouting routing, MohConfig mixture) {
    return switch (routing) {
      case LEARNED -> new HeadRouter(mixture);
      case QNORM -> new QueryNormHeadRouter(mixture);
    };
  }

  static List<Specimen> specimens() {
    List<Specimen> specimens = new ArrayList<>();
    for (HeadRouting routing : HeadRouting.values()) {
      String name = routing.name().toLowerCase(Locale.ROOT);
      specimens.add(attention("causal, " + name, config(routing, 4, 0, 1, 2), DECODES));
      specimens.add(attention("grouped, " + name, config(routing, 2, 0, 2, 1), DECODES));
      specimens.add(attention("no shared, " + name, config(routing, 4, 0, 0, 3), DECODES));
      specimens.add(
          attention(
              "window of 3, " + name,
              config(routing, 4, 3, 2, 1),
              Trait.CAUSAL,
              Trait.STREAMING,
              Trait.MASKED,
              Trait.CONSTANT_STATE));
      specimens.add(
          Specimen.of(
              "moh/decoder, " + name,
              MohProvider.ID,
              () -> build(config(routing, 4, 0, 1, 2)),
              (m, batch, length) ->
                  new NDList(m.randomInteger(0, 11, new Shape(batch, length), DataType.INT64)),
              DECODES));
    }
    specimens.add(
        Specimen.of(
            "moh/router by query norms",
            MohProvider.ID,
            () -> new QueryNormHeadRouter(config(HeadRouting.QNORM, 4, 0, 1, 2).mixture()),
            (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, length, 16))),
            Trait.CAUSAL));
    return specimens;
  }

  private static MohLanguageConfig config(
      HeadRouting routing, int keyValueHeads, int window, int shared, int routed) {
    return new MohLanguageConfig(
        11, 16, 2, 24, false, 0, 4, keyValueHeads, window, 10000, shared, routed, BALANCE, routing);
  }

  private static Specimen attention(String label, MohLanguageConfig config, Trait... traits) {
    return Specimen.of(
        "moh/attention of a decoder, " + label,
        MohProvider.ID,
        () -> new MultiHeadAttention(config.attention(), router(config.router(), config.mixture())),
        (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, length, config.width()))),
        traits);
  }
}
