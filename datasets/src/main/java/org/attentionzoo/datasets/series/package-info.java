/** Series of measurements over time, to be forecast. */
package org.attentionzoo.datasets.series;
