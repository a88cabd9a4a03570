package org.attentionzoo.models.djl;

import ai.djl.repository.zoo.ModelZoo;
import ai.djl.repository.zoo.ZooProvider;
import com.google.auto.service.AutoService;

/** Brings {@link AttentionZoo} into DJL's list of zoos. */
@AutoService(ZooProvider.class)
public final class AttentionZooProvider implements ZooProvider {

  /** {@inheritDoc} */
  @Override
  public ModelZoo getModelZoo() {
    return new AttentionZoo();
  }
}
