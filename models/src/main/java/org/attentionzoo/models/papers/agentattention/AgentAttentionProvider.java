package org.attentionzoo.models.papers.agentattention;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.Mixer;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.JointAttention;
import org.attentionzoo.blocks.papers.agentattention.AgentAttention;
import org.attentionzoo.blocks.papers.agentattention.AgentConfig;
import org.attentionzoo.blocks.shells.Deit;
import org.attentionzoo.models.GoldenTarget;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.Specimen;

/** Agent Attention: On the Integration of Softmax and Linear Attention (Han et al. 2023). */
@AutoService(PaperProvider.class)
public final class AgentAttentionProvider implements PaperProvider {

  static final String ID = "agent-attention";

  /** {@inheritDoc} */
  @Override
  public String id() {
    return ID;
  }

  /** {@inheritDoc} */
  @Override
  public List<ModelEntry<?>> models() {
    Map<String, AgentDeitConfig> presets = new LinkedHashMap<>();
    presets.put(
        "tiny",
        new AgentDeitConfig(
            32, 3, 4, 10, 64, 4, 4, 256, 0, Collections.nCopies(4, 16), true, true));
    presets.put("imagenet-tiny", imageNet(192, 3, 49, 12));
    presets.put("imagenet-small", imageNet(384, 6, 49, 12));
    presets.put("imagenet-base", imageNet(768, 12, 81, 4));
    return List.of(
        new ModelEntry<>(
            "agent-deit",
            ID,
            ModelKind.IMAGE_CLASSIFIER,
            "DeiT with agent attention",
            AgentDeitConfig.class,
            presets,
            AgentAttentionProvider::build));
  }

  private static AgentDeitConfig imageNet(int width, int heads, int agents, int agentLayers) {
    List<Integer> counts = new ArrayList<>(Collections.nCopies(agentLayers, agents));
    counts.addAll(Collections.nCopies(12 - agentLayers, 0));
    return new AgentDeitConfig(
        224, 3, 16, 1000, width, 12, heads, 4 * width, 0, counts, true, true);
  }

  static ZooBlock build(AgentDeitConfig config) {
    return new Deit(config.vision(), layer -> attention(config, layer));
  }

  private static Mixer attention(AgentDeitConfig config, int layer) {
    int agents = config.agents().get(layer);
    if (agents == 0) {
      return new JointAttention(config.width(), config.heads(), true);
    }
    return new AgentAttention(
        new AgentConfig(
            config.width(),
            config.heads(),
            agents,
            config.image() / config.patch(),
            true,
            0,
            true,
            config.positionBias(),
            config.convolution()));
  }

  /** {@inheritDoc} */
  @Override
  public List<Specimen> specimens() {
    return List.of(
        attention("with a class token", AgentConfig.deit(12, 4, 4, 5)),
        attention("window", new AgentConfig(12, 2, 9, 4, false, 0, true, true, true)),
        attention("reduced", new AgentConfig(12, 2, 4, 6, false, 2, true, true, true)),
        attention("bare", new AgentConfig(12, 3, 4, 3, true, 0, false, false, false)));
  }

  private static Specimen attention(String label, AgentConfig config) {
    long tokens = (long) config.side() * config.side() + (config.classToken() ? 1 : 0);
    return Specimen.of(
        "agent-attention/attention, " + label,
        ID,
        () -> new AgentAttention(config),
        (m, batch, length) -> new NDList(m.randomNormal(new Shape(batch, tokens, config.width()))));
  }

  /** {@inheritDoc} */
  @Override
  public List<GoldenTarget> goldenTargets() {
    return AgentGolden.targets();
  }
}
