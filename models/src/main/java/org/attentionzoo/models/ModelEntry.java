package org.attentionzoo.models;

import java.util.Map;
import java.util.function.Function;
import org.attentionzoo.blocks.ZooBlock;

/**
 * A model of the zoo: an architecture, its config record and its named presets. A preset is called
 * {@code <name>-<preset>}, for example {@code titans-mac-tiny}.
 *
 * @param name the architecture's name, for example {@code titans-mac}
 * @param paper the id of the paper it belongs to
 * @param kind what it computes
 * @param summary one line for {@code zoo list}
 * @param configType the config record
 * @param presets configs by preset name, the first being the smallest, {@code tiny}
 * @param factory builds the uninitialised model from a config
 * @param <C> the config record's type
 */
public record ModelEntry<C extends Record>(
    String name,
    String paper,
    ModelKind kind,
    String summary,
    Class<C> configType,
    Map<String, C> presets,
    Function<C, ? extends ZooBlock> factory) {}
