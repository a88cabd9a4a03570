package org.attentionzoo.models.papers.moh;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.papers.moh.MixtureOfHeadAttention;
import org.attentionzoo.blocks.papers.moh.MohConfig;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Trait;

/** MoH: Multi-Head Attention as Mixture-of-Head Attention (Jin et al. 2024). */
@AutoService(PaperProvider.class)
public final class MohProvider implements PaperProvider {

  static final String ID = "moh";

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<ModelEntry<?>> models() {
    List<ModelEntry<?>> models = new ArrayList<>(MohVision.models());
    models.addAll(MohLanguage.models());
    return models;
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    List<Specimen> specimens = new ArrayList<>();
    specimens.addAll(attentions());
    specimens.addAll(MohVision.specimens());
    specimens.addAll(MohLanguage.specimens());
    return specimens;
  }

  private static List<Specimen> attentions() {
    return List.of(
        attention("shared and routed", new MohConfig(12, 4, true, false, 2, 1, 0.01)),
        attention("one shared", new MohConfig(12, 4, true, true, 1, 2, 0.01)),
        attention("all routed", new MohConfig(12, 4, 5, true, true, 2, 2, 0.01)),
        attention("none shared", new MohConfig(12, 4, false, false, 0, 3, 0.01)),
        attention("all shared", new MohConfig(12, 4, true, false, 4, 0, 0.01)));
  }

  private static Specimen attention(String label, MohConfig config) {
    return Specimen.of(
        "moh/attention, " + label,
        ID,
        () -> new MixtureOfHeadAttention(config),
        (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, length, 12))),
        Trait.MASKED);
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return List.of(new GoldenTarget("moh/attention", MohProvider::golden));
  }

  /**
   * {@code MoHAttention(dim, num_heads=8, qkv_bias=False, qk_norm=False, attn_drop=0, proj_drop=0,
   * norm_layer=nn.LayerNorm, shared_head=0, routed_head=0, head_dim=None)}.
   */
  private static GoldenTarget.Case golden(GoldenConfig config) {
    config.ignore("attn_drop", "proj_drop");
    int width = config.integer("dim");
    int heads = config.integer("num_heads", 8);
    MixtureOfHeadAttention block =
        new MixtureOfHeadAttention(
            new MohConfig(
                width,
                heads,
                config.integer("head_dim", width / heads),
                config.flag("qkv_bias", false),
                config.flag("qk_norm", false),
                config.integer("shared_head", 0),
                config.integer("routed_head", 0),
                1));
    String norm = config.text("norm_layer", "LayerNorm");
    if (norm != null && !norm.endsWith("LayerNorm")) {
      throw new IllegalArgumentException(
          "config key 'norm_layer' is "
              + norm
              + "; expected LayerNorm, as every official model has");
    }
    config.finish();
    return new GoldenTarget.Case(
        block,
        (pass, inputs) -> {
          Map<String, NDArray> outputs = new LinkedHashMap<>();
          outputs.put("output", block.forward(pass, new NDList(inputs.get("x"))).head());
          NDArray balance = pass.auxiliaryLosses().get("moh.balance");
          if (balance != null) {
            outputs.put("load_balancing_loss", balance);
          }
          return outputs;
        });
  }
}
