/** Optimizers as native calls over all parameters at once. */
package org.attentionzoo.training.optimize;
