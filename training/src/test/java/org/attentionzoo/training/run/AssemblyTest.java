package org.attentionzoo.training.run;

import static org.assertj.core.api.Assertions.assertThatCode;

import org.attentionzoo.models.ModelKind;
import org.attentionzoo.training.tasks.Tasks;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class AssemblyTest {

  @ParameterizedTest
  @EnumSource(ModelKind.class)
  void theDataThatIsProposedForAKindHasASchemeThatExists(ModelKind kind) {
    for (String proposed : Assembly.examples(kind)) {
      assertThatCode(() -> Tasks.parse(proposed)).doesNotThrowAnyException();
    }
  }
}
