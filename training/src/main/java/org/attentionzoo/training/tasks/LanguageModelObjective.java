package org.attentionzoo.training.tasks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.engine.PtNDArray;
import java.util.LinkedHashMap;
import java.util.Map;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.kernels.KernelLibrary;
import org.attentionzoo.datasets.Batch;
import org.attentionzoo.training.Meter;
import org.attentionzoo.training.Objective;
import org.attentionzoo.training.metrics.Likelihood;

/**
 * Cross-entropy in nats of logits (B, L, V) against labels (B, L) int64, or of (B, classes) against
 * (B), the mean over the labels that are not {@link #IGNORED}; 0 if all are. Metrics: {@code
 * accuracy}, the share of those labels whose logit is the largest, and, where tokens stand for
 * bytes, {@code bits_per_byte}, the loss divided by ln 2 and by the bytes of a token.
 *
 * <p>Stateless; safe for use by several threads.
 */
public final class LanguageModelObjective implements Objective {

  /** The label of a position that does not count. */
  public static final int IGNORED = -1;

  private static final KernelLibrary KERNELS =
      KernelLibrary.of(LanguageModelObjective.class, "language_model.torchscript");

  /** 0 if tokens stand for no bytes. */
  private final double bytesPerToken;

  private LanguageModelObjective(double bytesPerToken) {
    this.bytesPerToken = bytesPerToken;
  }

  /**
   * The objective for tokens that are bytes.
   *
   * @return an objective with {@code bits_per_byte}
   */
  public static LanguageModelObjective ofBytes() {
    return ofTokens(1);
  }

  /**
   * The objective for tokens from which their text can be told.
   *
   * @param bytesPerToken how many bytes a token stands for in the mean over what is evaluated,
   *     above 0
   * @return an objective with {@code bits_per_byte}
   */
  public static LanguageModelObjective ofTokens(double bytesPerToken) {
    if (!(bytesPerToken > 0)) {
      throw new IllegalArgumentException("bytesPerToken=" + bytesPerToken + "; expected above 0");
    }
    return new LanguageModelObjective(bytesPerToken);
  }

  /**
   * The objective for any other tokens.
   *
   * @return an objective with {@code accuracy} only
   */
  public static LanguageModelObjective ofTokens() {
    return new LanguageModelObjective(0);
  }

  /**
   * Judges logits.
   *
   * @param outputs first the logits, (B, L, V)
   * @param batch first label (B, L) int64
   * @return the loss, as weight the number of labels that count, and the metrics
   */
  @Override
  public Outcome evaluate(NDList outputs, Batch batch) {
    NDArray logits = outputs.head();
    NDArray labels = batch.labels().head();
    int last = logits.getShape().dimension() - 1;
    if (last < 1 || !logits.getShape().slice(0, last).equals(labels.getShape())) {
      throw Objective.mismatch(logits, labels);
    }
    NDList judged =
        logits instanceof PtNDArray ? byKernel(logits, labels) : byOperations(logits, labels);
    NDArray loss = judged.get(0);
    Map<String, NDArray> metrics = new LinkedHashMap<>();
    if (bytesPerToken > 0) {
      NDArray bits = Arithmetic.times(loss.stopGradient(), 1 / (Math.log(2) * bytesPerToken));
      metrics.put("bits_per_byte", bits);
    }
    metrics.put("accuracy", judged.get(1));
    return new Outcome(loss, judged.get(2).getLong(), metrics);
  }

  /**
   * Tells {@code perplexity}, the exponential of the mean loss over all tokens.
   *
   * @return a new meter
   */
  @Override
  public Meter meter() {
    return new Meter() {
      private final Likelihood likelihood = new Likelihood();

      @Override
      public void add(NDList outputs, Batch batch, Outcome outcome) {
        likelihood.add(outcome.loss().getFloat() * outcome.weight(), outcome.weight());
      }

      @Override
      public Map<String, Double> figures() {
        return likelihood.tokens() == 0 ? Map.of() : Map.of("perplexity", likelihood.perplexity());
      }
    };
  }

  /**
   * The kernel {@code masked_cross_entropy}.
   *
   * @param logits (..., V)
   * @param labels (...) int64
   * @return loss, accuracy and the number of labels that count, all scalars
   */
  static NDList byKernel(NDArray logits, NDArray labels) {
    return KERNELS.callAll("masked_cross_entropy", logits, labels, IGNORED);
  }

  /**
   * The same as {@link #byKernel} by NDArray operations.
   *
   * @param logits (..., V)
   * @param labels (...) int64
   * @return loss, accuracy and the number of labels that count, all scalars
   */
  static NDList byOperations(NDArray logits, NDArray labels) {
    NDArray kept = labels.neq(IGNORED);
    NDArray weight = kept.toType(logits.getDataType(), false);
    NDArray count = Arithmetic.atLeast(weight.sum(), 1);
    NDArray target = labels.mul(kept.toType(DataType.INT64, false));
    NDArray picked = logits.logSoftmax(-1).gather(target.expandDims(-1), -1).squeeze(-1);
    NDArray loss = picked.mul(weight).sum().neg().div(count);
    NDArray hits = logits.stopGradient().argMax(-1).eq(target).toType(logits.getDataType(), false);
    return new NDList(
        loss, hits.mul(weight).sum().div(count), kept.toType(DataType.INT64, false).sum());
  }
}
