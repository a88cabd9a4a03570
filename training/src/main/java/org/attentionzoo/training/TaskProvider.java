package org.attentionzoo.training;

import java.util.Map;

/**
 * Makes the tasks of one data scheme; found by {@link java.util.ServiceLoader}. {@code --data
 * text:input.txt} asks the provider of scheme {@code text} for {@code input.txt}.
 */
public interface TaskProvider {

  /**
   * The scheme before the colon.
   *
   * @return for example {@code text}
   */
  String scheme();

  /**
   * How to write it, and what it is.
   *
   * @return for example {@code text:<file or folder> bytes of UTF-8 text files}
   */
  String usage();

  /**
   * The options of the task with their defaults; keys {@code task.<option>} of a recipe or of the
   * command line set them.
   *
   * @return an instance of a record; its components are the options
   */
  Record defaults();

  /**
   * Makes the task.
   *
   * @param location what stands after the colon, possibly empty
   * @param options an instance of the class of {@link #defaults()}
   * @param modelConfig the config of the model that will be trained, by key; a task may fit itself
   *     to it
   * @return the task
   * @throws org.attentionzoo.blocks.UserException if the data is missing or unusable
   */
  Task create(String location, Record options, Map<String, Object> modelConfig);
}
