package org.attentionzoo.training;

import java.util.LinkedHashMap;
import java.util.Map;
import org.attentionzoo.blocks.UserException;

/**
 * What the zoo's decoder was given, for a {@link Surgery} whose target has fewer choices.
 *
 * <p>Thread safety: stateless.
 */
public final class DecoderSettings {

  private DecoderSettings() {}

  /**
   * The settings of a decoder with full attention.
   *
   * @param source the decoder's config, by key
   * @param target what it is to become, for messages
   * @return the settings but for the window
   * @throws UserException if it has a window
   */
  public static Map<String, Object> withoutWindow(Map<String, Object> source, String target) {
    Map<String, Object> settings = new LinkedHashMap<>(source);
    Object window = settings.remove("window");
    if (window instanceof Number tokens && tokens.intValue() != 0) {
      throw new UserException(
          "the decoder attends to a window of "
              + tokens
              + " tokens with linear biases; "
              + target
              + " starts from one with rotary positions and no window");
    }
    return settings;
  }

  /**
   * The settings of a decoder with full attention and as many heads for keys and values.
   *
   * @param source the decoder's config, by key
   * @param target what it is to become, for messages
   * @return the settings but for the window and the heads of keys and values
   * @throws UserException if it has a window, or fewer heads for keys and values
   */
  public static Map<String, Object> withoutWindowAndGroups(
      Map<String, Object> source, String target) {
    Map<String, Object> settings = withoutWindow(source, target);
    Object groups = settings.remove("keyValueHeads");
    Object heads = settings.get("heads");
    if (groups != null && !groups.equals(heads)) {
      throw new UserException(
          "the decoder has fewer key-value heads than heads (heads="
              + heads
              + ", keyValueHeads="
              + groups
              + "); "
              + target
              + " starts from one with as many of both");
    }
    return settings;
  }
}
