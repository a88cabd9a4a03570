package org.attentionzoo.models.papers.moduleformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Taps;
import org.attentionzoo.blocks.experts.ExpertMixture;
import org.attentionzoo.blocks.experts.ParallelExperts.NonLinearity;
import org.attentionzoo.blocks.experts.TopKGate;
import org.attentionzoo.blocks.experts.TopKGateConfig;
import org.attentionzoo.blocks.experts.TopKGateConfig.Kind;
import org.attentionzoo.blocks.experts.TopKGateConfig.Loss;
import org.attentionzoo.blocks.papers.moduleformer.MixtureOfAttentionHeads;
import org.attentionzoo.blocks.papers.moduleformer.ModuleFormer;
import org.attentionzoo.blocks.papers.moduleformer.ModuleFormerConfig;
import org.attentionzoo.blocks.papers.moduleformer.StickBreaking;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Inputs;
import org.attentionzoo.models.Specimen.Trait;

/** ModuleFormer: modularity emerges from mixture-of-experts (Shen et al. 2023). */
@AutoService(PaperProvider.class)
public final class ModuleFormerProvider implements PaperProvider {

  private static final String ID = "moduleformer";

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<ModelEntry<?>> models() {
    Map<String, ModuleFormerConfig> presets = new LinkedHashMap<>();
    presets.put("tiny", preset(256, 96, 3, 2, 48, 8, 96, 8, 32));
    presets.put("small", preset(256, 256, 6, 4, 128, 16, 256, 16, 64));
    presets.put("molm-4b", preset(50295, 1024, 24, 8, 512, 16, 2048, 32, 256));
    return List.of(
        new ModelEntry<>(
            ID,
            ID,
            ModelKind.CAUSAL_LANGUAGE_MODEL,
            "decoder of attention and feed-forward experts with stick-breaking attention",
            ModuleFormerConfig.class,
            presets,
            ModuleFormer::new));
  }

  private static ModuleFormerConfig preset(
      int vocabulary,
      int width,
      int layers,
      int heads,
      int attentionWidth,
      int attentionExperts,
      int hidden,
      int feedForwardExperts,
      int gateHidden) {
    return new ModuleFormerConfig(
        vocabulary,
        width,
        layers,
        heads,
        attentionWidth,
        attentionExperts,
        2,
        hidden,
        feedForwardExperts,
        2,
        Kind.MLP,
        gateHidden,
        0,
        Loss.MUTUAL_INFORMATION,
        0.01,
        0,
        NonLinearity.GELU_TANH,
        0,
        0,
        List.of(),
        List.of(),
        0);
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    List<Specimen> specimens = new ArrayList<>();
    Inputs states = (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, length, 12)));
    for (Kind kind : Kind.values()) {
      TopKGateConfig gate = new TopKGateConfig(12, 3, 2, 0, kind, 8, 0, Loss.SWITCH, 0.1, 0);
      specimens.add(
          Specimen.of(
              "moduleformer/experts, " + kind.name().toLowerCase(Locale.ROOT) + " gate",
              ID,
              () -> new ExpertMixture(gate, 10, kind == Kind.LINEAR, NonLinearity.GELU_TANH),
              states,
              Trait.CAUSAL));
    }
    specimens.add(
        Specimen.of(
            "moduleformer/attention",
            ID,
            () -> new MixtureOfAttentionHeads(small(8), 0),
            states,
            Trait.CAUSAL,
            Trait.STREAMING,
            Trait.MASKED));
    specimens.add(
        Specimen.of(
            "moduleformer/attention, keys as they are",
            ID,
            () -> new MixtureOfAttentionHeads(oneHead(), 0),
            states,
            Trait.CAUSAL,
            Trait.STREAMING,
            Trait.MASKED));
    specimens.add(
        Specimen.of(
            "moduleformer/decoder",
            ID,
            () -> new ModuleFormer(small(8)),
            (m, batch, length) ->
                new NDList(m.randomInteger(0, 11, new Shape(batch, length), DataType.INT64)),
            Trait.CAUSAL,
            Trait.STREAMING,
            Trait.MASKED));
    return specimens;
  }

  private static ModuleFormerConfig small(int attentionWidth) {
    return config(2, attentionWidth);
  }

  private static ModuleFormerConfig oneHead() {
    return config(1, 12);
  }

  private static ModuleFormerConfig config(int heads, int attentionWidth) {
    return new ModuleFormerConfig(
        11,
        12,
        2,
        heads,
        attentionWidth,
        3,
        2,
        10,
        3,
        2,
        Kind.MLP,
        8,
        0,
        Loss.MUTUAL_INFORMATION,
        0.1,
        0,
        NonLinearity.GELU_TANH,
        0,
        0,
        List.of(),
        List.of(),
        0);
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return List.of(
        new GoldenTarget("moduleformer/stick-breaking", ModuleFormerProvider::stickBreaking),
        new GoldenTarget("moduleformer/moe", ModuleFormerProvider::mixture),
        new GoldenTarget("moduleformer/attention", ModuleFormerProvider::attention),
        new GoldenTarget("moduleformer/causal-lm", ModuleFormerProvider::languageModel));
  }

  /** {@code stickbreaking_att(q, k, v, mask, cum_weight, att_mask=None)}. */
  private static GoldenTarget.Case stickBreaking(GoldenConfig config) {
    config.ignore("causal");
    config.finish();
    StickBreaking block = new StickBreaking();
    return new GoldenTarget.Case(
        block,
        (pass, in) -> {
          NDList out = block.forward(pass, new NDList(in.get("q"), in.get("k"), in.get("v")));
          return Map.of("output", out.get(0), "att", out.get(1));
        });
  }

  /** {@code MoE(input_size, head_size, num_experts, top_k, bias=False, activation=None, ...)}. */
  private static GoldenTarget.Case mixture(GoldenConfig config) {
    config.ignore("acc_aux_loss", "gating_dropout", "hidden_size");
    int experts = config.integer("num_experts");
    TopKGateConfig gate =
        new TopKGateConfig(
            config.integer("input_size"),
            experts,
            Math.min(config.integer("top_k"), experts),
            config.integer("sample_topk", 0),
            kind(config.text("gate_type", "mlp")),
            config.integer("gating_size", 256),
            0,
            loss(config.text("aux_loss", "mi")),
            1,
            0);
    ExpertMixture block =
        new ExpertMixture(
            gate,
            config.integer("head_size"),
            config.flag("bias", false),
            activation(config.text("activation", "gelu_new")));
    config.finish();
    return new GoldenTarget.Case(
        block,
        (pass, in) -> {
          NDArray output = block.forward(pass, in.get("x"));
          return Map.of("output", output, "loss", auxiliary(pass));
        });
  }

  /** {@code ModuleFormerAttention(ModuleFormerConfig)}. */
  private static GoldenTarget.Case attention(GoldenConfig config) {
    config.ignore("vocab_size", "n_layer", "ffd_hidden", "n_mlp_experts", "k_mlp");
    config.ignore("aux_loss_weight");
    ModuleFormerConfig sizes = official(config, false);
    config.finish();
    MixtureOfAttentionHeads block = new MixtureOfAttentionHeads(sizes, 0);
    return new GoldenTarget.Case(
        block,
        (pass, in) -> {
          Map<String, NDArray> outputs = new LinkedHashMap<>();
          NDArray mask = in.get("attention_mask");
          NDArray valid = mask == null ? null : mask.toType(DataType.BOOLEAN, false);
          Pass listening =
              pass.with(
                  Taps.on(block)
                      .read("core.pattern", pattern -> outputs.put("attentions", pattern)));
          outputs.put(
              "output", block.mix(listening, in.get("hidden_states"), Sequences.padded(valid)));
          outputs.put("aux_loss", auxiliary(pass));
          return outputs;
        });
  }

  /** {@code ModuleFormerForCausalLM(ModuleFormerConfig)}. */
  private static GoldenTarget.Case languageModel(GoldenConfig config) {
    double weight = config.decimal("aux_loss_weight", 0);
    boolean tied = config.flag("tie_word_embeddings", false);
    ModuleFormerConfig sizes = official(config, true);
    config.finish();
    ModuleFormer block = new ModuleFormer(sizes, tied);
    return new GoldenTarget.Case(
        block,
        (pass, in) -> {
          NDList inputs = new NDList(in.get("input_ids"));
          if (in.get("attention_mask") != null) {
            inputs.add(in.get("attention_mask").toType(DataType.BOOLEAN, false));
          }
          Map<String, NDArray> outputs = new LinkedHashMap<>();
          NDArray logits = block.forward(pass, inputs).head();
          NDArray auxiliary = auxiliary(pass);
          outputs.put("logits", logits);
          outputs.put("aux_loss", auxiliary);
          if (in.get("labels") != null) {
            NDArray loss = shifted(logits, in.get("labels"));
            outputs.put("loss", weight > 0 ? loss.add(Arithmetic.times(auxiliary, weight)) : loss);
          }
          return outputs;
        });
  }

  /** The mean of minus log p of each next label that is not -100. */
  private static NDArray shifted(NDArray logits, NDArray labels) {
    NDArray logProbabilities = logits.get(":, :-1").logSoftmax(-1);
    NDArray next = labels.get(":, 1:");
    NDArray counted = next.gte(0);
    NDArray safe = next.mul(counted.toType(DataType.INT64, false)).expandDims(-1);
    NDArray weights = counted.toType(DataType.FLOAT32, false);
    return logProbabilities.gather(safe, 2).squeeze(-1).mul(weights).sum().neg().div(weights.sum());
  }

  private static NDArray auxiliary(Pass pass) {
    NDArray sum = null;
    for (Map.Entry<String, NDArray> loss : pass.auxiliaryLosses().entrySet()) {
      if (loss.getKey().startsWith(TopKGate.LOSS)) {
        sum = sum == null ? loss.getValue() : sum.add(loss.getValue());
      }
    }
    return sum;
  }

  private static ModuleFormerConfig official(GoldenConfig config, boolean whole) {
    config.ignore("block_size", "history_length", "resid_pdrop", "embd_pdrop", "attn_pdrop");
    config.ignore("moe_pdrop", "layer_norm_epsilon", "initializer_range", "use_cache");
    config.ignore("bos_token_id", "eos_token_id", "tie_word_embeddings");
    int attentionExperts = config.integer("n_att_experts", 32);
    int feedForwardExperts = whole ? config.integer("n_mlp_experts", 32) : 1;
    return new ModuleFormerConfig(
        whole ? config.integer("vocab_size", 50295) : 1,
        config.integer("n_embd", 1024),
        whole ? config.integer("n_layer", 24) : 1,
        config.integer("n_head", 8),
        config.integer("att_hidden", 512),
        attentionExperts,
        Math.min(config.integer("k_att", 2), attentionExperts),
        whole ? config.integer("ffd_hidden", 2048) : 1,
        feedForwardExperts,
        whole ? Math.min(config.integer("k_mlp", 2), feedForwardExperts) : 1,
        kind(config.text("gate_type", "mlp")),
        config.integer("gating_size", 256),
        config.integer("sample_topk", 0),
        loss(config.text("aux_loss_type", "mi")),
        1,
        0,
        activation(config.text("activation_function", "gelu_new")),
        0,
        0,
        List.of(),
        List.of(),
        0);
  }

  private static Kind kind(String name) {
    return switch (name) {
      case "mlp" -> Kind.MLP;
      case "linear" -> Kind.LINEAR;
      case "gmm" -> Kind.COSINE;
      default -> throw new IllegalArgumentException("unknown gate_type '" + name + "'");
    };
  }

  private static Loss loss(String name) {
    return name.equals("mi") ? Loss.MUTUAL_INFORMATION : Loss.SWITCH;
  }

  private static NonLinearity activation(String name) {
    return switch (name) {
      case "gelu_new", "gelu_pytorch_tanh" -> NonLinearity.GELU_TANH;
      case "gelu" -> NonLinearity.GELU;
      case "relu" -> NonLinearity.RELU;
      case "silu", "swish" -> NonLinearity.SILU;
      default -> throw new IllegalArgumentException("unknown activation_function '" + name + "'");
    };
  }
}
