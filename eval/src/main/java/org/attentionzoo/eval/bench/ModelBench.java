package org.attentionzoo.eval.bench;

import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.eval.profile.Profiler;
import org.attentionzoo.training.optimize.Optimizer;
import org.attentionzoo.training.optimize.OptimizerConfig;
import org.attentionzoo.training.run.ProcessMemory;

/** Times whole models. For one thread. */
public final class ModelBench {

  private static final int WARMUPS = 3;
  private static final String FORWARD = "forward";
  private static final String BOTH = "forward and backward";
  private static final String OPTIMIZER = "optimizer";
  private static final String PRODUCT = "matrix product";
  private static final String PEER_FORWARD = "peer forward";
  private static final String PEER_BOTH = "peer forward and backward";

  private ModelBench() {}

  /**
   * What training costs.
   *
   * @param items how many tokens or examples a step takes
   * @param forward a forward pass with gradients
   * @param both a forward and a backward pass
   * @param optimizer the optimizer's step with the limit on the norm
   * @param operations floating-point operations of a forward and a backward pass, see {@link
   *     org.attentionzoo.eval.profile.Trace#floatingPointOperations}
   * @param matrixProduct the yardstick, run in the same rounds
   * @param residentBefore bytes before the steps that watch the memory; empty if not known
   * @param residentAfter bytes after them
   * @param watched how many steps watched the memory
   */
  public record Training(
      long items,
      Rounds.Timing forward,
      Rounds.Timing both,
      Rounds.Timing optimizer,
      double operations,
      Rounds.Timing matrixProduct,
      OptionalLong residentBefore,
      OptionalLong residentAfter,
      int watched) {

    /**
     * A whole step.
     *
     * @return forward, backward and optimizer
     */
    public Rounds.Timing step() {
      return both.plus(optimizer);
    }

    /**
     * Billions of counted floating-point operations a second of the step.
     *
     * @return by the medians
     */
    public double gigaflops() {
      return operations / step().median() / 1e6;
    }

    /**
     * What the matrix product reaches.
     *
     * @return billions of floating-point operations a second, by the median
     */
    public double peak() {
      return MatrixPeak.gigaflops(matrixProduct.median());
    }
  }

  /**
   * Times training.
   *
   * @param workload the model and its inputs
   * @param manager what the yardstick's memory belongs to
   * @param causal whether fused attention leaves out half of its products
   * @param rounds how often each is run, and which time counts
   * @param watched steps in which the memory is watched; 0 for none
   * @return the times
   */
  public static Training train(
      Workload workload, NDManager manager, boolean causal, Rounds.Plan rounds, int watched) {
    try (Optimizer optimizer = OptimizerConfig.DEFAULT.create(workload.model());
        NDManager scope = manager.newSubManager()) {
      MatrixPeak peak = new MatrixPeak(scope);
      Map<String, Runnable> work = new LinkedHashMap<>();
      work.put(PRODUCT, peak::run);
      work.put(FORWARD, workload::forward);
      work.put(BOTH, workload::forwardBackward);
      work.put(OPTIMIZER, () -> step(optimizer, scope));
      Map<String, Rounds.Timing> timings = Rounds.run(work, WARMUPS, rounds);
      double operations =
          Profiler.record(workload::forwardBackward).floatingPointOperations(causal);
      OptionalLong before = ProcessMemory.resident();
      try {
        for (int i = 0; i < watched; i++) {
          rounds.watcher().next("steps that watch the memory", i, watched);
          workload.forwardBackward();
          step(optimizer, scope);
        }
      } finally {
        rounds.watcher().finished();
      }
      return new Training(
          workload.items(),
          timings.get(FORWARD),
          timings.get(BOTH),
          timings.get(OPTIMIZER),
          operations,
          timings.get(PRODUCT),
          before,
          ProcessMemory.resident(),
          watched);
    }
  }

  private static void step(Optimizer optimizer, NDManager manager) {
    try (NDManager scope = manager.newSubManager()) {
      optimizer.step(scope, 1e-4, 1, 1).getFloat();
    }
  }

  /**
   * A model beside a peer.
   *
   * @param forward ours, forward with gradients
   * @param both ours, forward and backward
   * @param peerForward theirs
   * @param peerBoth theirs
   * @param optimizer the optimizer's step over our parameters
   */
  public record Comparison(
      Rounds.Timing forward,
      Rounds.Timing both,
      Rounds.Timing peerForward,
      Rounds.Timing peerBoth,
      Rounds.Timing optimizer) {}

  /**
   * Times a model and a peer in turns, both with the mean of the squared outputs as loss.
   *
   * @param labelled the model and its inputs
   * @param peer takes the same inputs
   * @param manager what a step's memory belongs to
   * @param rounds how often each is run, and which time counts
   * @return the times
   */
  public static Comparison compare(
      Workload labelled, Peer peer, NDManager manager, Rounds.Plan rounds) {
    Workload workload = labelled.withPlainLoss();
    try (Optimizer optimizer = OptimizerConfig.DEFAULT.create(workload.model())) {
      Map<String, Runnable> work = new LinkedHashMap<>();
      work.put(FORWARD, workload::forward);
      work.put(PEER_FORWARD, peer::forward);
      work.put(BOTH, workload::forwardBackward);
      work.put(PEER_BOTH, peer::forwardBackward);
      work.put(OPTIMIZER, () -> step(optimizer, manager));
      Map<String, Rounds.Timing> timings = Rounds.run(work, WARMUPS, rounds);
      return new Comparison(
          timings.get(FORWARD),
          timings.get(BOTH),
          timings.get(PEER_FORWARD),
          timings.get(PEER_BOTH),
          timings.get(OPTIMIZER));
    }
  }

  /**
   * How far the first outputs of a workload and a peer are apart, which says whether they compute
   * the same.
   *
   * @param workload ours
   * @param peer takes the same inputs
   * @return the largest difference relative to the largest value
   * @throws UserException if they do not have as many numbers
   */
  public static double difference(Workload workload, Peer peer) {
    Output ours = workload.output();
    Output theirs = peer.output();
    if (ours.size() != theirs.size()) {
      throw new UserException(
          "the peer gives an output of shape "
              + theirs.shape()
              + "; expected "
              + ours.shape()
              + " as ours; give a module that computes the same");
    }
    double scale = Float.MIN_NORMAL;
    double worst = 0;
    for (int i = 0; i < ours.size(); i++) {
      scale = Math.max(scale, Math.abs(theirs.get(i)));
      worst = Math.max(worst, Math.abs((double) ours.get(i) - theirs.get(i)));
    }
    return worst / scale;
  }

  /**
   * What prediction costs.
   *
   * @param items how many tokens or examples a pass takes
   * @param pass one pass over the whole batch
   * @param peer the same by the peer; null without one
   * @param prefill one pass over one example that fills the decode cache; null for what does not
   *     decode
   * @param decode one more token of one example; null for what does not decode
   */
  public record Inference(
      long items,
      Rounds.Timing pass,
      Rounds.Timing peer,
      Rounds.Timing prefill,
      Rounds.Timing decode) {}

  /**
   * Times prediction.
   *
   * @param workload the model and its inputs
   * @param peer null for none
   * @param decodes whether the model is a decoder with a cache
   * @param rounds how often each is run, and which time counts
   * @return the times
   */
  public static Inference infer(Workload workload, Peer peer, boolean decodes, Rounds.Plan rounds) {
    Map<String, Runnable> work = new LinkedHashMap<>();
    work.put(FORWARD, workload::predict);
    if (peer != null) {
      work.put(PEER_FORWARD, peer::predict);
    }
    Rounds.Timing prefill = null;
    Rounds.Timing decode = null;
    if (decodes) {
      List<Double> fills = new ArrayList<>();
      List<Double> tokens = new ArrayList<>();
      try {
        for (int round = -WARMUPS; round < rounds.rounds(); round++) {
          rounds.watcher().next("prefill and decode", round + WARMUPS, WARMUPS + rounds.rounds());
          double[] millis = workload.decode();
          if (round >= 0) {
            fills.add(millis[0]);
            tokens.add(millis[1]);
          }
        }
      } finally {
        rounds.watcher().finished();
      }
      prefill = new Rounds.Timing(fills);
      decode = new Rounds.Timing(tokens);
    }
    Map<String, Rounds.Timing> timings = Rounds.run(work, WARMUPS, rounds);
    return new Inference(
        workload.items(), timings.get(FORWARD), timings.get(PEER_FORWARD), prefill, decode);
  }
}
