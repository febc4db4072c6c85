"""Make the tasks of Polyglot: exercises, workspaces, images, and pytest where there is no image.

Every step leaves what it made, so a prepare that was stopped goes on where it was. What the tests
come to is measured where they are graded (`knowledge`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from dgm.benchmarks.polyglot import layout, source
from dgm.benchmarks.polyglot.benchmark import workspace_of
from dgm.benchmarks.polyglot.exercises import Exercise, folders, read_exercise
from dgm.benchmarks.polyglot.images import Builder
from dgm.benchmarks.polyglot.languages import LANGUAGES, Language, find_language
from dgm.benchmarks.polyglot.prepared import Prepared, load, save
from dgm.benchmarks.preparing import Means, Wishes
from dgm.errors import BenchmarkError
from dgm.records import Environment

PYTEST = ("pytest==8.3.5",)


def prepare(wishes: Wishes, means: Means) -> None:
    """Prepare what is missing. Raises: BenchmarkError, MachineError, ConfigError."""
    languages = _languages(wishes, means)
    place = source.ensure(means.cache, wishes.source, means.proxies, means.say)
    _lay_out_workspaces(place, means.cache)
    state = load(means.cache)
    for language in languages:
        state = _with_environment(state, language, wishes, means)
        save(means.cache, state)
    means.say(f"polyglot: {', '.join(language.name for language in languages)} prepared")


def _languages(wishes: Wishes, means: Means) -> Sequence[Language]:
    """Return what was asked for, or, if nothing was, all that can be had here."""
    asked = [find_language(name) for name in wishes.languages]
    if asked or means.engine is not None:
        return asked or list(LANGUAGES.values())
    means.say(f"polyglot: Python alone, since other languages need images ({means.trouble})")
    return [LANGUAGES["python"]]


def _with_environment(
    state: Prepared, language: Language, wishes: Wishes, means: Means
) -> Prepared:
    """Add a language. Python needs no image: its tests run wherever sandboxes do."""
    environments: Mapping[str, Environment] = state.environments
    if language.name == "python" and not wishes.images:
        packages = means.fetch(PYTEST).folder
        return Prepared(
            {**environments, language.name: Environment(noise=language.noise)}, packages
        )
    builder = Builder(
        means.needed_engine(), means.base, means.cache.parents[1], means.proxies, means.say
    )
    return Prepared({**environments, language.name: builder.build(language)}, state.packages)


def _lay_out_workspaces(place: Path, home: Path) -> None:
    """Lay out what agents get of each exercise, where that is not there, or another."""
    for language, folder in folders(place):
        try:
            exercise = read_exercise(language, folder)
        except BenchmarkError:
            continue  # left out, with the reason
        if _differs(exercise, workspace_of(home, exercise)):
            layout.replace_folder(layout.shown_files(exercise), workspace_of(home, exercise))


def _differs(exercise: Exercise, workspace: Path) -> bool:
    files = layout.shown_files(exercise)
    there = {p.relative_to(workspace).as_posix(): p for p in workspace.rglob("*") if p.is_file()}
    return files.keys() != there.keys() or any(
        there[path].read_bytes() != content for path, content in files.items()
    )
