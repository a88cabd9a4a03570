package org.attentionzoo.models.papers.dhsa;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.papers.dhsa.Boundaries;
import org.attentionzoo.blocks.papers.dhsa.BoundaryLabels;
import org.attentionzoo.blocks.papers.dhsa.BoundaryLabels.Reduction;
import org.attentionzoo.blocks.papers.dhsa.BoundaryPredictor;
import org.attentionzoo.blocks.papers.dhsa.HierarchicalAttention;
import org.attentionzoo.blocks.papers.dhsa.LabelledBoundaries;
import org.attentionzoo.blocks.papers.dhsa.PredictorConfig;
import org.attentionzoo.blocks.papers.dhsa.PredictorConfig.Encoder;
import org.attentionzoo.blocks.papers.dhsa.SelectionConfig;
import org.attentionzoo.blocks.papers.dhsa.SelectionConfig.Pooling;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;

/** What golden cases of DHSA name. */
final class DhsaGolden {

  private DhsaGolden() {}

  static List<GoldenTarget> targets() {
    return List.of(
        new GoldenTarget("dhsa/attention", DhsaGolden::attention),
        new GoldenTarget("dhsa/label-boundaries", DhsaGolden::labels),
        new GoldenTarget("dhsa/boundary-predictor", DhsaGolden::predictor));
  }

  private static GoldenTarget.Case attention(GoldenConfig config) {
    String pooling = config.text("pooling", "avgpool");
    int window = config.integer("sliding_window_size", 0);
    SelectionConfig selection =
        new SelectionConfig(
            config.integer("block_size"),
            config.integer("topk_tokens"),
            window,
            switch (pooling) {
              case "avgpool" -> Pooling.MEAN;
              case "avgpool_norm" -> Pooling.SCALED_MEAN;
              case "maxpool" -> Pooling.MAX_OF_QUERIES;
              default ->
                  throw new IllegalArgumentException(
                      "config key 'pooling' is "
                          + pooling
                          + "; expected avgpool, avgpool_norm or maxpool");
            },
            config.integer("global_tokens", 128),
            config.integer("local_tokens", 128),
            config.get("instruction_tokens", 64) == null
                ? -1
                : config.integer("instruction_tokens", 64));
    HierarchicalAttention attention =
        new HierarchicalAttention(
            selection,
            config.get("scaling", 1) == null
                ? OptionalDouble.empty()
                : OptionalDouble.of(config.decimal("scaling", 1)));
    config.ignore("loop_times", "dropout_p", "is_causal", "causal_mask");
    config.finish();
    return new GoldenTarget.Case(
        attention,
        (pass, inputs) -> {
          NDList given =
              new NDList(
                  inputs.get("query_states"),
                  inputs.get("key_states"),
                  inputs.get("value_states"),
                  inputs.get("boundaries"));
          if (inputs.containsKey("topk_indices")) {
            given.add(inputs.get("topk_indices"));
          }
          NDList all = attention.forward(pass, given);
          return Map.of("output", all.get(0), "topk_indices", all.get(1));
        });
  }

  private static GoldenTarget.Case labels(GoldenConfig config) {
    int nms = config.integer("nms_window_size", -1);
    int apart = config.flag("use_nms", false) ? nms : 0;
    boolean sliding = config.integer("layer_idx") % 2 == 0;
    LabelledBoundaries labels =
        new LabelledBoundaries(
            config.integer("boundary_window_size", 4),
            sliding ? 4096 : 0,
            new Boundaries(
                config.get("theta", 1.1) == null
                    ? Double.NEGATIVE_INFINITY
                    : config.decimal("theta", 1.1),
                config.integer("num_chunks"),
                Math.max(0, apart),
                config.integer("instruction_tokens", -1)));
    config.finish();
    return new GoldenTarget.Case(
        labels,
        (pass, inputs) -> {
          NDList given = new NDList(inputs.get("query_states"), inputs.get("key_states"));
          if (inputs.containsKey("attention_mask")) {
            given.add(inputs.get("attention_mask"));
          }
          NDList all = labels.forward(pass, given);
          return Map.of(
              "boundaries",
              Boundaries.trimmed(all.get(0)),
              "ratios",
              all.get(1).toType(DataType.FLOAT32, false));
        });
  }

  private static GoldenTarget.Case predictor(GoldenConfig config) {
    String type = config.text("class", "BoundarySimilarityAttn");
    int channels = config.integer("channel_in");
    int hidden = config.integer("d_h", 256);
    Encoder encoder =
        switch (type) {
          case "BoundarySimilarity" -> Encoder.CONVOLUTION;
          case "BoundarySimilarityAttn" -> Encoder.ATTENTION;
          case "BoundarySimilarityStack" -> Encoder.STACK;
          default ->
              throw new IllegalArgumentException(
                  "config key 'class' is "
                      + type
                      + "; expected BoundarySimilarity, BoundarySimilarityAttn or"
                      + " BoundarySimilarityStack");
        };
    boolean convolution = encoder == Encoder.CONVOLUTION;
    BoundaryPredictor predictor =
        new BoundaryPredictor(
            new PredictorConfig(
                encoder,
                channels,
                config.integer("window_size", 4),
                convolution ? config.integer("d_in", 256) : hidden,
                convolution ? 1 : config.integer("heads", 4),
                encoder == Encoder.STACK ? config.integer("n_blocks", 4) : 1,
                convolution ? hidden : 1,
                !convolution && config.flag("window_pool", false),
                0));
    Object loss = config.get("loss", null);
    config.ignore("p_drop");
    config.finish();
    Map<String, Object> settings = new HashMap<>();
    if (loss instanceof Map<?, ?> map) {
      map.forEach((name, setting) -> settings.put(String.valueOf(name), setting));
    }
    return new GoldenTarget.Case(
        predictor, (pass, inputs) -> run(pass, predictor, settings, inputs));
  }

  private static Map<String, NDArray> run(
      Pass pass, ZooBlock predictor, Map<String, Object> settings, Map<String, NDArray> inputs) {
    GoldenConfig loss = new GoldenConfig(settings);
    NDArray x = inputs.get("x").transpose(0, 2, 1);
    NDArray logits = predictor.forward(pass, new NDList(x)).head();
    Map<String, NDArray> outputs = new LinkedHashMap<>();
    outputs.put("logits", logits);
    if (inputs.containsKey("ratios")) {
      NDArray targets =
          BoundaryLabels.targets(
              inputs.get("ratios"),
              loss.decimal("alpha", 4),
              loss.decimal("beta", 0),
              loss.flag("hard", false));
      outputs.put("targets", targets);
      outputs.put(
          "loss",
          BoundaryLabels.focalLoss(
              logits,
              targets,
              inputs.get("mask"),
              loss.decimal("pos_weight", 1),
              loss.decimal("gamma", 2),
              Reduction.valueOf(loss.text("reduction", "mean").toUpperCase(Locale.ROOT))));
      loss.finish();
    }
    return outputs;
  }
}
