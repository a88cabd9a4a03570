package org.attentionzoo.blocks.layers;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.jni.JniUtils;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Processor;
import org.attentionzoo.blocks.kernels.KernelLibrary;

/** Inverted dropout, as PyTorch's: acts in training passes only. */
public final class Dropout {

  /** Uniform numbers are drawn on one thread, whatever there are. */
  private static final int UNIFORM_THREADS = 2;

  /** Below so many numbers libtorch's own operator costs less than a call of a kernel. */
  private static final long SMALL = 4096;

  private static final KernelLibrary KERNELS =
      KernelLibrary.of(Dropout.class, "dropout.torchscript");

  /** Looked up once: reading the file takes longer than a draw. */
  private static volatile Boolean amd;

  private Dropout() {}

  /**
   * Zeroes values at random and scales the others up.
   *
   * @param pass says whether this is a training pass
   * @param x any shape
   * @param rate the share of values that are zeroed, 0 to 1
   * @return the same shape
   */
  public static NDArray apply(Pass pass, NDArray x, double rate) {
    if (rate == 0 || !pass.isTraining()) {
      return x;
    }
    return rate < 1 && x.size() >= SMALL && drawsUniform(x) ? uniform(x, rate) : own(x, rate);
  }

  private static boolean drawsUniform(NDArray x) {
    return !x.getDevice().isGpu() && x.getDataType() == DataType.FLOAT32 && isUniformFaster();
  }

  /** By uniform random numbers; the rate is below 1. */
  static NDArray uniform(NDArray x, double rate) {
    return KERNELS.call("dropout", x, rate);
  }

  /** By libtorch's operator, which on a CPU has MKL draw zeros and ones. */
  static NDArray own(NDArray x, double rate) {
    return ai.djl.nn.norm.Dropout.dropout(x, (float) rate, true).singletonOrThrow();
  }

  /**
   * Whether uniform random numbers take less time on this processor than MKL's zeros and ones,
   * about half of it. The answer depends on the processor and the threads alone, so that a run that
   * is resumed draws the same.
   *
   * @return true on an AMD processor where libtorch has one or two threads
   */
  public static boolean isUniformFaster() {
    Boolean known = amd;
    if (known == null) {
      known = Processor.field("vendor_id").orElse("").equals("AuthenticAMD");
      amd = known;
    }
    return known && JniUtils.getNumThreads() <= UNIFORM_THREADS;
  }
}
