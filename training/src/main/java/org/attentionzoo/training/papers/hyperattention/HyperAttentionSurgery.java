package org.attentionzoo.training.papers.hyperattention;

import com.google.auto.service.AutoService;
import java.util.LinkedHashMap;
import java.util.Map;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.training.Surgery;

/**
 * Estimates the attention of a trained decoder beyond a length, as HyperAttention does (Han et al.
 * 2023). No weight is added or changed, and nothing needs to be trained.
 *
 * <p>Stateless.
 */
@AutoService(Surgery.class)
public final class HyperAttentionSurgery implements Surgery {

  /** {@inheritDoc} */
  @Override
  public String source() {
    return "decoder";
  }

  /** {@inheritDoc} */
  @Override
  public String target() {
    return "hyper-decoder";
  }

  /** {@inheritDoc} */
  @Override
  public String summary() {
    return "estimate the attention of a trained decoder beyond a length";
  }

  /** {@inheritDoc} */
  @Override
  public Map<String, Object> settings(Map<String, Object> source) {
    Map<String, Object> settings = new LinkedHashMap<>(source);
    if (!settings.remove("keyValueHeads").equals(source.get("heads"))) {
      throw new UserException(
          "the decoder has grouped keys and values (keyValueHeads="
              + source.get("keyValueHeads")
              + "); hyper-decoder has as many as heads");
    }
    if (!settings.remove("window").equals(0)) {
      throw new UserException(
          "the decoder has a window of "
              + source.get("window")
              + " tokens and linear biases; hyper-decoder starts from one with full attention");
    }
    return settings;
  }

  /** {@inheritDoc} */
  @Override
  public boolean isNew(String parameter) {
    return false;
  }
}
