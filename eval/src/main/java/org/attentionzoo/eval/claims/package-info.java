/** Claims of papers, put to the test: runs, intervals, verdicts and the table of results. */
package org.attentionzoo.eval.claims;
