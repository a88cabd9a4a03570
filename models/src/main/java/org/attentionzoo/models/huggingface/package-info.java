/** Folders as Hugging Face's libraries save them: a config, weights, and a tokenizer's files. */
package org.attentionzoo.models.huggingface;
