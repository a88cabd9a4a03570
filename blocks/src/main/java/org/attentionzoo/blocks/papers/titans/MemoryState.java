package org.attentionzoo.blocks.papers.titans;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;

/**
 * Where a memory stands in its sequences.
 *
 * @param memory M, a (B, H, in, out) array for each layer
 * @param momentum S, the same shapes
 * @param anchor the memory at which gradients are taken: as it stood at the chunk's first token
 * @param pasts the last inputs of the convolutions on queries, keys and values; empty without
 * @param seen how many tokens have passed, if that is the same for all rows
 * @param counts (B) int64, how many valid tokens have passed in each row; null if that is {@code
 *     seen} for all
 */
record MemoryState(
    NDList memory, NDList momentum, NDList anchor, NDList pasts, long seen, NDArray counts) {}
