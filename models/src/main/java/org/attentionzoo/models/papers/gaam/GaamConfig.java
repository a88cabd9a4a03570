package org.attentionzoo.models.papers.gaam;

import java.util.ArrayList;
import java.util.List;
import org.attentionzoo.blocks.Limits;
import org.attentionzoo.blocks.papers.gaam.GaussianBlock.Layer;

/**
 * A classifier of signals with Gaussian adaptive attention.
 *
 * @param vocabulary the number of levels of a signal
 * @param classes the number of classes
 * @param width the number of features of the encoder
 * @param kernel how many moments a feature sees
 * @param frozen whether the encoder stays as it was drawn
 * @param layers the number of layers of attention; 0 for plain pooling
 * @param axis the axis of attention
 * @param heads the number of pieces of the axis
 * @param gaussians the number of Gaussians of each head
 */
public record GaamConfig(
    int vocabulary,
    int classes,
    int width,
    int kernel,
    boolean frozen,
    int layers,
    Axis axis,
    int heads,
    int gaussians) {

  /** Checks the values. */
  public GaamConfig {
    Limits.positive("classes", classes);
    Limits.positive("width", width);
    Limits.positive("kernel", kernel);
    Limits.notNegative("vocabulary", vocabulary);
    Limits.notNegative("layers", layers);
  }

  /** An axis of the encoder's features. */
  public enum Axis {
    /** Moments are weighed, for each feature by itself. */
    TIME,
    /** Features are weighed, at each moment by itself. */
    FEATURES
  }

  List<Layer> attention() {
    List<Layer> all = new ArrayList<>();
    for (int i = 0; i < layers; i++) {
      all.add(new Layer(axis == Axis.TIME ? 1 : 2, heads, gaussians));
    }
    return all;
  }
}
