/** The Comprehensive Attention Benchmark (Zhang et al. 2022): patterns, costs and scores. */
package org.attentionzoo.eval.cab;
