package org.attentionzoo.training.tasks;

/**
 * The options of {@code mnist:} and {@code fashion-mnist:}.
 *
 * @param batch images in a batch
 * @param heldOut how many training images, the last ones, are the validation part
 * @param part what is evaluated on
 * @param padding how far a training image may be moved at random
 * @param mirror whether training images are mirrored half the time
 * @param labelSmoothing the share of the target that is spread over all classes
 */
public record IdxOptions(
    int batch, int heldOut, Part part, int padding, boolean mirror, double labelSmoothing) {}
