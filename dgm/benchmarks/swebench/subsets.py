"""The tasks the Darwin Gödel Machine was measured on, by name, and which task is in which split.

A task's split is decided by its id alone: whatever else is prepared, it never moves from one split
to the other. The paper's own tasks steer evolution, as they did there; of all others every second
one, by the hash of its id, is sealed. Source: the ids in `swe_bench/subsets` of the paper's code
(arXiv 2505.22954).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from dgm.records import Split

SUBSETS = ("small", "medium", "big")


@cache
def subset(name: str) -> tuple[str, ...]:
    """Return the ids of one of `SUBSETS`, in the order of the paper's code."""
    lists = json.loads(Path(__file__).with_name("subsets.json").read_text(encoding="utf-8"))
    return tuple(lists[name])


def spelled_out(words: Iterable[str]) -> tuple[str, ...]:
    """Replace the name of a subset by its ids; everything else is taken to be an id."""
    lists = ((subset(word) if word in SUBSETS else (word,)) for word in words)
    return tuple(dict.fromkeys(name for names in lists for name in names))


def split_of(instance_id: str) -> Split:
    """Return the split of a task."""
    is_measured = any(instance_id in subset(name) for name in SUBSETS)
    is_even = hashlib.sha256(instance_id.encode()).digest()[0] % 2 == 0
    return Split.SEARCH if is_measured or is_even else Split.SEALED


def in_order(instance_ids: Iterable[str]) -> Sequence[str]:
    """Order ids as they are met: small, medium, big, then all others, mixed."""
    rank = {name: place for place, name in enumerate(n for s in SUBSETS for n in subset(s))}

    def place(name: str) -> tuple[int, str]:
        return rank.get(name, len(rank)), hashlib.sha256(name.encode()).hexdigest()

    return sorted(instance_ids, key=place)
