package org.attentionzoo.blocks.papers.dhsa;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.ZooBlock;

/**
 * The chunks that dense attention shows: by the ratios of {@link BoundaryLabels}, chosen as
 * predicted scores are. No parameters, no gradients.
 */
public final class LabelledBoundaries extends ZooBlock {

  private static final double HIDDEN = -1e30;
  private static final double MASKED = -1e9;

  private final int window;
  private final int reach;
  private final Boundaries boundaries;

  /**
   * Labels.
   *
   * @param window how many keys on each side of a boundary are compared
   * @param reach how many queries are counted; 0 for all
   * @param boundaries chooses
   */
  public LabelledBoundaries(int window, int reach, Boundaries boundaries) {
    this.window = window;
    this.reach = reach;
    this.boundaries = boundaries;
  }

  /**
   * Labels.
   *
   * @param pass what the pass carries
   * @param inputs queries and keys (B, H, L, d), and optionally a mask broadcastable to (B, H, L,
   *     L), below -1e9 where a key is later than the query
   * @return (B, C + 1) int64 borders of chunks as from {@link Boundaries#choose}, and (B, L)
   *     float64 ratios
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray q = inputs.get(0);
    NDArray k = inputs.get(1);
    double scale = 1 / Math.sqrt(q.getShape().get(3));
    NDArray logits = Arithmetic.times(q.matMul(k.swapAxes(2, 3)), scale);
    if (inputs.size() > 2) {
      NDArray later = inputs.get(2).lt(MASKED).toType(DataType.FLOAT32, false);
      logits = logits.mul(Tensors.oneMinus(later)).add(Arithmetic.times(later, HIDDEN));
    }
    NDArray weights = logits.softmax(3).mean(new int[] {1});
    NDArray ratios = BoundaryLabels.ratios(weights, window, reach);
    return new NDList(boundaries.choose(pass, ratios), ratios);
  }
}
