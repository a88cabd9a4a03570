package org.attentionzoo.training.papers.hedgehog;

import com.google.auto.service.AutoService;
import java.util.Map;
import java.util.regex.Pattern;
import org.attentionzoo.training.DecoderSettings;
import org.attentionzoo.training.Surgery;

/**
 * Puts linear attention in the place of a trained decoder's softmax attention, as Hedgehog does
 * with GPT-2 (Zhang et al. 2024, section 4.3). All weights stay. With {@code model.stage=transfer}
 * the feature maps then learn softmax's weights while all else is frozen; a run from that one with
 * {@code model.stage=linear} tunes the converted model.
 *
 * <p>Stateless.
 */
@AutoService(Surgery.class)
public final class LinearAttentionSurgery implements Surgery {

  private static final Pattern NEW =
      Pattern.compile("layers\\.\\d+\\.attention\\.feature_map_[qk]\\..*");

  /** {@inheritDoc} */
  @Override
  public String source() {
    return "decoder";
  }

  /** {@inheritDoc} */
  @Override
  public String target() {
    return "hedgehog-lm";
  }

  /** {@inheritDoc} */
  @Override
  public String summary() {
    return "replace softmax attention by linear attention";
  }

  /** All keys of the source but the window have the same meaning in the target. */
  @Override
  public Map<String, Object> settings(Map<String, Object> source) {
    return DecoderSettings.withoutWindow(source, target());
  }

  /** {@inheritDoc} */
  @Override
  public boolean isNew(String parameter) {
    return NEW.matcher(parameter).matches();
  }
}
