package org.attentionzoo.eval.cab;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import org.attentionzoo.blocks.AttentionPattern;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.PatternMixer;
import org.attentionzoo.blocks.Sequences;

/** Whether an attention does what the patterns that it declares mean. */
public final class PatternCheck {

  private static final int LENGTH = 9;
  private static final int SOURCE = 6;
  private static final int CHANGED = 5;
  private static final double SMALLEST = 1e-7;

  private PatternCheck() {}

  /**
   * What was found of a pattern.
   *
   * @param pattern which
   * @param finite whether the output has the target's shape and is finite
   * @param leaks how much outputs change when a later place of the target does
   * @param reads how much outputs change when the source does
   */
  public record Finding(AttentionPattern pattern, boolean finite, double leaks, double reads) {
    /**
     * Whether that is what the pattern means.
     *
     * @return true if so
     */
    public boolean holds() {
      boolean silent = !pattern.isCausal() || leaks < SMALLEST;
      boolean reading = !pattern.isCross() || reads > SMALLEST;
      return finite && silent && reading;
    }
  }

  /**
   * Runs an attention in a pattern.
   *
   * @param mixer initialised
   * @param manager owns what is made
   * @param pattern one of its patterns
   * @param width the size of its hidden states
   * @return what was found
   */
  public static Finding check(
      PatternMixer mixer, NDManager manager, AttentionPattern pattern, int width) {
    try (NDManager scope = manager.newSubManager();
        GradientMode ignored = GradientMode.off()) {
      Pass pass = Pass.inference(new ParameterStore(scope, false));
      NDArray target = scope.randomNormal(new Shape(2, LENGTH, width), DataType.FLOAT32);
      NDArray source =
          pattern.isCross()
              ? scope.randomNormal(new Shape(2, SOURCE, width), DataType.FLOAT32)
              : target;
      NDArray out = mixer.attend(pass, pattern, target, source, Sequences.FULL);
      boolean finite =
          out.getShape().equals(target.getShape()) && out.isNaN().any().getBoolean() == false;
      NDArray later =
          target
              .get(":, :" + CHANGED)
              .concat(scope.randomNormal(new Shape(2, LENGTH - CHANGED, width)), 1);
      NDArray other =
          mixer.attend(pass, pattern, later, pattern.isCross() ? source : later, Sequences.FULL);
      double leaks = distance(out.get(":, :" + CHANGED), other.get(":, :" + CHANGED));
      double reads = 0;
      if (pattern.isCross()) {
        NDArray turned = source.neg();
        reads = distance(out, mixer.attend(pass, pattern, target, turned, Sequences.FULL));
      }
      return new Finding(pattern, finite, leaks, reads);
    }
  }

  private static double distance(NDArray a, NDArray b) {
    return a.sub(b).abs().max().getFloat();
  }
}
