"""The built-in model as improver: it changes an agent's repository through the agent's own tools.

It lists and views the files, draws one change (sometimes a second) from the catalogue and the
random mutations, runs the agent's own tests and stops. It repairs nothing, and it has no idea
which changes help: the words of the diagnosis only shift the odds.
"""

from __future__ import annotations

import random
import re
import shlex
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator

from dgm.gateway.builtin.catalogue import CATALOGUE, Change, Files, is_test, words_of
from dgm.gateway.builtin.conversation import Conversation, Step, chance, read
from dgm.gateway.builtin.mutations import MUTATIONS
from dgm.gateway.builtin.tools import ToolBox
from dgm.gateway.builtin.verbs import Overwrite, Replace, Run, View
from dgm.gateway.protocol import CallContext
from dgm.gateway.wire import Request, Text, ToolUse

_LIST = "find . -type f -not -path './.git/*' -not -name '*.pyc' | sort"
_GUESSES = ("agent.toml", "settings.json", "main.py", "loop.py", "prompts/system.md")
_READABLE = re.compile(r"\.(py|json|toml|md|txt)$")
_ABOUT = re.compile(r"(^|/)(README|LICENSE|CHANGELOG)", re.IGNORECASE)
_SUGGESTION = re.compile(r"^## Suggested change\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_VIEWS_PER_REPLY = 8
_VIEWS_PER_FILE = 4
_SECOND_CHANGE = 0.25
_STEERING = 3
_CARELESSNESS = 2.0


def answer(request: Request, context: CallContext) -> tuple[Text | ToolUse, ...]:
    """Answer the next step of a self-modification, the same for the same request and seed."""
    conversation = read(request)
    edits = [step for step in conversation.steps if _is_edit(step)]
    calls = () if edits else _listing(conversation) or _views(conversation)
    return calls or _next_change(conversation, edits, context) or (Text("That is all."),)


def draw(files: Files, proposal: str, rng: random.Random, box: ToolBox) -> Change | None:
    """Draw a change that these tools can make; None if there is none.

    A change weighs (1 + `_STEERING` x the words it shares with the proposal) squared, where a word
    counts by its rarity among all changes on offer; an entry weighs as much as its best
    change, a mutation `_CARELESSNESS` times that.
    """
    shares = [(entry, 1.0) for entry in CATALOGUE] + [(e, _CARELESSNESS) for e in MUTATIONS]
    offers = [
        (share, changes)
        for entry, share in shares
        if (changes := [change for change in entry(files) if _can_make(change, files, box)])
    ]
    if not offers:
        return None
    rarity = _rarity(changes for _, changes in offers)
    wanted = words_of(suggested(proposal))

    def weight(change: Change) -> float:
        return (1 + _STEERING * sum(rarity[word] for word in change.words & wanted)) ** 2

    weights = [share * max(map(weight, changes)) for share, changes in offers]
    ((_, changes),) = rng.choices(offers, weights)
    return rng.choices(changes, list(map(weight, changes)))[0]


def _rarity(offers: Iterable[list[Change]]) -> dict[str, float]:
    """Weigh each word by 1 / the number of entries that use it."""
    counts = Counter(word for changes in offers for word in {w for c in changes for w in c.words})
    return {word: 1 / count for word, count in counts.items()}


def suggested(statement: str) -> str:
    """Return the part of a statement that says what to change; all of it if none is marked."""
    found = _SUGGESTION.search(statement)
    return found[1] if found else statement


def _is_edit(step: Step) -> bool:
    removes = isinstance(step.action, Run) and step.action.command.startswith("rm ")
    return removes or isinstance(step.action, Overwrite | Replace)


def _listing(conversation: Conversation) -> tuple[ToolUse, ...]:
    call = conversation.box.run(_LIST)
    listed = any(isinstance(step.action, Run) for step in conversation.steps)
    return (call,) if call and not listed else ()


def _views(conversation: Conversation) -> tuple[ToolUse, ...]:
    """View what is not yet seen, and go on where a view was clipped if the viewer can."""
    calls = (_view(path, conversation) for path in conversation.paths or _GUESSES)
    return tuple(call for call in calls if call)[:_VIEWS_PER_REPLY]


def _view(path: str, conversation: Conversation) -> ToolUse | None:
    if is_test(path) or _ABOUT.search(path) or not _READABLE.search(path):
        return None
    seen, box = conversation.files.get(path), conversation.box
    by_shell = f"cat -n {path}"
    looks = sum(
        step.result is not None and (step.action == Run(by_shell) or _is_view(step, path))
        for step in conversation.steps
    )
    if looks == 0:
        return box.view(path) or (box.run(by_shell) if box.writes_by_shell else None)
    if seen and not seen.complete and box.can_view_lines and looks < _VIEWS_PER_FILE:
        return box.view(path, seen.last_line + 1)
    return None


def _is_view(step: Step, path: str) -> bool:
    return isinstance(step.action, View) and step.action.path == path


def _next_change(
    conversation: Conversation, edits: list[Step], context: CallContext
) -> tuple[Text | ToolUse, ...]:
    made = len({step.turn for step in edits})
    is_second = made == 1 and chance(context, "improve/second").random() < _SECOND_CHANGE
    if (made and not is_second) or not all(step.succeeded for step in edits):
        return ()
    files = {path: view.text for path, view in conversation.files.items() if view.complete}
    rng, box = chance(context, f"improve/{made}"), conversation.box
    change = draw(files, conversation.statement, rng, box)
    if change is None:
        return ()
    return (Text(change.title), *_edit_calls(change, files, box), *_test_run(files, box))


def _can_make(change: Change, files: Files, box: ToolBox) -> bool:
    for path, text in change.edits.items():
        if text is None:
            able = box.shell is not None
        elif path in files:
            able = box.replacer is not None or box.can_overwrite
        else:
            able = box.creator is not None or box.can_overwrite
        if not able:
            return False
    return True


def _edit_calls(change: Change, files: Files, box: ToolBox) -> Iterator[ToolUse]:
    for path, text in change.edits.items():
        if text is None:
            call = box.run(f"rm -- {shlex.quote(path)}")
        elif path not in files:
            call = box.create(path, text)
        else:
            call = box.replace(path, *_passage(files[path], text)) or box.overwrite(path, text)
        if call:
            yield call


def _passage(old: str, new: str) -> tuple[str, str]:
    """Return the lines that differ, with as many around them as make them occur once."""
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    shared = min(len(before), len(after))
    head = next((n for n in range(shared) if before[n] != after[n]), shared)
    rest = shared - head
    tail = next((n for n in range(rest) if before[-1 - n] != after[-1 - n]), rest)
    while True:
        passage = "".join(before[head : len(before) - tail])
        if (passage and old.count(passage) == 1) or not (head or tail):
            return passage, "".join(after[head : len(after) - tail])
        head, tail = max(0, head - 1), max(0, tail - 1)


def _test_run(files: Files, box: ToolBox) -> Iterator[ToolUse]:
    """Run the agent's own tests as its agent.toml says, if that and a shell are there."""
    try:
        command = tomllib.loads(files.get("agent.toml", ""))["agent"]["tests"]
        call = box.run(f"timeout 60 {shlex.join(command)}")
    except (tomllib.TOMLDecodeError, KeyError, TypeError):
        return
    if call:
        yield call
