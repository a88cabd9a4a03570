package org.attentionzoo.eval.bench;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.Taps;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatConfig;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatLayer;
import org.attentionzoo.blocks.papers.seqboat.SeqBoatModelConfig;

/**
 * What a layer of SeqBoat costs when so many of its tokens activate attention. A listener at the
 * layer's tap {@code active} decides which: evenly spread, the same in each row. Thread safety:
 * stateless.
 */
public final class ActivationBench {

  private static final int WARMUPS = 2;
  private static final long SEED = 1;

  private ActivationBench() {}

  /**
   * The cost at one share.
   *
   * @param share the share of tokens that was asked for
   * @param activated how many tokens of a row were activated
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
   * @param model the config of a SeqBoat model, whose layer is measured: causal in a language model
   * @param batch rows
   * @param length tokens in a row
   * @param shares from 0 to 1
   * @param rounds how often each is run
   * @param device where to compute
   * @return a result for each share
   * @throws UserException if it is another model, or a number is out of its range
   */
  public static List<Result> run(
      Record model, int batch, int length, List<Double> shares, int rounds, Device device) {
    if (!(model instanceof SeqBoatModelConfig seqBoat)) {
      throw new UserException(
          "a model without activated tokens was given; expected a preset of seqboat-classifier or"
              + " seqboat-lm");
    }
    if (length < 1) {
      throw new UserException("length " + length + " was given; it must be 1 or more");
    }
    for (double share : shares) {
      if (!(share >= 0 && share <= 1)) {
        throw new UserException("share " + share + " was given; expected a number from 0 to 1");
      }
    }
    SeqBoatConfig config = seqBoat.layer(seqBoat.classes() > 0);
    try (NDManager manager = NDManager.newBaseManager(device, "PyTorch")) {
      JniUtils.setSeed(SEED);
      SeqBoatLayer layer = new SeqBoatLayer(config);
      layer.initialize(manager, DataType.FLOAT32);
      NDArray x = manager.randomNormal(new Shape(batch, length, config.width()));
      Map<String, Runnable> work = new LinkedHashMap<>();
      List<Long> activated = new ArrayList<>();
      List<Long> bytes = new ArrayList<>();
      for (double share : shares) {
        float[] mask = new float[length];
        long count = 0;
        for (int t = 0; t < length; t++) {
          mask[t] = (float) (Math.floor((t + 1) * share) - Math.floor(t * share));
          count += (long) mask[t];
        }
        NDArray active =
            manager.create(mask, new Shape(1, length)).broadcast(new Shape(batch, length));
        Taps taps = Taps.on(layer).replace("active", ignored -> active);
        activated.add(count);
        bytes.add(bytes(manager, layer, x, taps));
        work.put("forward " + share, () -> forward(manager, layer, x, taps));
        work.put("both " + share, () -> both(manager, layer, x, taps));
      }
      Map<String, Rounds.Timing> timings = Rounds.run(work, WARMUPS, rounds);
      List<Result> results = new ArrayList<>();
      for (int i = 0; i < shares.size(); i++) {
        double share = shares.get(i);
        results.add(
            new Result(
                share,
                activated.get(i),
                timings.get("forward " + share),
                timings.get("both " + share),
                bytes.get(i)));
      }
      return results;
    }
  }

  private static NDArray pass(SeqBoatLayer layer, NDArray input, Pass pass) {
    return layer.forward(pass, input, Sequences.FULL).hidden();
  }

  private static NDArray view(NDArray x, NDManager scope) {
    NDArray view = x.reshape(x.getShape());
    view.attach(scope);
    return view;
  }

  private static void forward(NDManager manager, SeqBoatLayer layer, NDArray x, Taps taps) {
    try (NDManager scope = manager.newSubManager();
        GradientMode ignored = GradientMode.off()) {
      Pass pass = Pass.inference(new ParameterStore(scope, false)).with(taps);
      Workload.await(pass(layer, view(x, scope), pass));
    }
  }

  private static void both(NDManager manager, SeqBoatLayer layer, NDArray x, Taps taps) {
    try (NDManager scope = manager.newSubManager();
        GradientMode ignored = GradientMode.on()) {
      Pass pass = Pass.training(new ParameterStore(scope, false)).with(taps);
      PtNDArray loss = (PtNDArray) pass(layer, view(x, scope), pass).square().mean();
      JniUtils.backward(loss, (PtNDArray) loss.onesLike(), false, false);
    }
  }

  private static long bytes(NDManager manager, SeqBoatLayer layer, NDArray x, Taps taps) {
    try (NDManager scope = manager.newSubManager();
        GradientMode ignored = GradientMode.on()) {
      Pass pass = Pass.training(new ParameterStore(scope, false)).with(taps).onPlainPath();
      pass(layer, view(x, scope), pass);
      return scope.getManagedArrays().stream()
          .mapToLong(a -> a.size() * a.getDataType().getNumOfBytes())
          .sum();
    }
  }
}
