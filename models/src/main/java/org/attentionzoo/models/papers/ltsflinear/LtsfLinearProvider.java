package org.attentionzoo.models.papers.ltsflinear;

import com.google.auto.service.AutoService;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.attentionzoo.blocks.papers.ltsflinear.LinearForecaster;
import org.attentionzoo.models.ModelEntry;
import org.attentionzoo.models.ModelKind;
import org.attentionzoo.models.PaperProvider;

/** Are Transformers Effective for Time Series Forecasting? (Zeng et al. 2022): a baseline. */
@AutoService(PaperProvider.class)
public final class LtsfLinearProvider implements PaperProvider {

  private static final String ID = "ltsf-linear";

  @Override
  public String id() {
    return ID;
  }

  @Override
  public List<ModelEntry<?>> models() {
    List<ModelEntry<?>> models = new ArrayList<>();
    for (LinearForecaster.Form form : LinearForecaster.Form.values()) {
      models.add(
          new ModelEntry<>(
              form.name().toLowerCase(Locale.ROOT),
              ID,
              ModelKind.FORECASTER,
              "One linear map from the last values to the coming ones",
              LinearForecasterConfig.class,
              Map.of("tiny", new LinearForecasterConfig(336, 96, 7)),
              c -> new LinearForecaster(form, c.window(), c.horizon())));
    }
    return models;
  }
}
