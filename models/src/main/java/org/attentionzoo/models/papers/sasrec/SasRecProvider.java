package org.attentionzoo.models.papers.sasrec;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.papers.sasrec.PointwiseFeedForward;
import org.attentionzoo.blocks.papers.sasrec.SasRecConfig;
import org.attentionzoo.blocks.papers.sasrec.SasRecConfig.Norm;
import org.attentionzoo.blocks.papers.sasrec.SelfAttentiveRecommender;
import org.attentionzoo.blocks.papers.sasrec.SequenceAttention;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Trait;

/** SASRec: self-attentive sequential recommendation. */
@AutoService(PaperProvider.class)
public final class SasRecProvider implements PaperProvider {

  private static final String ID = "sasrec";

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<ModelEntry<?>> models() {
    Map<String, SasRecConfig> presets = new LinkedHashMap<>();
    presets.put("tiny", SasRecConfig.of(Norm.OFFICIAL, 200, 20, 32, 2, 1, 0.2));
    presets.put("sparse", SasRecConfig.of(Norm.OFFICIAL, 23715, 50, 50, 2, 1, 0.5));
    presets.put("ml1m", SasRecConfig.of(Norm.OFFICIAL, 3416, 200, 50, 2, 1, 0.2));
    // What the released checkpoint of pmixer/SASRec.pytorch loads into.
    presets.put("ml1m-legacy", SasRecConfig.of(Norm.LEGACY, 3416, 200, 50, 2, 1, 0.2));
    // What the checkpoint of its epoch 601 loads into.
    presets.put("ml1m-early", SasRecConfig.of(Norm.EARLY, 3416, 200, 50, 2, 1, 0.2));
    return List.of(
        new ModelEntry<>(
            ID,
            ID,
            ModelKind.RECOMMENDER,
            "Self-attentive sequential recommender",
            SasRecConfig.class,
            presets,
            SelfAttentiveRecommender::new));
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    List<Specimen> specimens = new ArrayList<>();
    for (Norm norm : Norm.values()) {
      SasRecConfig config = SasRecConfig.of(norm, 9, 12, 8, 2, 2, 0);
      specimens.add(recommender(name(norm), config));
      specimens.add(recommender(name(norm) + ", other key mask", otherMask(config)));
    }
    SasRecConfig small = SasRecConfig.of(Norm.OFFICIAL, 9, 12, 8, 2, 2, 0);
    SasRecConfig projected = SasRecConfig.of(Norm.LEGACY, 9, 12, 8, 2, 4, 0);
    Specimen.Inputs hidden =
        (manager, batch, length) -> new NDList(manager.randomNormal(new Shape(batch, length, 8)));
    specimens.add(
        Specimen.of(
            ID + "/attention", ID, () -> new SequenceAttention(small), hidden, Trait.CAUSAL));
    specimens.add(
        Specimen.of(
            ID + "/attention with output projection",
            ID,
            () -> new SequenceAttention(projected),
            hidden,
            Trait.CAUSAL));
    specimens.add(
        Specimen.of(
            ID + "/feed-forward", ID, () -> new PointwiseFeedForward(small), hidden, Trait.CAUSAL));
    return specimens;
  }

  private static SasRecConfig otherMask(SasRecConfig c) {
    return new SasRecConfig(
        c.items(),
        c.maxlen(),
        c.hidden(),
        c.blocks(),
        c.heads(),
        c.dropout(),
        c.norm(),
        !c.keyPaddingMask(),
        c.positions(),
        c.causal(),
        c.l2());
  }

  private static Specimen recommender(String label, SasRecConfig config) {
    return Specimen.of(
        ID + "/" + label,
        ID,
        () -> new SelfAttentiveRecommender(config),
        (manager, batch, length) ->
            new NDList(
                ids(manager, config, new Shape(batch, length)),
                ids(manager, config, new Shape(batch, length, 3))),
        Trait.CAUSAL);
  }

  private static NDArray ids(NDManager manager, SasRecConfig config, Shape shape) {
    return manager.randomInteger(0, config.items() + 1, shape, DataType.INT64);
  }

  private static String name(Norm norm) {
    return norm.name().toLowerCase(Locale.ROOT);
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return List.of(
        target("official", config -> Norm.OFFICIAL),
        target("torch-early", config -> Norm.EARLY),
        target("torch-legacy", config -> Norm.LEGACY),
        target("torch-head", c -> c.flag("norm_first", false) ? Norm.PRE : Norm.POST));
  }

  /** {@code SASRec(user_num, item_num, args)} of pmixer/SASRec.pytorch. */
  private static GoldenTarget target(String name, Function<GoldenConfig, Norm> norm) {
    return new GoldenTarget(
        ID + "/" + name,
        config -> {
          config.ignore("checkpoint", "users", "dropout_rate", "device", "lr", "l2_emb");
          config.ignore("user_num", "usernum", "batch_size", "num_epochs", "dataset");
          config.ignore("inference_only", "state_dict_path", "train_dir");
          var model =
              new SelfAttentiveRecommender(
                  SasRecConfig.of(
                      norm.apply(config),
                      items(config),
                      config.integer("maxlen", 50),
                      config.integer("hidden_units", 50),
                      config.integer("num_blocks", 2),
                      config.integer("num_heads", 1),
                      0));
          return new GoldenTarget.Case(model, (pass, inputs) -> run(model, pass, inputs));
        });
  }

  private static int items(GoldenConfig config) {
    return Stream.of("item_num", "itemnum", "items")
        .filter(config::has)
        .findFirst()
        .map(config::integer)
        .orElseThrow(() -> new IllegalArgumentException("config key 'item_num' is missing"));
  }

  private static Map<String, NDArray> run(
      SelfAttentiveRecommender model, Pass pass, Map<String, NDArray> inputs) {
    Map<String, NDArray> outputs = new LinkedHashMap<>();
    NDArray features = model.features(pass, inputs.get("log_seqs"));
    outputs.put("log_feats", features);
    if (inputs.containsKey("item_indices")) {
      NDArray after = SelfAttentiveRecommender.lastSlot(features);
      NDArray scores = model.scores(pass, after, inputs.get("item_indices"));
      outputs.put("scores", scores);
      outputs.put("logits", scores);
    }
    for (String sign : List.of("pos", "neg")) {
      if (inputs.containsKey(sign + "_seqs")) {
        NDArray candidates = inputs.get(sign + "_seqs").expandDims(2);
        outputs.put(sign + "_logits", model.scores(pass, features, candidates).squeeze(2));
      }
    }
    return outputs;
  }
}
