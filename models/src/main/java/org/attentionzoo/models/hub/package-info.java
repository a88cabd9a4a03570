/**
 * Models of a hub such as huggingface.co: their names, their files, and the cache that they share.
 */
package org.attentionzoo.models.hub;
