/** Training runs: their config, loop, folder, checkpoints and resumption. */
package org.attentionzoo.training.run;
