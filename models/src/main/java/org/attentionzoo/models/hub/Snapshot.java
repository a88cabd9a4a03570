package org.attentionzoo.models.hub;

import java.nio.file.Path;
import java.util.List;

/**
 * A model in the cache.
 *
 * @param folder holds the files under their own names
 * @param commit the commit that they are of
 * @param files the names of the wanted files; all are there
 * @param left the names of files of the model that were not wanted
 */
public record Snapshot(Path folder, String commit, List<String> files, List<String> left) {}
