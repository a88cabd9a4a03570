/** Learning rates as functions of the step. */
package org.attentionzoo.training.schedule;
