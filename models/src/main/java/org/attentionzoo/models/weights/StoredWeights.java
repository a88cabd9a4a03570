package org.attentionzoo.models.weights;

import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.util.List;
import java.util.Map;

/** Weights in files that are open: their tensors can be read one at a time, or copied as bytes. */
public interface StoredWeights extends WeightSource, AutoCloseable {

  /**
   * What kind of file it is.
   *
   * @return for example {@code safetensors}
   */
  String format();

  /**
   * The file's own strings.
   *
   * @return by key; empty where the format has none
   */
  Map<String, String> metadata();

  /**
   * What a user should know beside the tensors: where they were found, what was taken off their
   * names, what else there is.
   *
   * @return sentences without a full stop
   */
  List<String> notes();

  /**
   * Copies a tensor's values bit for bit, as {@link TensorInfo#type} has them: little-endian, in
   * the order of the shape, without gaps.
   *
   * @param name its key
   * @param target receives {@link TensorInfo#bytes} bytes
   * @throws IOException if reading or writing fails
   * @throws WeightsException if there is none of that name
   */
  void copy(String name, WritableByteChannel target) throws IOException;

  /** Closes the files; what was read stays. */
  @Override
  void close();
}
