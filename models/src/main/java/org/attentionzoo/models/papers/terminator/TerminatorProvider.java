package org.attentionzoo.models.papers.terminator;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.attentionzoo.blocks.papers.terminator.SfneBlock;
import org.attentionzoo.blocks.papers.terminator.SfneConfig;
import org.attentionzoo.blocks.papers.terminator.SlowNetConfig;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;
import org.attentionzoo.models.Specimen.Property;

/** HyperZ.Z.W Operator Connects Slow-Fast Networks for Full Context Interaction (Zhang 2024). */
@AutoService(PaperProvider.class)
public final class TerminatorProvider implements PaperProvider {

  private static final String ID = "terminator-hyperzzw";

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<ModelEntry<?>> models() {
    Map<String, TerminatorConfig> presets = new LinkedHashMap<>();
    List<Integer> sides = List.of(3, 9, 5, 7);
    presets.put(
        "tiny",
        new TerminatorConfig(
            16,
            3,
            10,
            List.of(4, 2, 1),
            16,
            List.of(2, 2, 2),
            16,
            2,
            sides,
            16,
            8,
            2,
            16,
            0.1,
            1,
            0));
    presets.put(
        "cifar",
        new TerminatorConfig(
            32,
            3,
            10,
            List.of(4, 3, 2, 2, 2),
            64,
            List.of(3, 2, 2, 2, 2),
            32,
            2,
            sides,
            32,
            16,
            2,
            64,
            10,
            1,
            0.05));
    return List.of(
        new ModelEntry<>(
            "terminator",
            ID,
            ModelKind.IMAGE_CLASSIFIER,
            "image classifier of slow-fast blocks without residual connections",
            TerminatorConfig.class,
            presets,
            TerminatorConfig::build));
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    String reason = "kernels and norms take the statistics of the batch, as the official code does";
    SlowNetConfig slow = new SlowNetConfig(5, 2, 0.2);
    SfneConfig config =
        new SfneConfig(6, 2, 1, 5, slow, slow, List.of(3, 7, 5, 1), slow, slow, slow, 0);
    return List.of(
        new Specimen(
            ID + "/block",
            ID,
            () -> new SfneBlock(config),
            (m, batch, length) ->
                new NDList(
                    m.randomNormal(new Shape(batch, 6, 5, 5)),
                    m.randomNormal(new Shape(batch, 3, 5, 5))),
            Set.of(),
            Map.of(
                Property.BATCH_INDEPENDENT,
                reason,
                Property.EVERY_PARAMETER_LEARNS,
                "what is added to all of a channel before a norm has a gradient of 0: bias1 to"
                    + " bias4 and the biases before norms get rounding noise, or exactly 0"),
            2e-5,
            "float32 rounding"));
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return TerminatorGolden.targets();
  }
}
