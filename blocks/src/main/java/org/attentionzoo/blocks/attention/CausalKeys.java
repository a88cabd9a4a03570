package org.attentionzoo.blocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.DecodeState;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.Sequences;

/**
 * What the queries of a piece of sequences may see in causal attention: the keys and values of the
 * piece behind those that the decode cache holds, without padding.
 *
 * @param keys (B, H, Lk, d)
 * @param values (B, H, Lk, e)
 * @param mask boolean, broadcastable to (B, H, Lq, Lk), true where a key may be seen; null if
 *     {@code causal} says it all or a lone query sees all
 * @param causal whether query i sees the keys up to i
 */
public record CausalKeys(NDArray keys, NDArray values, NDArray mask, boolean causal) {

  /**
   * Remembers the keys of a piece and says what its queries see.
   *
   * @param pass what the pass carries
   * @param owner whose state of the decode cache this is; its names {@code keys}, {@code values}
   *     and {@code valid} are used
   * @param keys (B, H, L, d) of the piece
   * @param values (B, H, L, e) of the piece
   * @param sequences padding
   * @return what the queries of the piece see
   */
  public static CausalKeys of(
      Pass pass, Block owner, NDArray keys, NDArray values, Sequences sequences) {
    SeenKeys seen = new SeenKeys(keys, values, sequences.valid(), null);
    if (pass.cache() != null) {
      DecodeState state = pass.cache().of(owner);
      seen = SeenKeys.behind(state, 2, keys, values, sequences.valid(), null);
      seen.remember(state);
    }
    NDArray allKeys = seen.keys();
    NDArray allValues = seen.values();
    NDArray valid = seen.valid();
    long queries = keys.getShape().get(2);
    long count = allKeys.getShape().get(2);
    if (valid == null && (queries == 1 || queries == count)) {
      return new CausalKeys(allKeys, allValues, null, queries > 1);
    }
    NDArray mask = Masks.both(Masks.causal(keys, queries, count), Masks.keys(valid));
    return new CausalKeys(allKeys, allValues, mask, false);
  }

  /**
   * The mask, also where {@code causal} stands for it.
   *
   * @return boolean, broadcastable to (B, H, Lq, Lk); null if all keys may be seen
   */
  public NDArray allowed() {
    long count = keys.getShape().get(2);
    return causal ? Masks.causal(keys, count, count) : mask;
  }

  /**
   * How many keys each query sees, at least 1.
   *
   * @param queries the number of queries
   * @return float32, broadcastable to (B, H, Lq, 1)
   */
  public NDArray counts(long queries) {
    NDManager manager = keys.getManager();
    int count = (int) keys.getShape().get(2);
    if (mask != null) {
      NDArray seen = mask.toType(DataType.FLOAT32, false).sum(new int[] {-1}, true);
      return Arithmetic.atLeast(seen, 1);
    }
    int first = causal ? 1 : count;
    return manager
        .arange(first, (int) (first + queries), 1, DataType.FLOAT32, keys.getDevice())
        .expandDims(1);
  }
}
