package org.attentionzoo.models.papers.landmarkattention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.attentionzoo.blocks.DecodeCache;
import org.attentionzoo.blocks.papers.landmarkattention.LandmarkAttention;
import org.attentionzoo.blocks.papers.landmarkattention.LandmarkConfig;
import org.attentionzoo.blocks.papers.landmarkattention.LandmarkConfig.Selection;
import org.attentionzoo.blocks.papers.landmarkattention.LandmarkConfig.Softmax;
import org.attentionzoo.blocks.papers.landmarkattention.LandmarkGpt;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Trait;
import org.attentionzoo.models.TokenLoss;

/** Landmark Attention: blocks of tokens found again by their landmarks (arXiv 2305.16300). */
@AutoService(PaperProvider.class)
public final class LandmarkAttentionProvider implements PaperProvider {

  private static final String ID = "landmark-attention";
  private static final int WIDTH = 8;
  private static final int BLOCK = 3;

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<ModelEntry<?>> models() {
    Map<String, LandmarkConfig> presets = new LinkedHashMap<>();
    presets.put("tiny", preset(256, -1, 128, 4, 4, 128, 15));
    presets.put("small", preset(50304, 50260, 1024, 12, 8, 512, 50));
    return List.of(
        new ModelEntry<>(
            "landmark-gpt",
            ID,
            ModelKind.CAUSAL_LANGUAGE_MODEL,
            "GPT that retrieves blocks of earlier tokens by their landmarks",
            LandmarkConfig.class,
            presets,
            LandmarkGpt::new));
  }

  private static LandmarkConfig preset(
      int vocabulary, int landmark, int width, int layers, int heads, int context, int block) {
    return new LandmarkConfig(
        vocabulary,
        landmark,
        width,
        layers,
        heads,
        false,
        0,
        0,
        context,
        block,
        0,
        Softmax.GROUPED,
        0,
        2,
        40,
        Selection.PER_TOKEN_AND_HEAD);
  }

  private static LandmarkConfig small(Softmax softmax, int chunk, Selection selection) {
    return new LandmarkConfig(
        11, -1, WIDTH, 2, 2, false, 0, 0, 4, BLOCK, 0, softmax, chunk, 2, 3, selection);
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    return List.of(
        Specimen.of(
            "landmark-attention/attention",
            ID,
            () -> new LandmarkAttention(small(Softmax.GROUPED, 0, Selection.PER_TOKEN_AND_HEAD)),
            (m, batch, length) -> {
              NDArray place = m.arange(0, length, 1, DataType.INT64);
              NDArray marks = place.mod(BLOCK + 1).eq(BLOCK).expandDims(0);
              return new NDList(
                  m.randomNormal(new Shape(batch, length, WIDTH)),
                  marks.broadcast(new Shape(batch, length)));
            }),
        model(small(Softmax.GROUPED, 0, Selection.PER_TOKEN_AND_HEAD), streaming()),
        model(small(Softmax.PLAIN, 0, Selection.PER_TOKEN_AND_HEAD), streaming()),
        model(small(Softmax.WITHOUT_LANDMARKS, 0, Selection.PER_TOKEN_AND_HEAD), streaming()),
        model(small(Softmax.GROUPED, 4, Selection.PER_TOKEN_AND_HEAD), Trait.CAUSAL),
        model(small(Softmax.GROUPED, 4, Selection.MAX_OVER_HEADS), Trait.CAUSAL),
        model(small(Softmax.GROUPED, 4, Selection.MAX_OVER_TOKENS)),
        model(small(Softmax.GROUPED, 4, Selection.RECENT), Trait.CAUSAL),
        model(small(Softmax.GROUPED, 4, Selection.RANDOM), Trait.CAUSAL));
  }

  private static Trait[] streaming() {
    return new Trait[] {Trait.CAUSAL, Trait.STREAMING, Trait.MASKED};
  }

  private static Specimen model(LandmarkConfig config, Trait... traits) {
    String how =
        config.chunk() == 0 ? "softmax " + config.softmax() : "retrieval " + config.selection();
    return Specimen.of(
        "landmark-attention/gpt, " + how.toLowerCase(Locale.ROOT).replace('_', ' '),
        ID,
        () -> new LandmarkGpt(config),
        (m, batch, length) ->
            new NDList(
                m.randomInteger(0, config.vocabulary(), new Shape(batch, length), DataType.INT64)),
        traits);
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return List.of(
        new GoldenTarget("landmark-attention/attention", LandmarkAttentionProvider::attention),
        new GoldenTarget("landmark-attention/gpt", LandmarkAttentionProvider::gpt),
        new GoldenTarget("landmark-attention/gpt-cached", LandmarkAttentionProvider::cached));
  }

  private static GoldenTarget.Case attention(GoldenConfig config) {
    LandmarkConfig sizes = config(config, false);
    int groups = config.integer("max_groups_for_softmax", 16);
    config.finish();
    LandmarkAttention attention = new LandmarkAttention(sizes, groups);
    return new GoldenTarget.Case(
        attention,
        (pass, inputs) ->
            Map.of(
                "output",
                attention
                    .forward(
                        pass,
                        new NDList(
                            inputs.get("x"), inputs.get("is_mem").toType(DataType.BOOLEAN, false)))
                    .head()));
  }

  private static GoldenTarget.Case gpt(GoldenConfig config) {
    LandmarkConfig sizes = config(config, false);
    int groups = config.integer("max_groups_for_softmax", 16);
    config.finish();
    LandmarkGpt model = new LandmarkGpt(sizes, groups);
    return new GoldenTarget.Case(
        model,
        (pass, inputs) -> {
          NDArray logits = model.ofMarked(pass, inputs.get("idx"));
          return Map.of(
              "logits", logits, "loss", TokenLoss.mean(logits, inputs.get("targets"), -1));
        });
  }

  /** Chunks of mid_length through one cache. */
  private static GoldenTarget.Case cached(GoldenConfig config) {
    LandmarkConfig sizes = config(config, true);
    config.ignore("max_groups_for_softmax");
    config.finish();
    LandmarkGpt model = new LandmarkGpt(sizes);
    return new GoldenTarget.Case(
        model,
        (pass, inputs) -> {
          NDArray tokens = inputs.get("idx");
          NDArray targets = inputs.get("targets");
          Map<String, NDArray> outputs = new LinkedHashMap<>();
          try (DecodeCache cache = new DecodeCache(tokens.getManager())) {
            long length = tokens.getShape().get(1);
            for (int part = 0; part * (long) sizes.chunk() < length; part++) {
              long from = part * (long) sizes.chunk();
              String piece = ":, " + from + ":" + Math.min(length, from + sizes.chunk());
              NDArray logits =
                  model.forward(pass.with(cache), new NDList(tokens.get(piece))).head();
              outputs.put("logits." + part, logits);
              outputs.put("loss." + part, TokenLoss.mean(logits, targets.get(piece), -1));
            }
          }
          return outputs;
        });
  }

  private static LandmarkConfig config(GoldenConfig config, boolean cached) {
    String encoder = config.text("positional_encoder", "rotary");
    if (!encoder.equals("rotary") && !encoder.equals("rotary_mem_jump")) {
      throw new IllegalArgumentException(
          "config key 'positional_encoder' is " + encoder + "; expected rotary or rotary_mem_jump");
    }
    if (config.flag("enable_rem_score", false)) {
      throw new IllegalArgumentException(
          "config key 'enable_rem_score' is true; only attention without it is built");
    }
    String cache = config.text("lm_cache", "none");
    if (!cache.equals(cached ? "mem" : "none")) {
      throw new IllegalArgumentException(
          "config key 'lm_cache' is " + cache + "; expected " + (cached ? "mem" : "none"));
    }
    config.ignore("postpone_lm_cache", "batch_size", "allow_cache_during_training", "mem_freq");
    if (!cached) {
      config.ignore("mem_cache_size", "mem_cache_freq", "cache_topk", "cache_selection_method");
      config.ignore("mid_length");
    }
    return new LandmarkConfig(
        config.integer("vocab_size", 50304),
        config.integer("landmark_id", 50260),
        config.integer("n_embd", 1024),
        config.integer("n_layer", 12),
        config.integer("n_head", 8),
        config.flag("bias", false),
        config.decimal("dropout", 0),
        config.decimal("group_dropout", 0),
        config.integer("sequence_length", 512),
        cached ? config.integer("mem_cache_freq") : 0,
        Math.max(0, config.integer("pos_jump_on_mem", 0)),
        softmax(config.text("softmax_func", "mem_opt")),
        cached ? config.integer("mid_length", 250) : 0,
        cached ? config.integer("cache_topk", 1) : 0,
        cached ? config.integer("mem_cache_size") : 1,
        selection(
            cached
                ? config.text("cache_selection_method", "per_token_and_head")
                : "per_token_and_head"));
  }

  private static Softmax softmax(String name) {
    return switch (name) {
      case "mem_opt" -> Softmax.GROUPED;
      case "nomem" -> Softmax.PLAIN;
      case "ignore_mem" -> Softmax.WITHOUT_LANDMARKS;
      default ->
          throw new IllegalArgumentException(
              "config key 'softmax_func' is " + name + "; expected mem_opt, nomem or ignore_mem");
    };
  }

  private static Selection selection(String name) {
    return switch (name) {
      case "per_token_and_head" -> Selection.PER_TOKEN_AND_HEAD;
      case "max_over_heads" -> Selection.MAX_OVER_HEADS;
      case "max_over_tokens" -> Selection.MAX_OVER_TOKENS;
      default ->
          throw new IllegalArgumentException(
              "config key 'cache_selection_method' is "
                  + name
                  + "; expected per_token_and_head, max_over_heads or max_over_tokens");
    };
  }
}
