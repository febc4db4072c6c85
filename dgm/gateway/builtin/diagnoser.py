"""The built-in model as diagnoser: it reads facts in a log and proposes one improvement.

There is no understanding here: a fact is a pattern in the text, and each fact knows a few
remedies. A forged log can at most choose among them.
"""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass

from dgm.gateway.protocol import CallContext
from dgm.gateway.wire import Request, Text, ToolUse


@dataclass(frozen=True, slots=True)
class Remedy:
    """One improvement, and how it might be made."""

    proposal: str
    implementation: str


@dataclass(frozen=True, slots=True)
class Fact:
    """Something a log can show: `pattern` is found in it, or with `absent` is not.

    What ended the work counts for more (`weight`) than what was met on the way.
    """

    pattern: str
    summary: str
    remedies: tuple[Remedy, ...]
    absent: bool = False
    weight: int = 1

    def holds(self, log: str) -> bool:
        """Say whether the log shows this."""
        return (re.search(self.pattern, log, re.IGNORECASE) is None) == self.absent


_MORE_TURNS = Remedy(
    "Give the agent more turns: a higher turn limit.",
    "Raise max turns in the settings.",
)
_MORE_PER_TURN = Remedy(
    "Let the agent do more in a turn: several candidates in one reply.",
    "Say in the system prompt that it may try several candidates, each edit followed by the tests.",
)
_BATCH = Remedy(
    "Add a tool that tries several edits with one test command.",
    "One call takes many candidates, applies each, runs the command, keeps the first that passes.",
)
_LOCATE = Remedy(
    "Add a tool that locates the suspicious lines of a failing test.",
    "Trace which lines failing tests run and passing tests do not, and rank them.",
)
_KEEP = Remedy(
    "Keep partial progress: a change that makes fewer tests fail.",
    "Say so in the prompt, so that the agent can go on from there to the second bug.",
)
_REVERT = Remedy(
    "Revert a change that did not help before the next attempt.",
    "Tell the agent to undo and restore wrong edits.",
)
_TESTS_FIRST = Remedy(
    "Run the tests first and read the failing output.",
    "Tell the agent in its prompt to begin with the tests before it changes anything.",
)
_RANGE = Remedy(
    "Let the agent view a range of lines of a long file.",
    "Give the file tool a start and an end line, so that nothing stays clipped.",
)
_MORE_LINES = Remedy(
    "Show more lines of a file in one view.",
    "Raise the number of view lines in the settings.",
)
_REPLACE = Remedy(
    "Let the file tool replace a passage instead of overwriting the whole file.",
    "Add an action with an old and a new string; the old one must occur exactly once.",
)
_HEAD_AND_TAIL = Remedy(
    "Show the head and the tail of long shell output.",
    "The end of the output was clipped, and that is where failing tests are told.",
)
_MORE_OUTPUT = Remedy(
    "Show more characters of the shell's output.",
    "Raise the bash output chars in the settings.",
)
_FORGET = Remedy(
    "Drop the text of old tool results from the history to save tokens.",
    "The budget was spent on a long history.",
)
_LONGER_REPLIES = Remedy(
    "Allow longer replies: more max tokens.",
    "A reply that is cut loses its tool call; raise max tokens in the settings.",
)
_ASK_AGAIN = Remedy(
    "When the agent stops and the repository is unchanged, ask it once more.",
    "Check for an empty patch before the loop ends, and tell the model to go on.",
)
_TIME = Remedy(
    "Change how long a shell command may run.",
    "The bash timeout in the settings decides it: longer or shorter.",
)
_RETRY = Remedy(
    "Retry after a model error.",
    "Go on when the connection failed; raise the model retries or the retry wait.",
)
_SIMPLER = Remedy(
    "Think more carefully about each step.",
    "Tell the agent in its prompt to reason about its plan.",
)

_DECISIVE = 4

FACTS: tuple[Fact, ...] = (
    Fact(
        r"\[stopped: (?:turn_limit|LimitsExceeded)\]",
        "The agent reached its turn limit.",
        (_MORE_TURNS, _MORE_PER_TURN, _BATCH),
        weight=_DECISIVE,
    ),
    Fact(
        r"\[clipped: \d+ of \d+ lines",
        "A view of a long file was clipped.",
        (_RANGE, _MORE_LINES, _REPLACE),
    ),
    Fact(
        r"\[clipped: \d+ of \d+ char",
        "The output of a command was clipped.",
        (_HEAD_AND_TAIL, _MORE_OUTPUT),
    ),
    Fact(
        r"applied none|\[exit code [1-9-]|returncode\W+[1-9]",
        "Candidates were tried, and the tests went on failing.",
        (_LOCATE, _BATCH, _KEEP, _REVERT),
    ),
    Fact(
        r"occurs \d+ times|FileNotFoundError|FileExistsError|missing argument",
        "An edit was refused with an error.",
        (_REPLACE, _RANGE),
    ),
    Fact(
        r"\[stopped: (?:budget|RateLimitError)\]|budget_exceeded",
        "The budget was spent.",
        (_FORGET, _BATCH),
        weight=_DECISIVE,
    ),
    Fact(
        r"\bmax_tokens\b.{0,40}stop|stop_reason\W+max_tokens",
        "A reply was cut at its limit of tokens.",
        (_LONGER_REPLIES, _REPLACE),
    ),
    Fact(
        r"empty[ _]patch|no edit|unchanged",
        "The agent left the repository unchanged.",
        (_ASK_AGAIN, _REPLACE, _TESTS_FIRST),
    ),
    Fact(r"\[killed after|timed out", "A command ran out of time.", (_TIME,)),
    Fact(r"\[stopped: model_error\]|model error", "The model could not be reached.", (_RETRY,)),
    Fact(
        r"\b(unittest|pytest|check\.py|run_tests|make test)\b",
        "The tests were never run.",
        (_TESTS_FIRST,),
        absent=True,
    ),
)
_NOTHING_SEEN = Fact(
    "", "The log shows nothing unusual; the repair was wrong.", (_LOCATE, _BATCH, _KEEP, _SIMPLER)
)


def answer(request: Request, context: CallContext) -> tuple[Text | ToolUse, ...]:
    """Answer with one JSON object; the same request and seed give the same proposal."""
    log = "\n".join(
        block.text
        for message in request.messages
        for block in message.content
        if isinstance(block, Text)
    )
    facts = [fact for fact in FACTS if fact.holds(log)] or [_NOTHING_SEEN]
    remedies: dict[Remedy, int] = {}
    for fact in facts:
        for remedy in fact.remedies:
            remedies[remedy] = max(fact.weight, remedies.get(remedy, 0))
    rng = random.Random(f"{context.seed}/diagnose")
    (chosen,) = rng.choices(list(remedies), list(remedies.values()))
    diagnosis = {
        "log_summary": " ".join(fact.summary for fact in facts),
        "potential_improvements": [remedy.proposal for remedy in remedies],
        "improvement_proposal": chosen.proposal,
        "implementation_suggestion": chosen.implementation,
        "problem_description": f"{chosen.proposal} {chosen.implementation}",
    }
    return (Text(json.dumps(diagnosis, indent=2)),)
