package org.attentionzoo.training;

import java.util.Map;
import org.attentionzoo.datasets.BatchSource;
import org.attentionzoo.models.ModelKind;

/**
 * What a model is trained and evaluated on: data, batches, objective and metrics.
 *
 * @param name for example {@code text}
 * @param kind the kind of model that it trains
 * @param source its batches
 * @param objective its loss and metrics
 * @param modelSettings what the data decides about a model's config, for example {@code vocabulary}
 * @param itemsPerBatch how many tokens or examples a training batch has, for throughput
 * @param item what an item is called, for example {@code tokens}
 * @param description provenance: what the data is, its size and hash
 */
public record Task(
    String name,
    ModelKind kind,
    BatchSource source,
    Objective objective,
    Map<String, Object> modelSettings,
    long itemsPerBatch,
    String item,
    Map<String, Object> description) {}
