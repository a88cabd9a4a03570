package org.attentionzoo.models.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.util.List;
import java.util.Set;
import org.attentionzoo.blocks.Pass;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;

/**
 * An ONNX graph in the place of a model, for evaluation: the same batches go in and the same
 * objectives read what comes out. It has no parameters and no gradient.
 *
 * <p>Inputs are matched by place. What batches leave out is filled in: masks say that all tokens
 * are there, token types are 0. Candidates of a recommender are looked up among the scores of all
 * items if the graph does not take them.
 */
public final class OnnxModel extends ZooBlock {

  private static final Set<String> MASKS = Set.of(ModelSignatures.MASK, "mask", "input_mask");
  private static final Set<String> TYPES = Set.of("token_type_ids", "segment_ids");

  private final OnnxSession session;

  /**
   * A graph.
   *
   * @param session the graph; closed by the caller
   */
  public OnnxModel(OnnxSession session) {
    this.session = session;
  }

  /**
   * Runs the graph.
   *
   * @param pass what the pass carries; may not train
   * @param inputs a batch's inputs
   * @return the graph's outputs, the one called {@code logits} or {@code scores} first
   * @throws UserException if the graph does not take such inputs
   */
  @Override
  public NDList forward(Pass pass, NDList inputs) {
    if (pass.isTraining()) {
      throw new UserException("an ONNX graph cannot be trained here");
    }
    NDManager manager = inputs.head().getManager();
    List<OnnxSession.Port> ports = session.inputs();
    NDArray candidates = null;
    NDList given = new NDList(inputs);
    boolean scores = session.outputs().stream().anyMatch(o -> o.name().equals("scores"));
    if (given.size() == 2 && ports.size() == 1 && scores) {
      candidates = given.get(1);
      given = new NDList(given.get(0));
    }
    if (given.size() > ports.size()) {
      throw new UserException(
          "the task gives "
              + given.size()
              + " inputs, the ONNX graph takes "
              + ports.stream().map(OnnxSession.Port::name).toList()
              + (given.size() == 2 ? "; was it exported with --no-mask?" : ""));
    }
    for (int i = given.size(); i < ports.size(); i++) {
      String name = ports.get(i).name();
      if (MASKS.contains(name)) {
        given.add(given.get(0).onesLike());
      } else if (TYPES.contains(name)) {
        given.add(given.get(0).zerosLike());
      } else {
        throw new UserException(
            "the ONNX graph takes an input '" + name + "', which the task does not give");
      }
    }
    NDList outputs = session.run(manager, given);
    for (int i = 1; i < outputs.size(); i++) {
      if (session.outputs().get(i).name().matches("logits|scores")) {
        outputs.add(0, outputs.remove(i));
      }
    }
    if (candidates == null) {
      return outputs;
    }
    if (candidates.getShape().dimension() != 2) {
      throw new UserException(
          "the ONNX graph scores items after the last slot only, the task asks after each slot;"
              + " give data that ask for the last item of a history, --data interactions:<file>, or"
              + " evaluate the run itself");
    }
    return new NDList(outputs.head().gather(candidates, 1));
  }
}
