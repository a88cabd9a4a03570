package org.attentionzoo.training.papers.dhsa;

import com.google.auto.service.AutoService;
import java.util.Map;
import java.util.regex.Pattern;
import org.attentionzoo.training.DecoderSettings;
import org.attentionzoo.training.Surgery;

/**
 * Lets a trained decoder read long sequences sparsely, as DHSA does. All weights stay; the boundary
 * predictor is new. With {@code model.stage=learn_boundaries} it learns from the decoder's dense
 * attention while all else is frozen; with {@code model.stage=attend} the decoder reads by its
 * chunks, or by those of {@code model.method}.
 *
 * <p>Stateless.
 */
@AutoService(Surgery.class)
public final class SparseReadingSurgery implements Surgery {

  private static final Pattern NEW =
      Pattern.compile("layers\\.0\\.attention\\.boundary_predictor\\..*");

  /** {@inheritDoc} */
  @Override
  public String source() {
    return "decoder";
  }

  /** {@inheritDoc} */
  @Override
  public String target() {
    return "dhsa";
  }

  /** {@inheritDoc} */
  @Override
  public String summary() {
    return "read long sequences sparsely, by chunks of keys";
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
