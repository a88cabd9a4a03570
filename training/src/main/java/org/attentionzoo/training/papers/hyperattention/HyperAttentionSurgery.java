package org.attentionzoo.training.papers.hyperattention;

import com.google.auto.service.AutoService;
import java.util.Map;
import org.attentionzoo.training.DecoderSettings;
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
    return DecoderSettings.withoutWindowAndGroups(source, target());
  }

  /** {@inheritDoc} */
  @Override
  public boolean isNew(String parameter) {
    return false;
  }
}
