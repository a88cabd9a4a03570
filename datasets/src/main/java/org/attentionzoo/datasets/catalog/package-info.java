/** Published data sets by name: what they are, where they come from, where they are found. */
package org.attentionzoo.datasets.catalog;
