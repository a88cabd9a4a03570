/** One answer of a model at a time: the next token, a masked token, a class, an item. */
package org.attentionzoo.eval.predict;
