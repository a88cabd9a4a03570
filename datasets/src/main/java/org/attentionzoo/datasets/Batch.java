package org.attentionzoo.datasets;

import ai.djl.ndarray.NDList;

/**
 * What one training or evaluation step sees.
 *
 * @param inputs what the model is given
 * @param labels what the objective compares its outputs with
 * @param ids which examples these are: enough to find them again in the data
 */
public record Batch(NDList inputs, NDList labels, long[] ids) {}
