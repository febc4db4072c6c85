"""What a system prompt asks for, as far as a small model takes notice."""

from __future__ import annotations

import re
from dataclasses import dataclass


def _asks(pattern: str, system: str) -> bool:
    return re.search(pattern, system, re.IGNORECASE) is not None


@dataclass(frozen=True, slots=True)
class Habits:
    """How to go about a problem, by the words of the prompt."""

    runs_tests_first: bool = False
    never_runs_tests: bool = False
    keeps_progress: bool = False
    restores: bool = False
    explains: bool = False
    answers_in_batches: bool = False

    @classmethod
    def of(cls, system: str) -> Habits:
        """Read the habits out of a system prompt."""
        return cls(
            runs_tests_first=_asks(
                r"\b(?:run|running|execute)\b[^.\n]{0,30}\btests?\b[^.\n]{0,30}\bfirst\b"
                r"|\bfirst,? run\b[^.\n]{0,30}\btests?\b"
                r"|before (?:you|any)[^.\n]{0,30}chang\w*[^.\n]{0,30}\brun\b[^.\n]{0,30}\btests?",
                system,
            ),
            never_runs_tests=_asks(
                r"(?:never|do not|don't)\s+(?:run|execute)\b[^.\n]{0,20}\btests?", system
            ),
            keeps_progress=_asks(r"\bkeep\b[^.\n]{0,60}\b(?:fewer|some)\b", system),
            restores=_asks(r"\b(?:revert|undo|restore)\b", system),
            explains=_asks(
                r"\b(?:explain|plan|describe)\b[^.\n]{0,40}\b(?:before|each|every)\b", system
            ),
            answers_in_batches=_asks(
                r"\bseveral (?:tool calls|calls|candidates|edits)\b|\bin parallel\b", system
            ),
        )
