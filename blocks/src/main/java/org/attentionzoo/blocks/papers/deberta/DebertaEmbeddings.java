package org.attentionzoo.blocks.papers.deberta;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import java.util.function.UnaryOperator;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UnaryBlock;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.Dropout;
import org.attentionzoo.blocks.layers.Initializers;
import org.attentionzoo.blocks.layers.LayerNorm;
import org.attentionzoo.blocks.layers.Linear;

/**
 * DeBERTa's input: word embeddings, plus those of token types and absolute positions where the
 * config has them, projected if the tables have another width, normalised, zero where padded.
 *
 * <p>State dict: {@code word_embeddings}, {@code position_embeddings} (also where the input is not
 * position-biased: the mask decoder reads it), {@code token_type_embeddings}, {@code embed_proj},
 * {@code LayerNorm}.
 */
public final class DebertaEmbeddings extends ZooBlock {

  private final DebertaConfig config;
  private final Table words;
  private final Table positions;
  private final Table types;
  private final Linear projection;
  private final LayerNorm norm;

  /**
   * A table, perhaps on top of another one whose rows are added but not trained from here:
   * gradient-disentangled embedding sharing (He, Gao and Chen 2021, section 3.2).
   */
  static final class Table extends UnaryBlock {
    private final Parameter weight;
    private final Parameter base;
    private final int padding;

    Table(long rows, long width, double deviation, int padding, Parameter base) {
      this.padding = padding;
      this.base = base;
      weight =
          base == null
              ? parameter("weight", Initializers.normal(deviation), rows, width)
              : parameter("_weight", Initializers.constant(0), rows, width);
    }

    /** A table that is another one. */
    private Table(Parameter tied, int padding) {
      this.padding = padding;
      base = null;
      weight = tie("weight", tied);
    }

    Parameter weight() {
      return weight;
    }

    /** (...) int64 to (..., width). */
    @Override
    public NDArray forward(Pass pass, NDArray ids) {
      NDArray rows = look(pass, ids, pass.value(weight, ids));
      return base == null ? rows : rows.add(look(pass, ids, pass.value(base, ids)).stopGradient());
    }

    private NDArray look(Pass pass, NDArray given, NDArray table) {
      // shapes are asked for with zeros of any type
      NDArray ids =
          given.getDataType() == DataType.INT64 ? given : given.toType(DataType.INT64, false);
      return pass.kernels(ids) ? fast(ids, table, padding) : plain(ids, table, padding);
    }
  }

  /** How a discriminator's tables stand to the generator's. */
  public enum Sharing {
    /** They are tables of their own. */
    NONE,
    /** They are the generator's, and both train them. */
    SHARED,
    /** They are the generator's plus a difference, and only the difference is trained from here. */
    GRADIENT_DISENTANGLED
  }

  /**
   * Embeddings of their own.
   *
   * @param vocabulary the number of tokens
   * @param config sizes and switches
   */
  public DebertaEmbeddings(int vocabulary, DebertaConfig config) {
    this(vocabulary, config, true, Sharing.NONE, null);
  }

  /**
   * Embeddings that share another's tables of words and positions.
   *
   * @param vocabulary the number of tokens
   * @param config sizes and switches; the tables have the other's width
   * @param places whether there is a table of absolute positions also where the input is not
   *     position-biased
   * @param sharing how
   * @param other whose tables are shared; null without sharing
   */
  public DebertaEmbeddings(
      int vocabulary,
      DebertaConfig config,
      boolean places,
      Sharing sharing,
      DebertaEmbeddings other) {
    this.config = config;
    int width = config.tableWidth();
    double deviation = config.initializerRange();
    int padding = config.paddingIndex();
    words =
        child(
            "word_embeddings",
            switch (sharing) {
              case NONE -> new Table(vocabulary, width, deviation, padding, null);
              case SHARED -> new Table(other.words.weight(), padding);
              case GRADIENT_DISENTANGLED ->
                  new Table(vocabulary, width, deviation, padding, other.words.weight());
            });
    int rows = config.maximumPositions();
    positions =
        places || config.positionBiasedInput()
            ? child(
                "position_embeddings",
                switch (sharing) {
                  case NONE -> new Table(rows, width, deviation, -1, null);
                  case SHARED -> new Table(other.positions.weight(), -1);
                  case GRADIENT_DISENTANGLED ->
                      new Table(rows, width, deviation, -1, other.positions.weight());
                })
            : null;
    types =
        config.tokenTypes() > 0
            ? child(
                "token_type_embeddings", new Table(config.tokenTypes(), width, deviation, -1, null))
            : null;
    projection =
        width == config.width()
            ? null
            : child(
                "embed_proj",
                new Linear(width, config.width(), Initializers.normal(deviation), null));
    norm = child("LayerNorm", new LayerNorm(config.width(), config.layerNormEpsilon()));
  }

  /**
   * The table of words, for an output layer that is tied to it.
   *
   * @return the (vocabulary, table width) parameter
   */
  public Parameter words() {
    return words.weight();
  }

  /**
   * Embeds tokens.
   *
   * @param pass what the pass carries
   * @param ids (B, L) int64
   * @param tokenTypes (B, L) int64; null for zeros
   * @param places (B, L) int64, absolute positions; null for 0, 1, 2, ...
   * @param valid (B, L) boolean, false where padded; null if nothing is
   * @param beforeNorm replaces the sum before it is normalised; null to leave it
   * @return (B, L, D)
   * @throws IllegalArgumentException if the input is position-biased and longer than the table
   */
  public NDArray embed(
      Pass pass,
      NDArray ids,
      NDArray tokenTypes,
      NDArray places,
      NDArray valid,
      UnaryOperator<NDArray> beforeNorm) {
    NDArray sum = words.forward(pass, ids);
    if (types != null) {
      NDArray zeros = tokenTypes == null ? ids.zerosLike() : tokenTypes;
      sum = sum.add(types.forward(pass, zeros));
    }
    if (config.positionBiasedInput()) {
      sum = sum.add(positions(pass, ids, places));
    }
    if (projection != null) {
      sum = projection.forward(pass, sum);
    }
    if (beforeNorm != null) {
      sum = beforeNorm.apply(sum);
    }
    NDArray normal = masked(norm.forward(pass, sum), valid);
    return Dropout.apply(pass, normal, config.dropout());
  }

  /**
   * The raw embeddings of absolute positions.
   *
   * @param pass what the pass carries
   * @param ids (B, L) int64
   * @param places (B, L) int64; null for 0, 1, 2, ...
   * @return (B, L, table width), or (1, L, table width) for counted positions
   * @throws IllegalArgumentException if counted positions are more than the table has
   */
  public NDArray positions(Pass pass, NDArray ids, NDArray places) {
    if (places != null) {
      return positions.forward(pass, places);
    }
    long length = ids.getShape().get(1);
    if (length > config.maximumPositions()) {
      throw new IllegalArgumentException(
          length
              + " tokens are more than the "
              + config.maximumPositions()
              + " absolute positions of this model; give shorter sequences or more"
              + " maximumPositions");
    }
    NDArray counted = ids.getManager().arange(0, (int) length, 1, DataType.INT64, ids.getDevice());
    return positions.forward(pass, counted.expandDims(0));
  }

  static NDArray masked(NDArray x, NDArray valid) {
    return valid == null ? x : x.mul(valid.toType(x.getDataType(), false).expandDims(2));
  }

  static NDArray fast(NDArray ids, NDArray table, int padding) {
    return DisentangledSelfAttention.KERNELS.call("embedding", ids, table, padding);
  }

  /** The kernel {@code embedding} by NDArray operations. */
  static NDArray plain(NDArray ids, NDArray table, int padding) {
    Shape shape = ids.getShape();
    NDArray rows =
        ai.djl.nn.core.Embedding.embedding(ids, table, ai.djl.ndarray.types.SparseFormat.DENSE)
            .singletonOrThrow();
    rows.attach(ids.getManager());
    if (padding < 0) {
      return rows;
    }
    NDArray trained = ids.neq(padding).toType(rows.getDataType(), false).reshape(shape.add(1));
    return rows.mul(trained)
        .add(rows.stopGradient().mul(org.attentionzoo.blocks.Tensors.oneMinus(trained)));
  }

  /**
   * Embeds tokens at their counted positions.
   *
   * @param pass what the pass carries
   * @param inputs (B, L) int64, and optionally (B, L) boolean, false where padded
   * @return (B, L, D)
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray valid = inputs.size() > 1 ? inputs.get(1) : null;
    return new NDList(embed(pass, inputs.get(0), null, null, valid, null));
  }
}
