/** Metrics with the definitions of their fields, added up example by example. */
package org.attentionzoo.training.metrics;
