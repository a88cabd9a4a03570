package org.attentionzoo.cli;

import ai.djl.ndarray.NDManager;
import java.nio.file.Path;
import org.attentionzoo.eval.bench.Peer;
import org.attentionzoo.eval.bench.Workload;
import picocli.CommandLine.Option;

/** What the ones take that run a model on examples of one length, beside another if asked to. */
final class BenchPeer {
  @Option(
      names = "--length",
      paramLabel = "N",
      defaultValue = "128",
      description = "Tokens in an example. Default: ${DEFAULT-VALUE}.")
  int length;

  @Option(
      names = "--peer",
      paramLabel = "FILE",
      description = "A TorchScript module (.pt) that takes the same inputs, run in turns.")
  Path peer;

  void check() {
    BenchOptions.requireAtLeast(1, "--length", length);
  }

  /** The other module; null if none is asked for. */
  Peer load(NDManager manager, Workload workload) {
    return peer == null ? null : Peer.load(peer, manager, workload.inputs());
  }
}
