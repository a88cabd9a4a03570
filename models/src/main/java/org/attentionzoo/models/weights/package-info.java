/** Weight files: safetensors read and written, state dicts loaded into block trees and saved. */
package org.attentionzoo.models.weights;
