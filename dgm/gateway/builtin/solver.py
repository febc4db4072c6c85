"""The built-in model as solver: it repairs a program through the tools the agent offers.

One reply is one small step: list the files, read, test, or make the next candidate and check it.
Everything is decided afresh from the conversation; see `attempts.py` for what that tells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from dgm.gateway.builtin import project
from dgm.gateway.builtin.attempts import Attempts, Files, follow
from dgm.gateway.builtin.candidates import Candidate, compiles, parseable_part
from dgm.gateway.builtin.conversation import Conversation, FileView, read
from dgm.gateway.builtin.habits import Habits
from dgm.gateway.builtin.ordering import Clues, ordered, same_file
from dgm.gateway.builtin.passages import passage
from dgm.gateway.builtin.verbs import Locate, Replace, Run, View
from dgm.gateway.builtin.verdicts import Frame, read_verdict
from dgm.gateway.protocol import CallContext
from dgm.gateway.wire import Request, Text, ToolUse

Blocks = tuple[Text | ToolUse, ...]

_LIST = "find {} -type f -not -path '*/.git/*' -not -name '*.pyc' | head -200"
_MAX_FILES = 4
_MAX_PIECES = 8
_PIECE_LINES = 200
_PAIRS_PER_REPLY = 4
_MAX_CUT_REPLIES = 3
_PATIENCE = 80  # candidates, after which a small model gives up


def answer(request: Request, context: CallContext) -> Blocks:
    """Return the next step towards a repair; a text alone means that it is done, or gives up."""
    return _Solver(read(request), Habits.of(request.system), context.seed).next()


@dataclass(frozen=True)
class _Solver:
    talk: Conversation
    habits: Habits
    seed: str

    def next(self) -> Blocks:
        """Choose the next step: look around first, then try candidates."""
        if self._is_done():
            return (Text("The visible tests pass now."),)
        step = self._look_around() or self._keep_winner() or self._try_next() or self._give_up()
        return self._explained(step)

    def _is_done(self) -> bool:
        winner = self.attempts.winner
        has_doubt = any(re.search(r"fail|wrong|not fixed", t, re.I) for t in self.talk.follow_ups)
        return (
            winner is not None
            and winner == self.attempts.now
            and not self.attempts.passed_untouched
            and not has_doubt
        )

    def _explained(self, step: Blocks) -> Blocks:
        """Spend a turn on a plan before each step, where the prompt wants one."""
        calls = any(isinstance(block, ToolUse) for block in step)
        last = self.talk.steps[-1].action if self.talk.steps else None
        plan = self.talk.box.run("ls")
        if not self.habits.explains or not calls or plan is None or last == Run("ls"):
            return step
        return (Text("My plan: look at what is there, then take the next step."), plan)

    # Looking around

    @cached_property
    def test_command(self) -> str | None:
        """How the visible tests are run, None if none are known."""
        texts = (self.talk.statement, *(view.text for view in self._readmes()))
        stated = (project.stated_test_command(text) for text in texts)
        return next(filter(None, stated), None) or project.guessed_test_command(
            self.talk.paths, self.talk.statement
        )

    @cached_property
    def attempts(self) -> Attempts:
        """What was tried so far."""
        return follow(self.talk, self.test_command, keeps_progress=self.habits.keeps_progress)

    def _readmes(self) -> list[FileView]:
        path = project.readme(self.talk.paths)
        view = self.talk.files.get(path) if path else None
        return [view] if view else []

    def _look_around(self) -> Blocks:
        for look in (self._list, self._read_readme, self._test_first, self._locate, self._read):
            if (call := look()) is not None:
                return (call,)
        return ()

    def _list(self) -> ToolUse | None:
        if self.talk.listings:
            return None
        return self.talk.box.run(_LIST.format('"$PWD"' if self._wants_absolute else "."))

    @property
    def _wants_absolute(self) -> bool:
        return self.talk.box.wants_absolute_paths

    def _read_readme(self) -> ToolUse | None:
        path = project.readme(self.talk.paths)
        if path is None or project.stated_test_command(self.talk.statement):
            return None
        return None if self._was_viewed(path) else self._view(path)

    def _test_first(self) -> ToolUse | None:
        if not self.habits.runs_tests_first or self.attempts.was_tested:
            return None
        return self._check()

    def _locate(self) -> ToolUse | None:
        asked = any(isinstance(step.action, Locate) for step in self.talk.steps)
        if asked or self.test_command is None or self.habits.never_runs_tests:
            return None
        return self.talk.box.locate(project.limited(self.test_command))

    def _check(self) -> ToolUse | None:
        if self.test_command is None or self.habits.never_runs_tests:
            return None
        return self.talk.box.run(project.limited(self.test_command))

    def _read(self) -> ToolUse | None:
        """Read the suspected files, and the rest of those that were clipped."""
        for path in self._suspects():
            if not self._was_viewed(path):
                return self._view(path)
            view = self.talk.files.get(path)
            is_clipped = view is not None and not view.complete and not self._was_edited(path)
            if view and is_clipped and (piece := self._next_piece(path, view)):
                return piece
        return None

    def _view(self, path: str) -> ToolUse | None:
        return self.talk.box.view(path) or self.talk.box.run(f"cat -n {path}")

    def _was_viewed(self, path: str) -> bool:
        return any(
            step.action == View(path) or step.action == Run(f"cat -n {path}")
            for step in self.talk.steps
        )

    def _was_edited(self, path: str) -> bool:
        return any(where == path for where, _ in self.attempts.tried)

    def _next_piece(self, path: str, view: FileView) -> ToolUse | None:
        """Read on behind what was seen; None where that was tried and brought nothing."""
        first, last = view.last_line + 1, view.last_line + _PIECE_LINES
        ways = [self.talk.box.run(f"cat -n {path} | sed -n '{first},{last}p'")]
        if self.talk.box.can_view_lines:
            ways.insert(0, self.talk.box.view(path, first, last))
        uses = [(step.use.name, step.use.input) for step in self.talk.steps]
        asked = sum(path in str(step.action) for step in self.talk.steps)
        fresh = [way for way in ways if way and (way.name, way.input) not in uses]
        return fresh[0] if fresh and asked <= _MAX_PIECES else None

    def _suspects(self) -> tuple[str, ...]:
        """Return the files to work on: those a traceback or a locator names, else the likely."""
        likely = project.sources(self.talk.paths or self._named_paths(), self.talk.statement)
        named = [path for path, _, _ in self.attempts.scores]
        named += [frame.path for frame in reversed(self._frames())]
        pointed = [path for name in named for path in likely if same_file(name, path)]
        first = list(dict.fromkeys(pointed))[:_MAX_FILES]
        return tuple(first or likely[:_MAX_FILES])

    def _frames(self) -> tuple[Frame, ...]:
        """Return where the failing output points."""
        return read_verdict(self.attempts.output).frames

    def _named_paths(self) -> list[str]:
        return re.findall(r"[\w./-]+\.py\b", self.talk.statement)

    # Trying candidates

    def _keep_winner(self) -> Blocks:
        """Go back to a text that passed, where a later candidate has replaced it."""
        winner = self.attempts.winner
        if winner is None or self.attempts.passed_untouched or winner == self.attempts.now:
            return ()
        return tuple(self._edits(self.attempts.now, winner))

    def _try_next(self) -> Blocks:
        if self._has_tried_enough():
            return ()
        if self.test_command is not None and self._check() is not None:
            return self._batch() or self._pairs()
        return self._one_guess()

    def _has_tried_enough(self) -> bool:
        cut = self.talk.turns - len({step.turn for step in self.talk.steps})
        return cut >= _MAX_CUT_REPLIES or len(self.attempts.tried) >= _PATIENCE

    def _batch(self) -> Blocks:
        if self.talk.box.batch is None or self.test_command is None:
            return ()
        base = self.attempts.base
        chosen = list(islice(self._fresh(), self.talk.box.batch_limit))
        edits = [Replace(c.path, *passage(base[c.path].text, self._applied(c))) for c in chosen]
        call = self.talk.box.try_candidates(edits, project.limited(self.test_command))
        if not chosen or call is None:
            return ()
        return (*self._edits(self.attempts.now, base), call)

    def _pairs(self) -> Blocks:
        """Make one candidate and check it; several, where the prompt allows it."""
        count = _PAIRS_PER_REPLY if self.habits.answers_in_batches else 1
        blocks: list[ToolUse] = []
        now = self.attempts.now
        for candidate in self._fresh():
            goal = self._goal(candidate)
            edits, check = self._edits(now, goal), self._check()
            if edits and check:
                blocks += [*edits, check]
                now, count = goal, count - 1
            if count == 0:
                break
        return tuple(blocks)

    def _one_guess(self) -> Blocks:
        """Without tests there is no telling: make the best candidate, and stop there."""
        if len(self.attempts.tried) > len(self.talk.follow_ups):
            return (Text("I have made the change that seems right; I could not test it."),)
        for candidate in self._fresh():
            if edits := self._edits(self.attempts.now, self._goal(candidate)):
                return tuple(edits)
        return ()

    def _fresh(self) -> Iterator[Candidate]:
        """Yield the candidates not tried yet, the most promising first; they all compile."""
        texts = {path: self._program(view) for path, view in self._editable().items()}
        clues = Clues(self.talk.statement, self.attempts.output, self.attempts.scores)
        for candidate in ordered(tuple(texts.items()), clues, self.seed):
            text = self._applied(candidate)
            is_new = (candidate.path, text) not in self.attempts.tried
            if is_new and compiles(candidate.apply(texts[candidate.path])):
                yield candidate

    def _editable(self) -> Files:
        """Return the sources seen that the offered tools can change."""
        box = self.talk.box
        can_replace = box.replacer is not None or box.batch is not None
        return {
            path: view
            for path, view in self.attempts.base.items()
            if path in project.sources([path], "")
            and view.first_line == 1
            and (can_replace or (box.can_overwrite and view.complete))
        }

    def _program(self, view: FileView) -> str:
        return view.text if view.complete else parseable_part(view.text)

    def _applied(self, candidate: Candidate) -> str:
        """Apply a candidate; what follows the part it was made from stays as it is."""
        return candidate.apply(self.attempts.base[candidate.path].text)

    def _goal(self, candidate: Candidate) -> Files:
        view = self.attempts.base[candidate.path]
        changed = FileView(self._applied(candidate), view.first_line, view.reaches_end)
        return self.attempts.base | {candidate.path: changed}

    def _edits(self, now: Files, goal: Files) -> list[ToolUse]:
        """Phrase the calls that lead from what is on disk to a goal.

        A replaced passage is put back before the next one is changed.
        """
        calls: list[ToolUse | None] = []
        base = self.attempts.base
        for path, view in goal.items():
            before = now.get(path, view).text
            if before == view.text:
                continue
            if self.talk.box.replacer is None:
                calls.append(self.talk.box.overwrite(path, view.text) if view.complete else None)
                continue
            middle = base.get(path, view).text
            for old, new in ((before, middle), (middle, view.text)):
                if old != new:
                    calls.append(self.talk.box.replace(path, *passage(old, new)))
        return [call for call in calls if call is not None]

    def _give_up(self) -> Blocks:
        """Stop; put the original back first, where the prompt asks for that."""
        edits = self._edits(self.attempts.now, self.attempts.original)
        if self.habits.restores and edits:
            return tuple(edits)
        return (Text("I could not find a change that makes the tests pass."),)
