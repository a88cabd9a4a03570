package org.attentionzoo.models.djl;

import ai.djl.Application;
import ai.djl.repository.AbstractRepository;
import ai.djl.repository.Artifact;
import ai.djl.repository.MRL;
import ai.djl.repository.Metadata;
import ai.djl.util.Progress;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.Papers;

/** What there is, in the words of DJL's repositories: an artifact for each preset, and no file. */
final class PresetRepository extends AbstractRepository {

  private static final String VERSION = "0.1";

  private final Papers papers;

  PresetRepository(Papers papers) {
    super("attention-zoo", URI.create("zoo:/"));
    this.papers = papers;
  }

  MRL resource(ModelEntry<?> entry) {
    return model(application(entry.kind()), AttentionZoo.GROUP_ID, entry.name(), VERSION);
  }

  private static Application application(ModelKind kind) {
    return switch (kind) {
      case CAUSAL_LANGUAGE_MODEL -> Application.NLP.TEXT_GENERATION;
      case MASKED_LANGUAGE_MODEL -> Application.NLP.FILL_MASK;
      case SEQUENCE_CLASSIFIER -> Application.NLP.TEXT_CLASSIFICATION;
      case IMAGE_CLASSIFIER -> Application.CV.IMAGE_CLASSIFICATION;
      case DIFFUSION -> Application.CV.IMAGE_GENERATION;
      case FORECASTER -> Application.TimeSeries.FORECASTING;
      case REGRESSOR -> Application.Tabular.LINEAR_REGRESSION;
      default -> Application.UNDEFINED;
    };
  }

  /** {@inheritDoc} */
  @Override
  public boolean isRemote() {
    return false;
  }

  /** {@inheritDoc} */
  @Override
  public Metadata locate(MRL resource) {
    ModelEntry<?> entry = papers.model(resource.getArtifactId());
    Metadata metadata = new Metadata();
    metadata.setMetadataVersion("0.2");
    metadata.setResourceType("model");
    metadata.setGroupId(AttentionZoo.GROUP_ID);
    metadata.setArtifactId(entry.name());
    metadata.setName(entry.name());
    metadata.setDescription(entry.summary());
    metadata.setApplication(resource.getApplication());
    metadata.setRepositoryUri(getBaseUri());
    List<Artifact> artifacts = new ArrayList<>();
    for (String preset : entry.presets().keySet()) {
      Artifact artifact = new Artifact();
      artifact.setMetadataVersion("0.2");
      artifact.setVersion(VERSION);
      artifact.setName(entry.name() + "-" + preset);
      artifact.setProperties(
          Map.of(
              AttentionZoo.PRESET,
              preset,
              "paper",
              entry.paper(),
              "kind",
              entry.kind().label(),
              "weights",
              "random unless the option 'weights' names some; none are published"));
      artifact.setFiles(Map.of());
      artifact.setMetadata(metadata);
      artifacts.add(artifact);
    }
    metadata.setArtifacts(artifacts);
    return metadata;
  }

  /** {@inheritDoc} */
  @Override
  public Artifact resolve(MRL resource, Map<String, String> filter) {
    return locate(resource).getArtifacts().stream()
        .filter(artifact -> filter == null || artifact.hasProperties(filter))
        .findFirst()
        .orElse(null);
  }

  /** There is nothing to fetch. */
  @Override
  public void prepare(Artifact artifact, Progress progress) {
    if (progress != null) {
      progress.end();
    }
  }

  /** {@inheritDoc} */
  @Override
  public List<MRL> getResources() {
    List<MRL> resources = new ArrayList<>();
    papers.models().forEach(entry -> resources.add(resource(entry)));
    return resources;
  }
}
