/** Mixers as linear time-varying systems (Sieber et al. 2024): do the forms agree, what decays. */
package org.attentionzoo.eval.systems;
