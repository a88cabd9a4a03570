/** Sequences of items that users took, and questions about what comes next. */
package org.attentionzoo.datasets.recommendation;
