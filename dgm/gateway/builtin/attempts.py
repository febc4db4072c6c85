"""What was tried so far, read from the conversation: texts, their test runs, the best base."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from dgm.gateway.builtin.conversation import Conversation, FileView, Step, learn, replace_passage
from dgm.gateway.builtin.verbs import Locate, Overwrite, Replace, Run, Try, View
from dgm.gateway.builtin.verdicts import Verdict, read_scores, read_tries

Files = dict[str, FileView]


@dataclass(slots=True)
class Attempts:
    """The search so far.

    `base`: the files candidates are made from; `original`: as they were first seen; `now`: as
    they are on disk; `tried`: all texts ever written, by path; `winner`: files with which the
    tests passed. `failures` and `output` are those of the base, as far as it was tested.
    """

    original: Files = field(default_factory=dict)
    base: Files = field(default_factory=dict)
    now: Files = field(default_factory=dict)
    tried: set[tuple[str, str]] = field(default_factory=set)
    winner: Files | None = None
    failures: int | None = None
    output: str = ""
    scores: tuple[tuple[str, int, float], ...] = ()
    was_tested: bool = False
    passed_untouched: bool = False


def follow(talk: Conversation, test_command: str | None, *, keeps_progress: bool) -> Attempts:
    """Go through the conversation step by step."""
    attempts = Attempts()
    for step in talk.steps:
        match step.action:
            case View() | Overwrite() | Replace():
                _note_file(attempts, step)
            case Try(edits):
                _note_batch(attempts, step, edits, keeps_progress=keeps_progress)
            case Run(command) if test_command is not None and test_command in command:
                _note_test(attempts, step.verdict, keeps_progress=keeps_progress)
            case Run():
                _note_file(attempts, step)
            case Locate():
                attempts.scores = read_scores(step.output)
            case None:
                pass
    return attempts


def _note_file(attempts: Attempts, step: Step) -> None:
    match step.action:
        case Overwrite(path, text):
            attempts.tried.add((path, text))
        case Replace():
            attempts.tried.add((step.action.path, _outcome(attempts.now, step.action)))
    before = dict(attempts.now)
    learn(attempts.now, step)
    if isinstance(step.action, View | Run):
        seen = {path: view for path, view in attempts.now.items() if before.get(path) != view}
        attempts.base |= seen
        attempts.original |= {
            path: v for path, v in seen.items() if not _was_written(attempts, path)
        }


def _was_written(attempts: Attempts, path: str) -> bool:
    return any(where == path for where, _ in attempts.tried)


def _outcome(files: Files, edit: Replace) -> str:
    view = files.get(edit.path)
    return view.text.replace(edit.old, edit.new, 1) if view and edit.old else edit.new


def _note_test(attempts: Attempts, verdict: Verdict, *, keeps_progress: bool) -> None:
    is_untouched = attempts.now == attempts.base
    if verdict.passed:
        attempts.winner = dict(attempts.now)
        attempts.passed_untouched = is_untouched and not attempts.tried
    elif is_untouched or not attempts.was_tested:
        attempts.failures, attempts.output = verdict.failures, verdict.output
    elif keeps_progress and _is_better(verdict.failures, attempts.failures):
        attempts.base = dict(attempts.now)
        attempts.failures, attempts.output = verdict.failures, verdict.output
    attempts.was_tested = True


def _is_better(failures: int | None, before: int | None) -> bool:
    return failures is not None and before is not None and failures < before


def _note_batch(
    attempts: Attempts, step: Step, edits: tuple[Replace, ...], *, keeps_progress: bool
) -> None:
    tries = read_tries(step.output)
    before = dict(attempts.now)
    attempts.tried |= {(edit.path, _outcome(before, edit)) for edit in edits}
    learn(attempts.now, step)
    if tries.applied is not None:
        attempts.winner = dict(attempts.now)
    elif keeps_progress and tries.verdicts:
        counts = [(v.failures, number) for number, v in tries.verdicts if v.failures is not None]
        if attempts.failures is None and counts:
            attempts.failures = Counter(count for count, _ in counts).most_common(1)[0][0]
        count, number = min(counts, default=(None, 0))
        if _is_better(count, attempts.failures) and 0 < number <= len(edits):
            attempts.base = dict(before)
            replace_passage(attempts.base, edits[number - 1])
            attempts.failures, attempts.output = count, ""
