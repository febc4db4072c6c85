"""Which exercises are tasks, in which split, in which order.

Splits go by the exercise's name: `bowling` is in the same split in every language, so that nothing
learnt of one split's exercise helps with the other's. Names of the subsets that the Darwin Gödel
Machine was evolved on are in the search split. Of the others one is sealed as long as that leaves
no language with more than half of its exercises sealed. Both orders go round the languages, so that
the first tasks of each are a fair sample.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from pathlib import Path

from dgm.errors import BenchmarkError
from dgm.records import Split

ALL = "all"
SUBSETS = ("small", "medium", "rest", ALL)


@dataclass(frozen=True, slots=True)
class Lists:
    """What `lists.toml` says: ids by subset, and reasons by the id of what is left out."""

    subsets: Mapping[str, tuple[str, ...]]
    left_out: Mapping[str, str]


@cache
def lists() -> Lists:
    """Read the lists."""
    tree = tomllib.loads(Path(__file__).with_name("lists.toml").read_text(encoding="utf-8"))
    subsets = {name: tuple(ids) for name, ids in tree["subsets"].items()}
    return Lists(subsets, tree["left_out"])


def split_of(ids: Iterable[str]) -> Mapping[str, Split]:
    """Say of every id, `language-name`, in which split it is; the same for the same ids."""
    usable = sorted(set(ids) - lists().left_out.keys())
    seen = {_name(each) for subset in lists().subsets.values() for each in subset}
    languages: dict[str, list[str]] = {}
    for each in usable:
        languages.setdefault(_name(each), []).append(_language(each))
    total = Counter(map(_language, usable))
    sealed: Counter[str] = Counter()
    sealed_names = set()
    for name in sorted(languages.keys() - seen, key=_chance):
        if all(2 * (sealed[language] + 1) <= total[language] for language in languages[name]):
            sealed.update(languages[name])
            sealed_names.add(name)
    return {each: Split.SEALED if _name(each) in sealed_names else Split.SEARCH for each in usable}


def select(
    splits: Mapping[str, Split], subset: str = ALL, languages: Sequence[str] = ()
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the ids of the search and of the sealed split, in order.

    Of the sealed split there are as many as of the search split, but all for the subset `all`.
    Raises: BenchmarkError for an unknown subset, or if nothing is left.
    """
    if subset not in SUBSETS:
        raise BenchmarkError(f"polyglot has no subset {subset!r}; choose of {', '.join(SUBSETS)}")
    wanted = {
        each: split
        for each, split in splits.items()
        if not languages or _language(each) in languages
    }
    search = _in_order(each for each, split in wanted.items() if split is Split.SEARCH)
    sealed = _in_order(each for each, split in wanted.items() if split is Split.SEALED)
    named = lists().subsets
    if subset in named:
        search = tuple(each for each in named[subset] if each in wanted)
    elif subset == "rest":
        known = {each for ids in named.values() for each in ids}
        search = tuple(each for each in search if each not in known)
    if not search:
        where = f" of {', '.join(languages)}" if languages else ""
        raise BenchmarkError(f"polyglot has no prepared task in {subset!r}{where}")
    return search, sealed if subset == ALL else sealed[: len(search)]


def _in_order(ids: Iterable[str]) -> tuple[str, ...]:
    """Go round the languages; within each, by chance that is always the same."""
    queues: dict[str, list[str]] = {}
    for each in sorted(ids, key=_chance):
        queues.setdefault(_language(each), []).append(each)
    rounds = zip_longest(*(queues[language] for language in sorted(queues)))
    return tuple(each for one_round in rounds for each in one_round if each is not None)


def _chance(text: str) -> str:
    return hashlib.sha256(f"polyglot/{text}".encode()).hexdigest()


def _language(task_id: str) -> str:
    return task_id.partition("-")[0]


def _name(task_id: str) -> str:
    return task_id.partition("-")[2]
