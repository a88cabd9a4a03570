package org.attentionzoo.training.papers.moh;

import com.google.auto.service.AutoService;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.attentionzoo.training.Surgery;

/**
 * Turns a trained decoder into a mixture of heads, to be trained further, as MoH does with LLaMA3
 * (Jin et al. 2024, section 3.4): the weights stay, the heads get a router. Half of the heads are
 * shared and a quarter (at least one) routed, unless {@code sharedHeads} and {@code routedHeads}
 * say something else.
 *
 * <p>Stateless.
 */
@AutoService(Surgery.class)
public final class HeadRouterSurgery implements Surgery {

  private static final Pattern NEW = Pattern.compile("layers\\.\\d+\\.attention\\.wg(_[01])?\\..*");

  /** {@inheritDoc} */
  @Override
  public String source() {
    return "decoder";
  }

  /** {@inheritDoc} */
  @Override
  public String target() {
    return "moh-lm";
  }

  /** {@inheritDoc} */
  @Override
  public String summary() {
    return "give the heads of a trained decoder a router";
  }

  /** All keys of the source have the same meaning in the target. */
  @Override
  public Map<String, Object> settings(Map<String, Object> source) {
    Map<String, Object> settings = new LinkedHashMap<>(source);
    int heads = ((Number) source.get("heads")).intValue();
    settings.put("sharedHeads", heads / 2);
    settings.put("routedHeads", Math.max(1, heads / 4));
    return settings;
  }

  /** {@inheritDoc} */
  @Override
  public boolean isNew(String parameter) {
    return NEW.matcher(parameter).matches();
  }
}
