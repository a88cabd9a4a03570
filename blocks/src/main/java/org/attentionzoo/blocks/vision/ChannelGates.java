package org.attentionzoo.blocks.vision;

import java.util.function.IntFunction;
import org.attentionzoo.blocks.UnaryBlock;

/**
 * The seam of channel attention in convolutional networks: what stands at the end of each residual
 * branch, before the shortcut is added. A gate takes and gives (B, C, H, W).
 */
public interface ChannelGates {

  /** Networks without gates. */
  ChannelGates NONE = of("none", channels -> null);

  /**
   * Gates that are the same in all stages.
   *
   * @param name their name in the state dict
   * @param factory makes a gate for a number of channels
   * @return the gates
   */
  static ChannelGates of(String name, IntFunction<? extends UnaryBlock> factory) {
    return new ChannelGates() {
      @Override
      public String name() {
        return name;
      }

      @Override
      public UnaryBlock create(int stage, int channels) {
        return factory.apply(channels);
      }
    };
  }

  /**
   * The gate's name in the state dict, beside the convolutions.
   *
   * @return for example {@code eca}
   */
  String name();

  /**
   * Makes one gate.
   *
   * @param stage which stage of the network it is for, from 0
   * @param channels the number of channels C
   * @return a new block, or null for no gate
   */
  UnaryBlock create(int stage, int channels);
}
