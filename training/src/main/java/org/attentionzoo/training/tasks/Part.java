package org.attentionzoo.training.tasks;

/** What a model is evaluated on. */
public enum Part {
  /** What is kept from training to make choices by. */
  VALIDATION,
  /** What is kept from all choices. */
  TEST
}
