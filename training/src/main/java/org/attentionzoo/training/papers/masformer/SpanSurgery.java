package org.attentionzoo.training.papers.masformer;

import com.google.auto.service.AutoService;
import java.util.List;
import java.util.Map;
import org.attentionzoo.training.DecoderSettings;
import org.attentionzoo.training.Surgery;

/**
 * Gives the layers of a trained decoder short spans, to be trained further on longer sequences, as
 * MASFormer does (Zhang et al. 2023). No weight is added or changed. Unless it is set, the one
 * layer that keeps full attention is the middle one.
 *
 * <p>Stateless.
 */
@AutoService(Surgery.class)
public final class SpanSurgery implements Surgery {

  /** {@inheritDoc} */
  @Override
  public String source() {
    return "decoder";
  }

  /** {@inheritDoc} */
  @Override
  public String target() {
    return "masformer";
  }

  /** {@inheritDoc} */
  @Override
  public String summary() {
    return "give the layers of a trained decoder short spans";
  }

  /** {@inheritDoc} */
  @Override
  public Map<String, Object> settings(Map<String, Object> source) {
    Map<String, Object> settings = DecoderSettings.withoutWindowAndGroups(source, target());
    int layers = ((Number) source.get("layers")).intValue();
    settings.put("fullLayers", List.of(layers / 2));
    return settings;
  }

  /** {@inheritDoc} */
  @Override
  public boolean isNew(String parameter) {
    return false;
  }
}
