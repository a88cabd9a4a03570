package org.attentionzoo.training;

import java.util.Map;

/**
 * The seam of surgery: the weights of a trained model as the start of another architecture. Found
 * by {@link java.util.ServiceLoader}; a run asks for it by {@code initialFrom}. All weights of the
 * source keep their names and values; the target may have parameters beside them, which start as
 * they do in a new model.
 */
public interface Surgery {

  /**
   * What is converted.
   *
   * @return the name of a model, for example {@code decoder}
   */
  String source();

  /**
   * What it becomes.
   *
   * @return the name of a model, for example {@code moh-lm}
   */
  String target();

  /**
   * What is done.
   *
   * @return one line
   */
  String summary();

  /**
   * What the source decides about the target's config. What a recipe or user sets goes before it.
   *
   * @param source the source's config, by key
   * @return the target's settings, by key
   * @throws org.attentionzoo.blocks.UserException if a source of this config cannot be converted
   */
  Map<String, Object> settings(Map<String, Object> source);

  /**
   * Whether the source lacks a parameter.
   *
   * @param parameter its name in the target's state dict
   * @return true if it is new
   */
  boolean isNew(String parameter);
}
