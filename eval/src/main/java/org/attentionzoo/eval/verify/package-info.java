/** Comparison of components with what the official code computed. */
package org.attentionzoo.eval.verify;
