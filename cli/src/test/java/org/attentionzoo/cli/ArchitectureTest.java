package org.attentionzoo.cli;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_USE_JAVA_UTIL_LOGGING;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.nn.Activation;
import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget.MethodCallTarget;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.io.PrintWriter;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.stream.Stream;
import org.attentionzoo.blocks.Arithmetic;
import org.attentionzoo.models.PaperProvider;
import org.attentionzoo.models.huggingface.HuggingFaceProvider;
import org.attentionzoo.training.Surgery;
import org.attentionzoo.training.TaskProvider;

/** Holds the arrows between the modules; only here are all of them on the class path. */
@AnalyzeClasses(packages = "org.attentionzoo", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

  @ArchTest
  static final ArchRule arrowsPointDown =
      layeredArchitecture()
          .consideringOnlyDependenciesInAnyPackage("org.attentionzoo..")
          .withOptionalLayers(true)
          .layer("blocks")
          .definedBy("org.attentionzoo.blocks..")
          .layer("models")
          .definedBy("org.attentionzoo.models..")
          .layer("datasets")
          .definedBy("org.attentionzoo.datasets..")
          .layer("training")
          .definedBy("org.attentionzoo.training..")
          .layer("eval")
          .definedBy("org.attentionzoo.eval..")
          .layer("cli")
          .definedBy("org.attentionzoo.cli..")
          .whereLayer("blocks")
          .mayNotAccessAnyLayer()
          .whereLayer("models")
          .mayOnlyAccessLayers("blocks")
          .whereLayer("datasets")
          .mayOnlyAccessLayers("blocks")
          .whereLayer("training")
          .mayOnlyAccessLayers("blocks", "models", "datasets")
          .whereLayer("eval")
          .mayOnlyAccessLayers("blocks", "models", "datasets", "training")
          .whereLayer("cli")
          .mayOnlyAccessLayers("blocks", "models", "datasets", "training", "eval");

  @ArchTest
  static final ArchRule packagesHaveNoCircles =
      slices().matching("org.attentionzoo.(**)").should().beFreeOfCycles();

  /** Nothing that is shared knows a paper, so that to add a paper is to add files. */
  @ArchTest
  static final ArchRule sharedCodeKnowsNoPaper =
      noClasses()
          .that()
          .resideOutsideOfPackage("..papers..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("org.attentionzoo..papers..");

  @ArchTest
  static final ArchRule onlyTheCliPrints =
      noClasses().that().resideOutsideOfPackage("..cli..").should(ACCESS_STANDARD_STREAMS);

  @ArchTest static final ArchRule oneLoggingFacade = NO_CLASSES_SHOULD_USE_JAVA_UTIL_LOGGING;

  @ArchTest
  static final ArchRule onlyTheCliKnowsPicocli =
      noClasses()
          .that()
          .resideOutsideOfPackage("..cli..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("picocli..", "me.tongfei..");

  @ArchTest
  static final ArchRule onlyMainExits =
      noClasses()
          .that()
          .doNotHaveFullyQualifiedName(Zoo.class.getName())
          .should()
          .callMethod(System.class, "exit", int.class)
          .orShould()
          .callMethod(Runtime.class, "halt", int.class);

  /** Files and figures are the same everywhere: some languages have digits of their own. */
  @ArchTest
  static final ArchRule textIsWrittenTheSameInAllLanguages =
      noClasses()
          .should()
          .callMethod(String.class, "format", String.class, Object[].class)
          .orShould()
          .callMethod(String.class, "formatted", Object[].class)
          .orShould()
          .callMethod(String.class, "toLowerCase")
          .orShould()
          .callMethod(String.class, "toUpperCase")
          .orShould()
          .callMethod(PrintWriter.class, "printf", String.class, Object[].class);

  /** The state dict is the only format of weights: no class may be brought to life by a file. */
  @ArchTest
  static final ArchRule noJavaSerialisation =
      noClasses()
          .should()
          .dependOnClassesThat()
          .haveFullyQualifiedName("java.io.ObjectInputStream");

  /** DJL's versions give wrong gradients after a garbage collection; see {@link Arithmetic}. */
  @ArchTest
  static final ArchRule numbersMeetArraysInArithmeticOnly =
      noClasses()
          .that()
          .doNotHaveFullyQualifiedName(Arithmetic.class.getName())
          .should()
          .callMethodWhere(
              DescribedPredicate.describe(
                  "an array is multiplied, divided, raised or bounded by a plain number",
                  call -> isUnsafe(call.getTarget())));

  private static final Set<String> UNSAFE =
      Set.of("mul", "muli", "div", "divi", "pow", "powi", "maximum", "minimum", "clip");

  private static boolean isUnsafe(MethodCallTarget target) {
    boolean array =
        target.getOwner().isEquivalentTo(NDArray.class)
            || target.getOwner().isEquivalentTo(NDArrays.class);
    boolean number =
        target.getRawParameterTypes().stream().anyMatch(type -> type.isEquivalentTo(Number.class));
    return (array && number && UNSAFE.contains(target.getName()))
        || (target.getOwner().isEquivalentTo(Activation.class)
            && Set.of("swish", "mish").contains(target.getName()));
  }

  @ArchTest
  static void everyProviderIsRegistered(JavaClasses classes) {
    assertRegistered(classes, PaperProvider.class);
    assertRegistered(classes, TaskProvider.class);
    assertRegistered(classes, Surgery.class);
    assertRegistered(classes, HuggingFaceProvider.class);
  }

  private static void assertRegistered(JavaClasses classes, Class<?> seam) {
    Stream<String> written =
        classes.stream()
            .filter(c -> c.isAssignableTo(seam) && !c.isInterface())
            .map(c -> c.getName());
    Stream<String> found =
        ServiceLoader.load(seam).stream().map(provider -> provider.type().getName());
    assertThat(found).containsExactlyInAnyOrderElementsOf(written.toList());
  }
}
