package org.attentionzoo.training.papers.selectiveselfattention;

import com.google.auto.service.AutoService;
import java.util.Map;
import java.util.regex.Pattern;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.training.DecoderSettings;
import org.attentionzoo.training.Surgery;

/**
 * Gives the tokens of a trained decoder temperatures of their own, to be trained further: the
 * weights stay, and what is new starts as plain attention, but for the small term of the position.
 *
 * <p>Stateless.
 */
@AutoService(Surgery.class)
public final class TemperatureSurgery implements Surgery {

  private static final Pattern NEW =
      Pattern.compile("layers\\.\\d+\\.attention\\.temperature\\..*");

  /** {@inheritDoc} */
  @Override
  public String source() {
    return "decoder";
  }

  /** {@inheritDoc} */
  @Override
  public String target() {
    return "ssa";
  }

  /** {@inheritDoc} */
  @Override
  public String summary() {
    return "give the tokens of a trained decoder temperatures";
  }

  /**
   * {@inheritDoc}
   *
   * @throws UserException if the decoder shares keys among heads or has a window
   */
  @Override
  public Map<String, Object> settings(Map<String, Object> source) {
    return DecoderSettings.withoutWindowAndGroups(source, target());
  }

  /** {@inheritDoc} */
  @Override
  public boolean isNew(String parameter) {
    return NEW.matcher(parameter).matches();
  }
}
