"""What a conversation says: the problem, the steps so far, the files as last seen, the test runs.

Read afresh from the request at every call: the built-in model remembers nothing by itself.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from dgm.gateway.builtin.tools import ToolBox
from dgm.gateway.builtin.verbs import Action, Locate, Overwrite, Replace, Run, Try, View
from dgm.gateway.builtin.verdicts import Verdict, read_tries, read_verdict
from dgm.gateway.builtin.wrappings import unwrapped
from dgm.gateway.protocol import CallContext
from dgm.gateway.wire import Message, Request, Text, ToolResult, ToolUse

_NUMBERED = re.compile(r"^ *(\d+)(?:\t|: ?| ?\| ?|→)(.*)$")
_CLIPPED = re.compile(
    r"^\W*(?:clipped|truncated|omitted|cut off|skipped)\b"
    r"|^\s*(?:\[|\(|<|\.\.\.|…|#).*\b(?:clipped|truncated|omitted|cut off|more lines|not shown)\b",
    re.IGNORECASE,
)
_CODA = re.compile(r"^\[?(?:exit code|exit status)\b.*$", re.IGNORECASE)
_PRINT = re.compile(
    r"^cat (?:-n )?(?P<whole>[\w./-]+)$"
    r"|^cat -n (?P<path>[\w./-]+) \| sed -n '(?P<first>\d+),(?P<last>\d+)p'$"
)
_FAILED = re.compile(r"^\s*(?:error|failed|refused)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FileView:
    """What was seen of a file: consecutive lines from `first_line` (1 is the first)."""

    text: str
    first_line: int = 1
    reaches_end: bool = True

    @property
    def complete(self) -> bool:
        """Whether nothing of the file is missing; only then may it be overwritten."""
        return self.first_line == 1 and self.reaches_end

    @property
    def last_line(self) -> int:
        """The number of the last line seen."""
        return self.first_line + self.text.count("\n") - 1


@dataclass(frozen=True, slots=True)
class Step:
    """One tool call, its answer if it had one, and what the call meant (None: not understood)."""

    use: ToolUse
    result: ToolResult | None
    action: Action | None
    turn: int

    @property
    def output(self) -> str:
        """The answer's text, empty when there was none."""
        return self.result.text if self.result else ""

    @property
    def succeeded(self) -> bool:
        """Whether the tool answered, and not with an error."""
        if self.result is None or self.result.is_error or _FAILED.match(self.result.text):
            return False
        is_edit = isinstance(self.action, Overwrite | Replace)
        return not (is_edit and self.verdict.exit_code)  # written with the shell

    @property
    def verdict(self) -> Verdict:
        """The answer, read as the output of a test run."""
        return read_verdict(self.output)


@dataclass(frozen=True, slots=True)
class Conversation:
    """A request, understood. `turns` counts the model's replies so far.

    `files` holds what is known of each file's present text; `follow_ups` what the user said after
    the statement, outside tool results.
    """

    system: str
    statement: str
    box: ToolBox
    steps: tuple[Step, ...]
    turns: int
    files: Mapping[str, FileView]
    follow_ups: tuple[str, ...]

    @property
    def listings(self) -> tuple[Step, ...]:
        """The `find` commands run so far."""
        return tuple(
            step
            for step in self.steps
            if isinstance(step.action, Run) and step.action.command.startswith("find ")
        )

    @property
    def paths(self) -> tuple[str, ...]:
        """The files the listings named, without a leading `./`."""
        found = (line for step in self.listings for line in _printed(step.output))
        names = (line.strip().removeprefix("./") for line in found if not _CLIPPED.match(line))
        return tuple(dict.fromkeys(name for name in names if name))


def read(request: Request) -> Conversation:
    """Understand a request's messages; whatever makes no sense is left out."""
    box = ToolBox.of(request.tools)
    steps = _steps(request.messages, box)
    said = [_text(message) for message in request.messages if message.role == "user"]
    said = [text for text in said if text]
    return Conversation(
        system=request.system,
        statement=said[0] if said else "",
        box=box,
        steps=steps,
        turns=sum(message.role == "assistant" for message in request.messages),
        files=_files(steps),
        follow_ups=tuple(said[1:]),
    )


def chance(context: CallContext, purpose: str) -> random.Random:
    """Return the source of chance for one purpose: the same at every call of a session."""
    return random.Random(f"{context.seed}/{purpose}")


def _text(message: Message) -> str:
    said = (block.text for block in message.content if isinstance(block, Text))
    return "\n".join(said).strip()


def _steps(messages: tuple[Message, ...], box: ToolBox) -> tuple[Step, ...]:
    results = {
        block.tool_use_id: block
        for message in messages
        for block in message.content
        if isinstance(block, ToolResult)
    }
    return tuple(
        Step(block, _plain(results.get(block.id), block, box), box.understand(block), turn)
        for turn, message in enumerate(messages)
        for block in message.content
        if isinstance(block, ToolUse)
    )


def _plain(result: ToolResult | None, use: ToolUse, box: ToolBox) -> ToolResult | None:
    """Take what a shell printed out of its wrapping."""
    if result is None or box.shell is None or use.name != box.shell.tool:
        return result
    return replace(result, text=unwrapped(result.text))


def _files(steps: tuple[Step, ...]) -> dict[str, FileView]:
    files: dict[str, FileView] = {}
    for step in steps:
        learn(files, step)
    return files


def learn(files: dict[str, FileView], step: Step) -> None:
    """Bring what is known of the files along with one step."""
    if not step.succeeded:
        return
    output = step.output
    match step.action:
        case View(path, first, last):
            _merge(files, path, _seen(output.splitlines(), first or 1, last))
        case Run(command) if match := _PRINT.match(command):
            first, last = (int(match[end] or 0) or None for end in ("first", "last"))
            _merge(
                files, match["path"] or match["whole"], _seen(_printed(output), first or 1, last)
            )
        case Overwrite(path, text):
            files[path] = FileView(text)
        case Replace():
            replace_passage(files, step.action)
        case Try(edits):
            applied = read_tries(output).applied
            if applied is not None and 0 < applied <= len(edits):
                replace_passage(files, edits[applied - 1])
        case Locate() | Run() | None:
            pass


def replace_passage(files: dict[str, FileView], edit: Replace) -> None:
    """Make a replacement in what is known of a file, if its passage is known there once."""
    view = files.get(edit.path)
    if view and edit.old and view.text.count(edit.old) == 1:
        text = view.text.replace(edit.old, edit.new)
        files[edit.path] = FileView(text, view.first_line, view.reaches_end)


def _printed(output: str) -> list[str]:
    """Take a shell's exit code off; a line that was cut in the middle is not a line."""
    lines = output.splitlines()
    while lines and (_CODA.match(lines[-1]) or not lines[-1].strip()):
        lines.pop()
    clip = _clip(lines)
    return lines if not clip else lines[: clip - 1] + lines[clip:]


def _clip(lines: list[str]) -> int | None:
    return next((n for n, line in enumerate(lines) if _CLIPPED.search(line)), None)


def _seen(lines: list[str], first: int, last: int | None) -> FileView:
    """Read what a viewer printed: line numbers are taken off, a clip marker ends the text."""
    clip = _clip(lines)
    shown = lines[:clip]
    numbered = [match for line in shown if (match := _NUMBERED.match(line))]
    if len(numbered) >= max(1, len(shown) - 3) and _is_count([int(m[1]) for m in numbered]):
        first, shown = int(numbered[0][1]), [match[2] for match in numbered]
    is_short = last is None or first + len(shown) <= last
    text = "".join(f"{line}\n" for line in shown)
    return FileView(text, first, reaches_end=clip is None and is_short)


def _is_count(numbers: list[int]) -> bool:
    return all(after == before + 1 for before, after in pairwise(numbers))


def _merge(files: dict[str, FileView], path: str, view: FileView) -> None:
    """Join a view to what is known, where the two touch."""
    known = files.get(path)
    if known is None or view.complete or view.first_line < known.first_line:
        files[path] = view
    elif not known.complete and view.first_line <= known.last_line + 1 <= view.last_line + 1:
        kept = known.text.splitlines(keepends=True)[: view.first_line - known.first_line]
        files[path] = FileView("".join(kept) + view.text, known.first_line, view.reaches_end)
