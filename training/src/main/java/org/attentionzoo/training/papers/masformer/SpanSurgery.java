package org.attentionzoo.training.papers.masformer;

import com.google.auto.service.AutoService;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.UserException;
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
    Map<String, Object> settings = new LinkedHashMap<>(source);
    if (!settings.remove("keyValueHeads").equals(source.get("heads"))) {
      throw new UserException(
          "the decoder has grouped keys and values (keyValueHeads="
              + source.get("keyValueHeads")
              + "); masformer has as many as heads");
    }
    if (!settings.remove("window").equals(0)) {
      throw new UserException(
          "the decoder has a window of "
              + source.get("window")
              + " tokens and linear biases; masformer starts from one with full attention");
    }
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
