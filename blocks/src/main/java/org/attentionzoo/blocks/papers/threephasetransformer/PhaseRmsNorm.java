package org.attentionzoo.blocks.papers.threephasetransformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.ArrayList;
import java.util.List;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.layers.ModuleList;
import org.attentionzoo.blocks.layers.RmsNorm;

/**
 * Cuts the last axis into channels and normalises each by itself.
 *
 * <p>State dict: {@code norms.c.weight} (width / phases).
 */
public final class PhaseRmsNorm extends UnaryBlock {

  private final ModuleList<RmsNorm> norms;

  /**
   * A norm.
   *
   * @param width the size of the last axis; a multiple of phases
   * @param phases the number of channels
   */
  public PhaseRmsNorm(int width, int phases) {
    int channel = width / phases;
    List<RmsNorm> all = new ArrayList<>();
    for (int i = 0; i < phases; i++) {
      all.add(new RmsNorm(channel));
    }
    norms = child("norms", new ModuleList<>(all));
  }

  /**
   * Normalises.
   *
   * @param pass what the pass carries
   * @param x (..., width)
   * @return the same shape
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    NDList channels = x.split(norms.size(), x.getShape().dimension() - 1);
    NDList parts = new NDList();
    for (int i = 0; i < norms.size(); i++) {
      parts.add(norms.get(i).forward(pass, channels.get(i)));
    }
    return Tensors.concat(parts, -1);
  }
}
