/** Shows runs: TensorBoard events, HTML, plots. */
package org.attentionzoo.eval.report;
