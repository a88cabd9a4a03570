/** Generating with language models. */
package org.attentionzoo.eval.generate;
