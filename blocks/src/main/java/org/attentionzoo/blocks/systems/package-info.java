/** The common form of attention, state-space models and recurrent networks (Sieber et al. 2024). */
package org.attentionzoo.blocks.systems;
