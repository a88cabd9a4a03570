package org.attentionzoo.eval.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.NoSuchTapException;
import org.attentionzoo.blocks.Taps;
import org.attentionzoo.blocks.UserException;

/**
 * What a model costs when so many of its tokens activate a module that works on activated tokens
 * only. Listeners at the taps {@code active}, (B, L) of 1 and 0, decide which: evenly spread, the
 * same in each row and layer. Thread safety: stateless.
 */
public final class ActivationBench {

  private static final int WARMUPS = 2;
  private static final String POINTS = "*active";

  private ActivationBench() {}

  /**
   * The cost at one share.
   *
   * @param share the share of tokens that was asked for
   * @param activated how many tokens of a row were activated in each layer
   * @param forward a forward pass without gradients
   * @param both forward and backward
   * @param bytes of all arrays that a forward pass with gradients made on the plain path, where
   *     nothing is hidden in kernels; views count as arrays
   */
  public record Result(
      double share, long activated, Rounds.Timing forward, Rounds.Timing both, long bytes) {}

  /**
   * Measures.
   *
   * @param workload the model and its inputs
   * @param shares from 0 to 1
   * @param rounds how often each is run, and which time counts
   * @return a result for each share
   * @throws UserException if the model has no such taps, or a share is out of its range
   */
  public static List<Result> run(Workload workload, List<Double> shares, Rounds.Plan rounds) {
    Map<String, Runnable> work = new LinkedHashMap<>();
    List<Long> bytes = new ArrayList<>();
    List<long[]> activated = new ArrayList<>();
    for (double share : shares) {
      if (!(share >= 0 && share <= 1)) {
        throw new UserException("share " + share + " was given; expected a number from 0 to 1");
      }
      long[] count = new long[1];
      Workload forced = workload.with(forcing(workload, share, count));
      bytes.add(forced.plainBytes());
      activated.add(count);
      work.put("forward " + share, forced::predict);
      work.put("both " + share, forced::forwardBackward);
    }
    Map<String, Rounds.Timing> timings = Rounds.run(work, WARMUPS, rounds);
    List<Result> results = new ArrayList<>();
    for (int i = 0; i < shares.size(); i++) {
      double share = shares.get(i);
      results.add(
          new Result(
              share,
              activated.get(i)[0],
              timings.get("forward " + share),
              timings.get("both " + share),
              bytes.get(i)));
    }
    return results;
  }

  private static Taps forcing(Workload workload, double share, long[] count) {
    try {
      return Taps.on(workload.model())
          .replace(
              POINTS,
              active -> {
                Shape shape = active.getShape();
                int length = (int) shape.get(shape.dimension() - 1);
                float[] mask = new float[length];
                count[0] = 0;
                for (int t = 0; t < length; t++) {
                  mask[t] = (float) (Math.floor((t + 1) * share) - Math.floor(t * share));
                  count[0] += (long) mask[t];
                }
                NDArray row = active.getManager().create(mask, new Shape(1, length));
                return row.broadcast(shape);
              });
    } catch (NoSuchTapException e) {
      throw new UserException(
          "the model has no activated tokens (no tap called active); expected for example a preset"
              + " of seqboat-classifier",
          e);
    }
  }
}
