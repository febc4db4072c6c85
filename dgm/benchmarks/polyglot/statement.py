"""What an agent is told of an exercise."""

from __future__ import annotations

from dgm.benchmarks.polyglot.exercises import Exercise

CRATES = (
    "anyhow 1, counter 0.6, itertools 0.13, num-bigint 0.4, num-traits 0.2, permutohedron 0.2, "
    "rand 0.8, regex 1, thiserror 1 and 2, and time 0.3"
)


def statement_of(exercise: Exercise) -> str:
    """Write the problem: the exercise's own words, then what to do and with what."""
    language = exercise.language
    files = ", ".join(f"`{path}`" for path in exercise.solution)
    own_tests = exercise.name.replace("-", "_") + "_test.cpp"
    hint = language.hint.format(crates=CRATES, tests=own_tests)
    return (
        f"{exercise.statement}\n\n"
        "# What to do\n\n"
        f"Solve this exercise, `{exercise.name}`, by completing {files}. Keep the names and "
        "signatures of the stub: hidden tests call them. The tests themselves, and files that "
        "decide how they run, are restored before your work is judged, so changes to them do not "
        "count. There is no network.\n\n"
        f"{hint}\n"
    )
