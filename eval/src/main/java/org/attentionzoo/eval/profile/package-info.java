/** What libtorch's profiler tells of a run. */
package org.attentionzoo.eval.profile;
