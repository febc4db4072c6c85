"""The six languages of Polyglot: how tests are run, what is theirs, and what agents are told.

Commands are those the exercises come with, run by `bash` in the exercise's folder. A file is the
tests' own (`tests`), or decides how they run (`guarded`): neither is taken from a patch. `noise` is
what building leaves behind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from dgm.benchmarks.polyglot import reports
from dgm.benchmarks.polyglot.reports import Counts
from dgm.errors import BenchmarkError
from dgm.records import Environment

_PROCESSES, _OPEN_FILES = 256, 1024


@dataclass(frozen=True, slots=True)
class Language:
    """One language. Patterns are those of `fnmatch`, for paths below the exercise's folder.

    `unlaid` are hidden files that a run of the tests does without. `memory_mb` and `tmp_mb` are
    what building and testing need at least.
    """

    name: str
    command: str
    count: Callable[[str], Counts | None]
    hint: str
    tests: tuple[str, ...]
    guarded: tuple[str, ...] = ()
    noise: tuple[str, ...] = ()
    unlaid: tuple[str, ...] = ()
    memory_mb: int = 0
    tmp_mb: int = 0

    def needs(self, environment: Environment) -> Environment:
        """Return an environment with what agents and graders need in it at least."""
        return replace(
            environment,
            memory_mb=self.memory_mb,
            tmp_mb=self.tmp_mb,
            processes=_PROCESSES,
            open_files=_OPEN_FILES,
            noise=self.noise,
        )


_CPP = Language(
    name="cpp",
    command=(
        "cmake -DEXERCISM_RUN_ALL_TESTS=1 -DEXERCISM_TEST_SUITE=1 -G 'Unix Makefiles' "
        "-S . -B /tmp/build >/dev/null && make -C /tmp/build 2>&1"
    ),
    count=reports.catch,
    hint=(
        "C++17 with g++, cmake and Boost's date_time; warnings are errors. The hidden tests use "
        "Catch2 2.13 (`#include <catch2/catch.hpp>`). With tests of your own in `{tests}`, this "
        "builds and runs them: `cmake -DEXERCISM_RUN_ALL_TESTS=1 -DEXERCISM_TEST_SUITE=1 -S . "
        "-B /tmp/build && make -C /tmp/build`."
    ),
    tests=("*_test.cpp", "test/*"),
    guarded=(
        *("CMakeLists.txt", "*.cmake", "CMakePresets.json", "CMakeUserPresets.json"),
        *("catch.hpp", "catch2/*"),
    ),
    noise=("build/*",),
    unlaid=("test/*",),
    memory_mb=2048,
    tmp_mb=256,
)
_GO = Language(
    name="go",
    command="go test -v ./... 2>&1",
    count=reports.go,
    hint=(
        "Go with its standard library alone, without cgo. The hidden tests run by `go test ./...`; "
        "`go build` and `go vet` work too."
    ),
    tests=("*_test.go",),
    guarded=("go.mod", "go.sum", "go.work", "go.work.sum", "vendor/*"),
    memory_mb=2048,
    tmp_mb=512,
)
_JAVA = Language(
    name="java",
    command="polyglot-java-test 2>&1",
    count=reports.junit,
    hint=(
        "Java 21. There is no gradle here: `polyglot-java-test` compiles `src/main/java` and "
        "`src/test/java` and runs the JUnit 5 tests, with AssertJ and org.json. Files of your own "
        "below `src/main/java` count."
    ),
    tests=("src/test/*",),
    guarded=(
        *("*.gradle", "*.gradle.kts", "gradle.properties", "gradlew", "gradlew.bat", "gradle/*"),
        *("junit-platform.properties", "META-INF/*", "module-info.java"),
    ),
    noise=("build/*", "bin/*", ".gradle/*", "*.class"),
    unlaid=(),
    memory_mb=2048,
    tmp_mb=256,
)
_JAVASCRIPT = Language(
    name="javascript",
    command="jest --testTimeout=60000 ./ 2>&1",
    count=reports.jest,
    hint=(
        "Node 20 with Jest 29 and Babel. The hidden tests run by `jest ./`; ES modules are "
        "translated as `babel.config.js` says."
    ),
    tests=("*.spec.*", "*.test.*", "__tests__/*", "__mocks__/*"),
    guarded=(
        *("package.json", "jest.config.*", "jest.setup.*", "babel.config.*", ".babelrc*"),
        *(".npmrc", ".browserslistrc", ".watchmanconfig"),
    ),
    noise=("node_modules/*", "package-lock.json", "coverage/*"),
    memory_mb=2048,
    tmp_mb=256,
)
_PYTHON = Language(
    name="python",
    command="python3 -P -m pytest -q -p no:cacheprovider 2>&1",
    count=reports.pytest,
    hint=(
        "Python 3.11 or later with its standard library alone. The hidden tests are those of "
        "`unittest`, and run by pytest; `python3 -m unittest` runs tests of your own."
    ),
    tests=("*_test.py", "test_*.py"),
    guarded=("setup.cfg", "tox.ini", "pyproject.toml"),
    noise=(".pytest_cache/*",),
)
_RUST = Language(
    name="rust",
    command="cargo test --offline -- --include-ignored 2>&1",
    count=reports.cargo,
    hint=(
        "Rust 1.85, offline: `cargo test --offline`. Of crates there are {crates}, in these "
        "versions alone; name those you use in `[dependencies]` of `Cargo.toml`, of which nothing "
        "else counts."
    ),
    tests=("tests/*", "benches/*"),
    guarded=(
        *("build.rs", ".cargo/*", "rust-toolchain", "rust-toolchain.toml", "clippy.toml"),
        "examples/*",
    ),
    noise=("target/*", "Cargo.lock"),
    unlaid=("benches/*",),
    memory_mb=2048,
    tmp_mb=1024,
)
LANGUAGES: Mapping[str, Language] = {
    language.name: language for language in (_CPP, _GO, _JAVA, _JAVASCRIPT, _PYTHON, _RUST)
}


def find_language(name: str) -> Language:
    """Return a language by name. Raises: BenchmarkError."""
    try:
        return LANGUAGES[name]
    except KeyError:
        raise BenchmarkError(
            f"polyglot has no language {name!r}; choose of {', '.join(LANGUAGES)}"
        ) from None
