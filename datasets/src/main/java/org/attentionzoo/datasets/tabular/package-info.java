/** Tables of a user's own: CSV and JSON lines. */
package org.attentionzoo.datasets.tabular;
