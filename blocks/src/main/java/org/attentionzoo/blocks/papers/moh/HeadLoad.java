package org.attentionzoo.blocks.papers.moh;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import java.util.LinkedHashMap;
import java.util.Map;
import org.attentionzoo.blocks.Measured.Measurement;

/** How often the heads of a mixture of heads act. */
public final class HeadLoad {

  private HeadLoad() {}

  /**
   * The measurement of gates: {@code active_heads}, the share of heads that act for a token; {@code
   * head_load.i}, the share of tokens for which head i acts; {@code routed_entropy}, the entropy of
   * the routed heads' shares divided by that of equal shares, ln(candidates), so that 1 is balanced
   * and 0 a single head (absent with one candidate).
   *
   * @param point the tap of the gates (B, L, heads), which are 0 where a head is switched off
   * @param sharedHeads how many heads, the first ones, always act
   * @return the measurement
   */
  public static Measurement at(String point, int sharedHeads) {
    return new Measurement(
        point, HeadLoad::shares, shares -> report(shares, Math.min(sharedHeads, shares.length)));
  }

  private static NDArray shares(NDArray gates) {
    long heads = gates.getShape().get(2);
    return gates.neq(0).toType(DataType.FLOAT32, false).reshape(-1, heads).mean(new int[] {0});
  }

  private static Map<String, Double> report(double[] shares, int shared) {
    Map<String, Double> figures = new LinkedHashMap<>();
    double active = 0;
    double routed = 0;
    for (int i = 0; i < shares.length; i++) {
      active += shares[i];
      routed += i < shared ? 0 : shares[i];
    }
    figures.put("active_heads", active / shares.length);
    int candidates = shares.length - shared;
    if (candidates > 1 && routed > 0) {
      double entropy = 0;
      for (int i = shared; i < shares.length; i++) {
        double p = shares[i] / routed;
        entropy -= p == 0 ? 0 : p * Math.log(p);
      }
      figures.put("routed_entropy", entropy / Math.log(candidates));
    }
    for (int i = 0; i < shares.length; i++) {
      figures.put("head_load." + i, shares[i]);
    }
    return figures;
  }
}
