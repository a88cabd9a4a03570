package org.attentionzoo.blocks.papers.titans;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Block;
import org.attentionzoo.blocks.Pass;

/**
 * What a memory says to sequences that begin with persistent tokens.
 *
 * @param prefix (B, count, width) what it says to the persistent tokens; null in the later pieces
 *     of sequences that are given in pieces
 * @param rest (B, L, width) what it says to the others
 */
record Prefixed(NDArray prefix, NDArray rest) {

  /** Lets the memory learn the persistent tokens first, at the start of the sequences only. */
  static Prefixed memorize(
      Pass pass,
      Block owner,
      NeuralMemory memory,
      PersistentTokens persistent,
      NDArray hidden,
      NDArray valid) {
    boolean begun = pass.cache() != null && pass.cache().of(owner).count("begun") == 1;
    if (begun || persistent.count() == 0) {
      return new Prefixed(null, memory.memorize(pass, hidden, valid).output());
    }
    if (pass.cache() != null) {
      pass.cache().of(owner).setCount("begun", 1);
    }
    NDArray all =
        memory.memorize(pass, persistent.before(pass, hidden), persistent.before(valid)).output();
    int count = persistent.count();
    return new Prefixed(all.get(":, :{}", count), all.get(":, {}:", count));
  }
}
