/** Measures how fast models and kernels are, as ratios and shares within one run. */
package org.attentionzoo.eval.bench;
