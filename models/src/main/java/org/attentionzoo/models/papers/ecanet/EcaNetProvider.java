package org.attentionzoo.models.papers.ecanet;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.papers.ecanet.EcaConfig;
import org.attentionzoo.blocks.papers.ecanet.EfficientChannelAttention;
import org.attentionzoo.models.GoldenConfig;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;

/** ECA-Net: efficient channel attention. */
@AutoService(PaperProvider.class)
public final class EcaNetProvider implements PaperProvider {

  private static final int CHANNELS = 12;

  /** {@inheritDoc} */
  @Override
  public String id() {
    return "eca-net";
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    return List.of(
        layer("layer", EcaConfig.of(CHANNELS, 3)),
        layer("layer-adaptive", EcaConfig.adaptive(CHANNELS)),
        layer("layer-circular", new EcaConfig(CHANNELS, 5, true, false)),
        layer("layer-per-channel", new EcaConfig(CHANNELS, 5, false, true)));
  }

  private Specimen layer(String name, EcaConfig config) {
    return Specimen.of(
        id() + "/" + name,
        id(),
        () -> new EfficientChannelAttention(config),
        (manager, batch, length) ->
            new NDList(manager.randomNormal(new Shape(batch, CHANNELS, 5, 3))));
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return List.of(new GoldenTarget(id() + "/layer", EcaNetProvider::officialLayer));
  }

  /** {@code eca_layer(channel, k_size=3)}. */
  private static GoldenTarget.Case officialLayer(GoldenConfig config) {
    var layer =
        new EfficientChannelAttention(
            EcaConfig.of(
                config.integer("channel"),
                config.integer("k_size", EcaConfig.DEFAULT_KERNEL_SIZE)));
    return new GoldenTarget.Case(
        layer, (pass, inputs) -> Map.of("output", layer.forward(pass, inputs.get("x"))));
  }
}
