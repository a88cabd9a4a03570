/** Labelled images in their published formats. */
package org.attentionzoo.datasets.images;
