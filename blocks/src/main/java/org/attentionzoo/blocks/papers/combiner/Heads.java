package org.attentionzoo.blocks.papers.combiner;

import ai.djl.ndarray.NDArray;

/**
 * What a factorization attends with.
 *
 * @param q (B, H, L, d), divided by sqrt(d)
 * @param k (B, H, L, d)
 * @param v (B, H, L, d)
 * @param valid (B, L) boolean, false for padding, which is behind all tokens; null for none.
 *     Nothing needs it in causal attention
 */
record Heads(NDArray q, NDArray k, NDArray v, NDArray valid) {}
