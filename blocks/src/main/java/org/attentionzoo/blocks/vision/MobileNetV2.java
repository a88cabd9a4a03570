package org.attentionzoo.blocks.vision;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.ArrayList;
import java.util.List;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Conv2dConfig;
import org.attentionzoo.blocks.layers.Dropout;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.Linear;
import org.attentionzoo.blocks.layers.ModuleList;

/**
 * MobileNetV2 (Sandler et al. 2018, arXiv 1801.04381, table 2) with any gate in its units. Widths
 * are those of the table times a factor, rounded down and not to multiples of 8, as in the ECA
 * paper's code.
 *
 * <p>State dict, as torchvision's first layout: {@code features.0} to {@code features.18}, {@code
 * classifier.1}.
 */
public final class MobileNetV2 extends UnaryBlock {

  /** How many stages of units a network has. */
  public static final int STAGES = 7;

  /** Expansion, channels, units, stride of the first unit. */
  private static final int[][] ROWS = {
    {1, 16, 1, 1},
    {6, 24, 2, 2},
    {6, 32, 3, 2},
    {6, 64, 4, 2},
    {6, 96, 3, 1},
    {6, 160, 3, 2},
    {6, 320, 1, 1},
  };

  private final int first;
  private final ModuleList<UnaryBlock> features;
  private final double dropout;
  private final Linear classifier;

  /** Only holds the projection under its official name: 0 is the dropout. */
  private static final class Classifier extends ZooBlock {
    private final Linear projection;

    Classifier(int in, int classes) {
      projection =
          child("1", new Linear(in, classes, Initializers.normal(0.01), Initializers.constant(0)));
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      throw new UnsupportedOperationException("the owner classifies");
    }
  }

  /**
   * A network.
   *
   * @param widthFactor what the table's widths are multiplied by; 1 for the paper's network
   * @param channels the channels of an image
   * @param classes the number of classes
   * @param dropout the rate before the classifier
   * @param gates the gates of the units; stages are the rows of the paper's table, from 0 to 6
   */
  public MobileNetV2(
      double widthFactor, int channels, int classes, double dropout, ChannelGates gates) {
    this.dropout = dropout;
    first = width(32, widthFactor);
    int in = first;
    int last = width(1280, Math.max(1, widthFactor));
    List<UnaryBlock> layers = new ArrayList<>();
    layers.add(InvertedResidual.activated(Conv2dConfig.of(channels, in, 3).stride(2).padding(1)));
    for (int stage = 0; stage < ROWS.length; stage++) {
      int[] row = ROWS[stage];
      int out = width(row[1], widthFactor);
      for (int unit = 0; unit < row[2]; unit++) {
        layers.add(new InvertedResidual(in, out, unit == 0 ? row[3] : 1, row[0], gates, stage));
        in = out;
      }
    }
    layers.add(InvertedResidual.activated(Conv2dConfig.of(in, last, 1)));
    features = child("features", new ModuleList<>(layers));
    classifier = child("classifier", new Classifier(last, classes)).projection;
  }

  private static int width(int nominal, double factor) {
    int width = (int) (nominal * factor);
    if (width < 1) {
      throw new IllegalArgumentException(
          "the width factor " + factor + " leaves no channel of " + nominal);
    }
    return width;
  }

  /**
   * Classifies images.
   *
   * @param pass what the pass carries
   * @param x (B, channels, H, W)
   * @return logits (B, classes)
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    NDArray hidden = ChannelsLast.of(pass, x, first, 2);
    hidden = features.get(0).forward(pass, hidden);
    int from = 1;
    for (int[] row : ROWS) {
      int start = from;
      int end = from + row[2];
      hidden = pass.segment(hidden, (inner, given) -> features(inner, given, start, end));
      from = end;
    }
    hidden = features.get(from).forward(pass, hidden);
    NDArray average = Pooling.globalAverage(hidden);
    return classifier.forward(pass, Dropout.apply(pass, average, dropout));
  }

  private NDArray features(Pass pass, NDArray x, int start, int end) {
    NDArray hidden = x;
    for (int i = start; i < end; i++) {
      hidden = features.get(i).forward(pass, hidden);
    }
    return hidden;
  }
}
