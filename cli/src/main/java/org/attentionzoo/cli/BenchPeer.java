package org.attentionzoo.cli;

import ai.djl.ndarray.NDManager;
import java.nio.file.Path;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.eval.bench.Peer;
import org.attentionzoo.eval.bench.Workload;
import org.attentionzoo.models.Papers;
import picocli.CommandLine.Option;

/** What the ones take that run a model on examples of one length, beside another if asked to. */
final class BenchPeer {

  private static final int DEFAULT_LENGTH = 128;

  @Option(
      names = "--length",
      paramLabel = "N",
      description = "Tokens in an example, where the model takes any number. Default: 128.")
  private Integer length;

  @Option(
      names = "--peer",
      paramLabel = "FILE",
      description = "A TorchScript module (.pt) that takes the same inputs, run in turns.")
  Path peer;

  void check() {
    if (length != null) {
      BenchOptions.requireAtLeast(1, "--length", length);
    }
  }

  /** How many tokens an example has; of no effect on a model whose inputs have one size. */
  int length(Papers.Preset<?> preset) {
    if (length == null) {
      return DEFAULT_LENGTH;
    }
    if (preset.model().kind().lengths().isEmpty()) {
      throw new UserException(
          "--length "
              + length
              + " was given, but the size of "
              + preset.name()
              + "'s inputs is of its config (zoo show "
              + preset.name()
              + "); leave it out, or set a model.<key>");
    }
    return length;
  }

  /** The other module; null if none is asked for. */
  Peer load(NDManager manager, Workload workload) {
    return peer == null ? null : Peer.load(peer, manager, workload.inputs());
  }
}
