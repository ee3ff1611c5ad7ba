package io.fairlead.proxy.internal;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import org.junit.jupiter.api.Test;

/** Holds the rooms: who may see whom. Each rule also holds while a room is still empty. */
class ArchitectureTest {
    private static final String INTERNAL = "io.fairlead.proxy.internal";
    /** The public door for programs that run Undertow themselves. */
    private static final String MOUNT = "io.fairlead.proxy.undertow";

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.fairlead.proxy");

    @Test
    void roomOutsideTheEngine_doesNotSeeUndertow() {
        noClasses()
                .that()
                .resideOutsideOfPackages(INTERNAL + ".engine..", MOUNT)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.undertow..", "org.xnio..")
                .because(
                        "only engine.* and the handler for other servers see Undertow; all other rooms can be tested without it")
                .allowEmptyShould(true)
                .check(CLASSES);
    }

    @Test
    void api_seesNeitherEngineNorJackson() {
        noClasses()
                .that()
                .resideOutsideOfPackages(INTERNAL + "..", MOUNT)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        INTERNAL + "..", "io.undertow..", "org.xnio..", "tools.jackson..", "com.fasterxml..")
                .because("the API carries no engine type, and its JSON form lives in the engine's mix-ins")
                .allowEmptyShould(true)
                .check(CLASSES);
    }

    @Test
    void rooms_haveNoCycles() {
        slices().assignedFrom(new Rooms())
                .should()
                .beFreeOfCycles()
                .because("a room calls the next, never the one before")
                .allowEmptyShould(true)
                .check(CLASSES);
    }

    @Test
    void library_leavesTheStandardStreamsAlone() {
        NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS.allowEmptyShould(true).check(CLASSES);
    }

    /** A room is the first package below internal with all that is under it; below engine it is the second. */
    private static final class Rooms implements SliceAssignment {
        @Override
        public SliceIdentifier getIdentifierOf(JavaClass javaClass) {
            String name = javaClass.getPackageName();
            if (!name.startsWith(INTERNAL + ".")) {
                return SliceIdentifier.ignore();
            }
            String[] path = name.substring(INTERNAL.length() + 1).split("\\.");
            return path[0].equals("engine") && path.length > 1
                    ? SliceIdentifier.of("engine." + path[1])
                    : SliceIdentifier.of(path[0]);
        }

        @Override
        public String getDescription() {
            return "rooms of " + INTERNAL;
        }
    }
}
