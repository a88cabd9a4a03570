package org.attentionzoo.training.papers.sea;

import com.google.auto.service.AutoService;
import java.util.Map;
import java.util.regex.Pattern;
import org.attentionzoo.training.DecoderSettings;
import org.attentionzoo.training.Surgery;

/**
 * Puts SEA in the place of a trained decoder's softmax attention (Lee et al. 2023). All weights
 * stay. With {@code model.stage=transfer} the estimate then learns softmax's pattern while all else
 * is frozen; a run from that one with {@code model.stage=self_taught} tunes the converted model.
 *
 * <p>Stateless.
 */
@AutoService(Surgery.class)
public final class SeaSurgery implements Surgery {

  private static final Pattern NEW = Pattern.compile("layers\\.\\d+\\.attention\\.perlin\\..*");

  /** {@inheritDoc} */
  @Override
  public String source() {
    return "decoder";
  }

  /** {@inheritDoc} */
  @Override
  public String target() {
    return "sea-lm";
  }

  /** {@inheritDoc} */
  @Override
  public String summary() {
    return "replace softmax attention by sparse attention with an estimated mask";
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
