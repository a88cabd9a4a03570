package org.attentionzoo.training.papers.dhsa;

import com.google.auto.service.AutoService;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.attentionzoo.blocks.UserException;
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
    Map<String, Object> settings = new LinkedHashMap<>(source);
    Object window = settings.remove("window");
    if (window instanceof Number tokens && tokens.intValue() != 0) {
      throw new UserException(
          "the decoder attends to a window of "
              + tokens
              + " tokens with linear biases; only one with rotary positions and no window becomes"
              + " one that reads sparsely");
    }
    return settings;
  }

  /** {@inheritDoc} */
  @Override
  public boolean isNew(String parameter) {
    return NEW.matcher(parameter).matches();
  }
}
