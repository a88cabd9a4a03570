/** The zoo as DJL programs expect one: found by {@code Criteria}, listed by {@code ModelZoo}. */
package org.attentionzoo.models.djl;
