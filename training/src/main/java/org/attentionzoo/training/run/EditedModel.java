package org.attentionzoo.training.run;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.blocks.Devices;
import org.attentionzoo.blocks.GradientMode;
import org.attentionzoo.blocks.NearestName;
import org.attentionzoo.blocks.StateDict;
import org.attentionzoo.blocks.UserException;
import org.attentionzoo.blocks.ZooBlock;
import org.attentionzoo.models.Configs;
import org.attentionzoo.models.Papers;
import org.attentionzoo.models.weights.StateDictSaver;
import org.attentionzoo.training.ModelEdit;
import org.attentionzoo.training.Task;

/**
 * A trained model that was edited.
 *
 * @param model the edited model; closing it frees it
 * @param figures what the edit tells in numbers
 * @param notes what it tells in sentences
 */
public record EditedModel(TrainedModel model, Map<String, Double> figures, List<String> notes) {

  /**
   * All edits.
   *
   * @return in order of their names
   */
  public static List<ModelEdit> edits() {
    return ServiceLoader.load(ModelEdit.class).stream()
        .map(ServiceLoader.Provider::get)
        .sorted(Comparator.comparing(ModelEdit::name))
        .toList();
  }

  /**
   * Edits a model.
   *
   * @param papers the zoo
   * @param source the model, which stays as it is
   * @param name the edit's name
   * @param settings what differs from the edit's options, each {@code key=value}
   * @param task what the model is evaluated on if the edit asks for figures
   * @param batches how many validation batches that takes; 0 for all
   * @return the edited model, on the source's device
   * @throws UserException if there is no such edit of this model, or an option does not fit
   */
  public static EditedModel of(
      Papers papers,
      TrainedModel source,
      String name,
      List<String> settings,
      Task task,
      int batches) {
    ModelEdit edit = find(source.entry().name(), name);
    Record options = Configs.override(edit.defaults(), settings);
    Assembly before = Assembly.ofModel(papers, source.config()).complete();
    Map<String, Object> config = before.config().modelOverrides();
    ModelEdit.Plan plan =
        edit.plan(source.model(), config, () -> source.evaluate(task, batches).metrics(), options);
    Map<String, Object> changed = new LinkedHashMap<>(config);
    changed.putAll(plan.settings());
    Assembly after = Assembly.ofModel(papers, before.config().withModelOverrides(changed));
    NDManager manager = Devices.manager(source.manager().getDevice());
    boolean done = false;
    try {
      ZooBlock model = after.build();
      TrainingLoop.initialize(model, manager, source.config().seed());
      fill(model, source.model(), plan.rows());
      String origin = source.origin() + " after " + name;
      EditedModel edited =
          new EditedModel(
              source.replaced(after, manager, model, origin), plan.figures(), plan.notes());
      done = true;
      return edited;
    } finally {
      if (!done) {
        manager.close();
      }
    }
  }

  private static ModelEdit find(String model, String name) {
    List<ModelEdit> all = edits();
    return all.stream()
        .filter(e -> e.model().equals(model) && e.name().equals(name))
        .findAny()
        .orElseThrow(
            () -> {
              List<String> known =
                  all.stream().filter(e -> e.model().equals(model)).map(ModelEdit::name).toList();
              return new UserException(
                  known.isEmpty()
                      ? "a " + model + " cannot be edited; what can be: " + listed(all)
                      : "'"
                          + name
                          + "' is no edit of a "
                          + model
                          + NearestName.suggestion(name, known)
                          + "; there are "
                          + String.join(", ", known));
            });
  }

  private static String listed(List<ModelEdit> edits) {
    return String.join(
        ", ", edits.stream().map(e -> e.model() + " (" + e.name() + ")").distinct().toList());
  }

  private static void fill(ZooBlock target, ZooBlock source, Map<String, ModelEdit.Rows> rows) {
    Map<String, Parameter> from = StateDict.of(source);
    try (GradientMode ignored = GradientMode.off()) {
      StateDict.of(target)
          .forEach(
              (name, parameter) -> {
                NDArray array = parameter.getArray();
                try (NDManager scope = array.getManager().newSubManager()) {
                  NDArray old = from.get(name).getArray();
                  ModelEdit.Rows plan = rows.get(name);
                  NDArray value = plan == null ? old : stacked(scope, old, array, plan);
                  value.copyTo(array);
                }
              });
    }
  }

  private static NDArray stacked(NDManager scope, NDArray old, NDArray drawn, ModelEdit.Rows plan) {
    NDList parts = new NDList();
    for (int row : plan.kept()) {
      parts.add(own(scope, old.get(row)));
    }
    for (int i = 0; i < plan.added(); i++) {
      NDArray row = own(scope, drawn.get(plan.kept().size() + i));
      parts.add(Arithmetic.times(row, plan.scale()));
    }
    return NDArrays.stack(parts);
  }

  private static NDArray own(NDManager scope, NDArray row) {
    row.attach(scope);
    return row;
  }

  /**
   * Saves the edited model as a run, with which others can begin and which can be evaluated; it
   * cannot be gone on with, since the optimizer knows nothing of its weights.
   *
   * @param folder the run's folder, which holds no run yet
   * @param provenance what the caller knows of its origin, for example {@code command}
   * @throws UserException if the folder holds a run already or cannot be written
   */
  public void save(Path folder, Map<String, Object> provenance) {
    Map<String, Object> origin = new LinkedHashMap<>(provenance);
    origin.put("edited", model.origin());
    RunConfig config = model.config();
    RunFolder run = RunFolder.create(folder, config, origin);
    Map<String, Map<String, NDArray>> files = new LinkedHashMap<>();
    files.put(Checkpoints.MODEL, StateDictSaver.arrays(model.model()));
    files.put(Checkpoints.OPTIMIZER, Map.of());
    try {
      run.checkpoints()
          .save(
              new Checkpoints.State(config.steps(), config.seed(), null, false, null, null, null),
              files);
    } catch (IOException e) {
      throw new UserException("cannot write to " + folder + ": " + e, e);
    }
  }
}
