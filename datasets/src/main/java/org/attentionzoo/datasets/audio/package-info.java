/** Spoken words as waves and as images of their frequencies. */
package org.attentionzoo.datasets.audio;
