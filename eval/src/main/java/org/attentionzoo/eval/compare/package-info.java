/** Mixers side by side in one decoder. */
package org.attentionzoo.eval.compare;
