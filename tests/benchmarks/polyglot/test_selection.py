"""Splits and subsets of exercises by name alone."""

from collections import Counter

import pytest

from dgm.benchmarks.polyglot.selection import SUBSETS, lists, select, split_of
from dgm.errors import BenchmarkError
from dgm.records import Split

NAMES = [*(f"word-{number}" for number in range(30)), "bowling", "dominoes", "ledger"]
IDS = [f"{language}-{name}" for name in NAMES for language in ("go", "java", "python")]
ALL = [*IDS, *lists().subsets["small"], *lists().subsets["medium"]]


def test_subsets_are_those_of_the_paper():
    small, medium = lists().subsets["small"], lists().subsets["medium"]
    assert (len(small), len(medium)) == (10, 50)
    assert set(small) & set(medium) == {"python-dominoes"}
    assert len(lists().left_out) == 7


def test_no_exercise_is_in_both_splits_in_whatever_language():
    splits = split_of(ALL)
    names = {split: {i.partition("-")[2] for i in splits if splits[i] is split} for split in Split}
    assert not names[Split.SEARCH] & names[Split.SEALED]
    assert names[Split.SEALED]


def test_sealed_split_is_half_of_each_language_at_most():
    splits = split_of(ALL)
    every = Counter(i.partition("-")[0] for i in splits)
    sealed = Counter(i.partition("-")[0] for i in splits if splits[i] is Split.SEALED)
    assert all(2 * sealed[language] <= every[language] for language in every)
    assert all(sealed[language] >= 10 for language in ("go", "java", "python"))


def test_splits_do_not_hang_on_the_order_or_on_what_is_left_out():
    assert split_of(reversed(ALL)) == split_of(ALL)
    assert not split_of(ALL).keys() & lists().left_out.keys()


@pytest.mark.parametrize("subset", SUBSETS)
def test_subset_never_mixes_the_splits(subset):
    splits = split_of(ALL)
    search, sealed = select(splits, subset)
    assert {splits[each] for each in search} == {Split.SEARCH}
    assert {splits[each] for each in sealed} == {Split.SEALED}
    assert len(sealed) <= len(search)


def test_named_subsets_and_the_rest_are_the_whole_search_split():
    splits = split_of(ALL)
    parts = [set(select(splits, subset)[0]) for subset in ("small", "medium", "rest")]
    assert parts[0] | parts[1] | parts[2] == set(select(splits, "all")[0])
    assert not parts[2] & (parts[0] | parts[1])


def test_first_tasks_of_a_split_go_round_the_languages():
    _, sealed = select(split_of(ALL), "all")
    assert [each.partition("-")[0] for each in sealed[:3]] == ["go", "java", "python"]


def test_languages_narrow_both_splits():
    search, sealed = select(split_of(ALL), "small", ["python"])
    assert search == ("python-dominoes", "python-beer-song")
    assert len(sealed) == 2
    assert all(each.startswith("python-") for each in sealed)


@pytest.mark.parametrize(
    ("subset", "languages", "message"),
    [
        ("tiny", [], "polyglot has no subset 'tiny'; choose of small, medium, rest, all"),
        ("small", ["cobol"], "polyglot has no prepared task in 'small' of cobol"),
    ],
)
def test_nothing_to_choose_is_one_clear_line(subset, languages, message):
    with pytest.raises(BenchmarkError, match=message):
        select(split_of(ALL), subset, languages)
