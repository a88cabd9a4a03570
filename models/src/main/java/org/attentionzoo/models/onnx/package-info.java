/**
 * Models as ONNX graphs: recorded on the plain path at several sizes, made into one graph whose
 * sizes are free, checked in ONNX Runtime at others.
 */
package org.attentionzoo.models.onnx;
