package org.attentionzoo.models.papers.patchtst;

import com.google.auto.service.AutoService;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.attention.AttentionConfig;
import org.attentionzoo.blocks.attention.MultiHeadAttention;
import org.attentionzoo.blocks.shells.PatchConfig;
import org.attentionzoo.blocks.shells.PatchForecaster;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;

/** A Time Series is Worth 64 Words (Nie et al. 2023): the Transformer among forecasters. */
@AutoService(PaperProvider.class)
public final class PatchTstProvider implements PaperProvider {

  private static final String ID = "patchtst";

  @Override
  public String id() {
    return ID;
  }

  @Override
  public List<ModelEntry<?>> models() {
    Map<String, PatchTstConfig> presets = new LinkedHashMap<>();
    presets.put("tiny", new PatchTstConfig(336, 96, 7, 16, 8, 16, 3, 4, 128, 0.3));
    presets.put("small", new PatchTstConfig(336, 96, 7, 16, 8, 128, 3, 16, 256, 0.2));
    return List.of(
        new ModelEntry<>(
            ID,
            ID,
            ModelKind.FORECASTER,
            "Transformer encoder over patches of each series",
            PatchTstConfig.class,
            presets,
            PatchTstProvider::build));
  }

  private static ZooBlock build(PatchTstConfig config) {
    AttentionConfig attention = AttentionConfig.bidirectional(config.width(), config.heads());
    return new PatchForecaster(
        new PatchConfig(
            config.window(),
            config.horizon(),
            config.channels(),
            config.patch(),
            config.stride(),
            config.width(),
            config.layers(),
            config.hidden(),
            config.dropout()),
        layer -> new MultiHeadAttention(attention));
  }
}
