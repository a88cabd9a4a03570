package org.attentionzoo.blocks.papers.deberta;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Activation;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Measured;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Tensors;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.blocks.layers.LayerNorm;
import org.attentionzoo.blocks.layers.Linear;

/**
 * Replaced token detection (He, Gao and Chen 2021, section 3): a generator of half the depth fills
 * masked places by sampling from its prediction, and a discriminator tells which tokens are not the
 * original ones, by binary cross-entropy over the tokens that are not padding. The loss is the
 * generator's masked language modelling plus a weight times the discriminator's, both at once.
 *
 * <p>State dict: {@code generator} (a {@link DebertaMaskedLanguageModel}), {@code
 * discriminator.deberta}, {@code discriminator.mask_predictions.{dense,LayerNorm,classifier}}. With
 * gradient-disentangled sharing the discriminator's table is {@code word_embeddings._weight}, the
 * difference to the generator's, which starts at zero.
 */
public final class DebertaReplacedTokenDetection extends ZooBlock implements Measured {

  /**
   * The tap: (4), shares of all valid tokens: those replaced and found out, those replaced, those
   * kept and recognised as kept, those kept. Without original tokens all count as kept.
   */
  public static final String DETECTION = "detection";

  private final DebertaMaskedLanguageModel generator;
  private final Discriminator discriminator;
  private final int mask;
  private final double weight;

  /** classifier(gelu(dense(LayerNorm(h of the first token + h)))). */
  private static final class Head extends ZooBlock {
    final LayerNorm norm;
    final Linear dense;
    final Linear classifier;
    final DebertaActivation activation;

    Head(DebertaConfig config) {
      dense = child("dense", DebertaLayer.dense(config.width(), config.width(), config));
      norm = child("LayerNorm", new LayerNorm(config.width(), config.layerNormEpsilon()));
      classifier = child("classifier", DebertaLayer.dense(config.width(), 1, config));
      activation = config.activation();
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      NDArray hidden = inputs.head();
      NDArray mixed = norm.forward(pass, hidden.add(hidden.get(":, 0:1")));
      NDArray inner = activation.apply(dense.forward(pass, mixed));
      return new NDList(classifier.forward(pass, inner).squeeze(-1));
    }
  }

  /** The encoder with its head. */
  private static final class Discriminator extends ZooBlock {
    final Deberta deberta;
    final Head head;

    Discriminator(DebertaConfig config, DebertaEmbeddings embeddings) {
      deberta = child("deberta", new Deberta(config, embeddings));
      head = child("mask_predictions", new Head(config));
    }

    @Override
    public NDList forward(Pass pass, NDList inputs) {
      NDArray valid = inputs.size() > 1 ? inputs.get(1) : null;
      NDArray hidden = deberta.encodeValid(pass, inputs.get(0), valid, null).last();
      return head.forward(pass, new NDList(hidden));
    }
  }

  /**
   * A pair of models.
   *
   * @param vocabulary the number of tokens
   * @param config the discriminator's sizes and switches; the generator has half its layers, at
   *     least 2
   * @param enhanced whether the generator has the enhanced mask decoder
   * @param sharing how the discriminator's tables stand to the generator's
   * @param mask the token that the generator fills
   * @param weight what the discriminator's loss is multiplied by
   */
  public DebertaReplacedTokenDetection(
      int vocabulary,
      DebertaConfig config,
      boolean enhanced,
      DebertaEmbeddings.Sharing sharing,
      int mask,
      double weight) {
    DebertaConfig half = config.withLayers(Math.max(2, config.layers() / 2));
    generator = child("generator", new DebertaMaskedLanguageModel(vocabulary, half, enhanced));
    DebertaEmbeddings embeddings =
        new DebertaEmbeddings(vocabulary, config, false, sharing, generator.deberta().embeddings());
    discriminator = child("discriminator", new Discriminator(config, embeddings));
    this.mask = mask;
    this.weight = weight;
  }

  /**
   * Fills and tells.
   *
   * @param pass what the pass carries; given the original tokens, it is given the auxiliary loss
   *     {@code rtd}
   * @param inputs tokens with masks (B, L) int64, optionally the original tokens (B, L) int64, and
   *     optionally (B, L) boolean, false where padded
   * @return the generator's logits (B, L, vocabulary), and the discriminator's (B, L): of tokens
   *     with masks filled by sampling if the originals are given, of the tokens themselves if not
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    NDArray ids = inputs.get(0);
    NDArray originals = null;
    NDArray valid = null;
    for (NDArray input : inputs.subList(1, inputs.size())) {
      if (input.getDataType() == DataType.BOOLEAN) {
        valid = input;
      } else {
        originals = input;
      }
    }
    NDArray logits = generator.forward(pass, given(ids, valid)).head();
    if (originals == null) {
      NDArray told = discriminator.forward(pass, given(ids, valid)).head();
      hear(pass, told, told.zerosLike(), valid);
      return new NDList(logits, told);
    }
    NDArray filled = fill(ids, logits);
    NDArray told = discriminator.forward(pass, given(filled, valid)).head();
    NDArray replaced = filled.neq(originals).toType(told.getDataType(), false);
    hear(pass, told, replaced, valid);
    pass.addAuxiliaryLoss("rtd", Arithmetic.times(loss(told, replaced, valid), weight));
    return new NDList(logits, told);
  }

  /** {@inheritDoc} */
  @Override
  public Set<String> tapPoints() {
    return Set.of(DETECTION);
  }

  /**
   * {@inheritDoc} Here {@code detection_accuracy}, the share of tokens told right, {@code
   * detection_majority}, what telling the more frequent answer for all of them would reach, and
   * {@code replaced_found} and {@code kept_found}, the shares told right of either sort.
   */
  @Override
  public List<Measurement> measurements() {
    return List.of(new Measurement(DETECTION, shares -> shares.duplicate(), this::report));
  }

  private Map<String, Double> report(double[] shares) {
    Map<String, Double> figures = new LinkedHashMap<>();
    figures.put("detection_accuracy", shares[0] + shares[2]);
    figures.put("detection_majority", Math.max(shares[1], shares[3]));
    if (shares[1] > 0) {
      figures.put("replaced_found", shares[0] / shares[1]);
    }
    if (shares[3] > 0) {
      figures.put("kept_found", shares[2] / shares[3]);
    }
    return figures;
  }

  private void hear(Pass pass, NDArray told, NDArray replaced, NDArray valid) {
    if (pass.listens(this, DETECTION)) {
      pass.tap(this, DETECTION, detection(told.stopGradient(), replaced, valid));
    }
  }

  private static NDArray detection(NDArray told, NDArray replaced, NDArray valid) {
    DataType type = told.getDataType();
    NDArray live = valid == null ? told.onesLike() : valid.toType(type, false);
    NDArray count = Arithmetic.atLeast(live.sum(), 1);
    NDArray found = told.gt(0).toType(type, false);
    NDArray kept = Tensors.oneMinus(replaced);
    NDList shares = new NDList();
    for (NDArray set :
        List.of(found.mul(replaced), replaced, Tensors.oneMinus(found).mul(kept), kept)) {
      shares.add(set.mul(live).sum().div(count));
    }
    return NDArrays.stack(shares);
  }

  private static NDList given(NDArray ids, NDArray valid) {
    return valid == null ? new NDList(ids) : new NDList(ids, valid);
  }

  /** Samples a token for each mask: the largest logit after adding Gumbel noise. */
  private NDArray fill(NDArray ids, NDArray logits) {
    NDArray uniform =
        ids.getManager().randomUniform(1e-9f, 1f, logits.getShape(), DataType.FLOAT32);
    NDArray exponential = Arithmetic.atLeast(uniform.log().neg(), 1e-9);
    NDArray sampled = logits.stopGradient().sub(exponential.log()).argMax(-1);
    NDArray hidden = ids.eq(mask).toType(DataType.INT64, false);
    NDArray shown = hidden.neg().add(1);
    return sampled.toType(DataType.INT64, false).mul(hidden).add(ids.mul(shown));
  }

  /** Binary cross-entropy, the mean over valid tokens. */
  static NDArray loss(NDArray logits, NDArray labels, NDArray valid) {
    NDArray log = logits.abs().neg().exp().add(1).log();
    NDArray each = Activation.relu(logits).sub(logits.mul(labels)).add(log);
    if (valid == null) {
      return each.mean();
    }
    NDArray live = valid.toType(each.getDataType(), false);
    return each.mul(live).sum().div(Arithmetic.atLeast(live.sum(), 1));
  }
}
