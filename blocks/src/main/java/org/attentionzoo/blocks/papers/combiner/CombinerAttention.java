package org.attentionzoo.blocks.papers.combiner;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.Set;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.DecodeState;
import org.attentionzoo.blocks.MixerBlock;
import org.attentionzoo.blocks.Padding;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;
import org.attentionzoo.blocks.attention.DotProductAttention;
import org.attentionzoo.blocks.layers.LayerNorm;
import org.attentionzoo.blocks.papers.combiner.CombinerConfig.Pattern;

/**
 * Combiner's attention (Ren et al. 2021, arXiv 2107.05768): softmax over some tokens and, for all
 * others, over spans of tokens. A span's weight is shared by its tokens in proportions that do not
 * depend on who asks, so that every token has a weight at less than quadratic cost.
 *
 * <p>State dict, as Flax has it: {@code query}, {@code key}, {@code value} with {@code kernel} (D,
 * H, d), {@code DenseGeneral_0.kernel} (H, d, D). Row-major has {@code DenseGeneral_0}, {@code
 * LayerNorm_0}, {@code DenseGeneral_1} for the keys of rows, and its output is {@code
 * DenseGeneral_2}. Tap: {@code pattern} (B, H, L, L), every token's weights written out; valid
 * tokens first if there is padding.
 *
 * <p>Any length will do: a last segment that is not whole is no span of a later token. The decode
 * cache remembers the hidden states, and heads and spans are computed again.
 */
public final class CombinerAttention extends MixerBlock {

  private static final double FLAX_EPSILON = 1e-6;

  private final CombinerConfig config;
  private final DenseGeneral query;
  private final DenseGeneral key;
  private final DenseGeneral value;
  private final DenseGeneral output;
  private final Factorization factorization;

  /**
   * Attention that keeps the size of the hidden states.
   *
   * @param config its sizes and switches
   */
  public CombinerAttention(CombinerConfig config) {
    this(config, config.width());
  }

  /**
   * Attention whose output has a size of its own.
   *
   * @param config its sizes and switches
   * @param outputs the size of an output
   */
  public CombinerAttention(CombinerConfig config, int outputs) {
    if (outputs < 1) {
      throw new IllegalArgumentException("outputs must be positive; got " + outputs);
    }
    this.config = config;
    long[] width = {config.width()};
    long[] result = {outputs};
    long[] heads = {config.heads(), config.headWidth()};
    query = child("query", new DenseGeneral(width, heads));
    key = child("key", new DenseGeneral(width, heads));
    value = child("value", new DenseGeneral(width, heads));
    if (config.pattern() == Pattern.AXIAL_ROWMAJOR) {
      factorization =
          new RowMajor(
              config,
              child("DenseGeneral_0", new DenseGeneral(heads, width)),
              child("LayerNorm_0", new LayerNorm(config.width(), FLAX_EPSILON)),
              child("DenseGeneral_1", new DenseGeneral(width, heads)));
      output = child("DenseGeneral_2", new DenseGeneral(heads, result));
    } else {
      factorization =
          switch (config.pattern()) {
            case LOGSPARSE -> new LogSparseSpans(config);
            case AXIAL_MIXTURE -> new AxialMixture(config);
            default -> new FixedSpans(config);
          };
      output = child("DenseGeneral_0", new DenseGeneral(heads, result));
    }
  }

  /** {@inheritDoc} */
  @Override
  public String role() {
    return "attention";
  }

  /** {@inheritDoc} */
  @Override
  public boolean isCausal() {
    return config.causal();
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return Set.of(DotProductAttention.PATTERN);
  }

  /** {@inheritDoc} */
  @Override
  public NDArray mix(Pass pass, NDArray hidden, Sequences sequences) {
    NDArray all = hidden;
    NDArray valid = sequences.valid();
    if (pass.cache() != null) {
      DecodeState state = pass.cache().of(this);
      NDArray before = state.borrow("hidden", hidden);
      if (before != null) {
        NDArray validBefore = state.borrow("valid", hidden);
        if (valid != null || validBefore != null) {
          valid = orAllTrue(validBefore, before).concat(orAllTrue(valid, hidden), 1);
        }
        all = before.concat(hidden, 1);
      }
      state.put("hidden", all);
      if (valid != null) {
        state.put("valid", valid);
      }
    }
    NDArray mixed = whole(pass, all, valid);
    long length = hidden.getShape().get(1);
    long seen = all.getShape().get(1);
    return seen == length ? mixed : mixed.get(":, {}:", seen - length);
  }

  /**
   * Every token's weights, written out.
   *
   * @param pass what the pass carries
   * @param hidden (B, L, D)
   * @return (B, H, L, L); rows sum to 1
   */
  public NDArray weights(Pass pass, NDArray hidden) {
    return weights(pass, heads(pass, hidden, null), hidden);
  }

  /**
   * How many logits attention computes for each head, those within spans included.
   *
   * @param config sizes and switches
   * @param length the number of tokens
   * @return the number, without what masks hide of the blocks
   */
  public static long logits(CombinerConfig config, long length) {
    long m = config.segment();
    long rows = config.pattern() == Pattern.LOGSPARSE ? 0 : (length + m - 1) / m;
    return switch (config.pattern()) {
      case FIXED -> rows * m * (m + rows) + rows * m;
      case AXIAL_ROWMAJOR -> rows * m * (m + rows);
      case AXIAL_MIXTURE -> rows * m * (2 * m + 3 * rows) + rows * m * (2 * m + rows);
      case LOGSPARSE -> length + length * LogSparseSpans.levels(length, config.officialLevels());
    };
  }

  private NDArray whole(Pass pass, NDArray hidden, NDArray valid) {
    if (valid == null) {
      return attend(pass, hidden, null);
    }
    Padding padding = new Padding(valid);
    return padding.restore(attend(pass, padding.compact(hidden), padding.valid()));
  }

  private NDArray attend(Pass pass, NDArray hidden, NDArray valid) {
    Heads heads = heads(pass, hidden, valid);
    NDArray mixed;
    if (pass.listens(this, DotProductAttention.PATTERN)) {
      NDArray weights = weights(pass, heads, hidden);
      mixed = pass.tap(this, DotProductAttention.PATTERN, weights).matMul(heads.v());
    } else {
      mixed = factorization.attend(pass, heads, heads.v(), hidden);
    }
    return output.forward(pass, mixed.transpose(0, 2, 1, 3));
  }

  private NDArray weights(Pass pass, Heads heads, NDArray hidden) {
    Shape shape = heads.v().getShape();
    long length = shape.get(2);
    NDArray rows =
        hidden
            .getManager()
            .eye((int) length)
            .toDevice(hidden.getDevice(), false)
            .toType(hidden.getDataType(), false)
            .broadcast(new Shape(shape.get(0), shape.get(1), length, length));
    return factorization.attend(pass, heads, rows, hidden);
  }

  private Heads heads(Pass pass, NDArray hidden, NDArray valid) {
    NDArray q = query.forward(pass, hidden).transpose(0, 2, 1, 3);
    NDArray k = key.forward(pass, hidden).transpose(0, 2, 1, 3);
    NDArray v = value.forward(pass, hidden).transpose(0, 2, 1, 3);
    return new Heads(Arithmetic.times(q, 1 / Math.sqrt(config.headWidth())), k, v, valid);
  }

  private static NDArray orAllTrue(NDArray valid, NDArray hidden) {
    Shape shape = hidden.getShape();
    return valid != null
        ? valid
        : hidden
            .getManager()
            .ones(new Shape(shape.get(0), shape.get(1)), ai.djl.ndarray.types.DataType.BOOLEAN)
            .toDevice(hidden.getDevice(), false);
  }
}
