package org.attentionzoo.models.weights;

import ai.djl.ndarray.types.Shape;

/**
 * A tensor of a weight file, not yet read.
 *
 * @param name its key in the state dict
 * @param type the type it is stored in
 * @param shape its shape
 * @param offset where its bytes begin, counted from the beginning of the file
 * @param bytes how many bytes it has
 */
public record TensorInfo(String name, TensorType type, Shape shape, long offset, long bytes) {}
