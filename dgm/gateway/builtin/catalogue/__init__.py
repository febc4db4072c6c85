"""The changes the built-in improver can think of.

Nothing here says which of them help: only the evaluation of a child does.
"""

from dgm.gateway.builtin.catalogue import loop, prompts, settings, tools
from dgm.gateway.builtin.catalogue.change import (
    Change,
    Edits,
    Entry,
    Files,
    NotApplicableError,
    is_test,
    words_of,
)

CATALOGUE: tuple[Entry, ...] = (
    *settings.ENTRIES,
    *prompts.ENTRIES,
    *tools.ENTRIES,
    *loop.ENTRIES,
)

__all__ = [
    "CATALOGUE",
    "Change",
    "Edits",
    "Entry",
    "Files",
    "NotApplicableError",
    "is_test",
    "words_of",
]
