"""The diagnoser: facts in a log, one proposal in the asked JSON."""

from __future__ import annotations

import json

import pytest

from dgm.gateway.builtin import diagnoser
from dgm.gateway.builtin.catalogue import CATALOGUE, words_of
from dgm.gateway.protocol import CallContext
from dgm.gateway.wire import Message, Request, Text
from dgm.resources import data_folder

KEYS = {
    "log_summary",
    "potential_improvements",
    "improvement_proposal",
    "implementation_suggestion",
    "problem_description",
}
TESTED = "python3 -m unittest\n"


def diagnose(log, seed="1"):
    request = Request("m", 4096, (Message("user", (Text(log),)),), "Answer with one JSON object")
    (block,) = diagnoser.answer(request, CallContext(seed, 0))
    return json.loads(block.text)


def test_the_answer_has_the_asked_keys_and_one_of_its_own_improvements():
    found = diagnose(f"{TESTED}[turns: 14 of 14] [stopped: turn_limit]")
    assert set(found) == KEYS
    assert found["improvement_proposal"] in found["potential_improvements"]
    assert found["improvement_proposal"] in found["problem_description"]


@pytest.mark.parametrize(
    ("log", "word"),
    [
        (f"{TESTED}[turns: 14 of 14] [stopped: turn_limit]", "turn"),
        (f"{TESTED}[calls: 24] [stopped: LimitsExceeded]", "turn"),
        (f'{TESTED}{{\n  "returncode": 1,\n  "output": ""}}', "suspicious"),
        (f"{TESTED}[stopped: RateLimitError] the budget of r1 is spent", "tokens"),
        (f"{TESTED}[clipped: 60 of 95 lines shown]", "line"),
        (f"{TESTED}[clipped: 1200 of 9000 characters shown]", "tail"),
        (f"{TESTED}[stopped: budget]", "tokens"),
        (f"{TESTED}applied none", "suspicious"),
        (f"{TESTED}outcome: empty_patch", "unchanged"),
        (f"{TESTED}old occurs 3 times, not once", "replace"),
        (f"{TESTED}[killed after 120 s]", "how long"),
        ("files: wrote 3 lines", "Run the tests first"),
    ],
)
def test_each_fact_leads_to_its_own_remedies(log, word):
    assert any(word in text for text in diagnose(log)["potential_improvements"])


def test_a_quiet_log_has_no_remedy_for_what_did_not_happen():
    found = diagnose(f'{TESTED}[exit code 0] {{"returncode": 0}} [stopped: finished]')
    assert not any("turn limit" in text for text in found["potential_improvements"])


def test_the_seed_decides_among_the_remedies_that_fit():
    log = f"{TESTED}[stopped: turn_limit] [clipped: 60 of 95 lines shown]"
    assert diagnose(log, "a") == diagnose(log, "a")
    assert len({diagnose(log, str(n))["improvement_proposal"] for n in range(20)}) >= 3


def test_every_proposal_shares_words_with_the_catalogue():
    seed = data_folder("agents/seed")
    paths = [path for path in seed.rglob("*") if path.suffix in (".py", ".md", ".json")]
    files = {str(path.relative_to(seed)): path.read_text() for path in paths}
    changes = [change for entry in CATALOGUE for change in entry(files)]
    for fact in diagnoser.FACTS:
        for remedy in fact.remedies:
            wanted = words_of(f"{remedy.proposal} {remedy.implementation}")
            assert max(len(c.words & wanted) / len(c.words) for c in changes) >= 0.4, remedy
