"""Row 7, through the gateway: what an agent asks is recorded, and may not fill the host's disk.

A request that is refused costs nothing, so nothing but its size bounds what it would come to.
"""

from __future__ import annotations

from contextlib import contextmanager
from random import Random

import pytest

from dgm.errors import OverBudgetError, RequestRefusedError
from dgm.gateway.excerpt import MOST_CHARACTERS
from dgm.gateway.listener import Limits
from dgm.gateway.prices import Price, Prices
from dgm.gateway.protocol import SessionEnd, SessionSpec
from dgm.gateway.server import GatewayServer
from dgm.gateway.transcript import read_transcript, usage_of
from dgm.records import Ceiling, Usage
from tests.gateway.fakes import FakeProvider, body, post, user_request

MIB = 1 << 20
ROOM = 4 * MIB
BIG = "x" * MIB
LINE = 3 * MOST_CHARACTERS  # what a call adds at most once there is no room


class Refusing(FakeProvider):
    """Takes no request at all."""

    def complete(self, request, context):
        super().complete(request, context)
        raise RequestRefusedError("no such request")


class Gateway:
    """A gateway at which nothing costs anything, and one session of it on a socket."""

    def __init__(self, place, provider, room=ROOM):
        self.transcript = place / "transcript.jsonl"
        self.socket = place / "model.sock"
        prices = Prices({"fake/one": Price(0.0, 0.0)})
        limits = Limits(transcript_bytes=room)
        self.server = GatewayServer(
            {"fake": provider}, prices, random=Random(1), limits=limits, grace_s=0.2
        )

    @contextmanager
    def open(self, **fields):
        settings = {"transcript": self.transcript, **fields}
        spec = SessionSpec("s", "fake/one", "seed", ("rollout/s", "run"), **settings)
        with self.server, self.server.open(spec) as session:
            yield session

    def flood(self, calls, text=BIG):
        """Ask as the agent does; give the statuses, and what is on the disk by then."""
        statuses = [post(self.socket, body(f"{n}{text}")).status for n in range(calls)]
        return statuses, self.transcript.stat().st_size


@pytest.mark.parametrize(
    ("fields", "provider"),
    [
        ({"tools": [{"type": "web_search"}]}, FakeProvider()),
        ({"model": "m" * 1000}, FakeProvider()),
        ({}, Refusing()),
    ],
    ids=["another tool", "a long name", "refused by the model"],
)
def test_refused_requests_of_megabytes_are_not_written_to_the_disk(tmp_path, fields, provider):
    gateway = Gateway(tmp_path, provider)
    with gateway.open() as session:
        session.listen(gateway.socket)
        for number in range(10):
            asked = body(f"{number}{BIG}", **fields)
            assert post(gateway.socket, asked).status == 400
        assert gateway.transcript.stat().st_size < 10 * LINE
    assert session.end is SessionEnd.CLEAN


def test_request_beyond_the_budget_is_not_written_to_the_disk(tmp_path):
    gateway = Gateway(tmp_path, FakeProvider())
    with gateway.open(ceiling=Ceiling(tokens=1000)) as session:
        session.listen(gateway.socket)
        statuses, size = gateway.flood(10)
    assert statuses == [429] * 10
    assert size < LINE


def test_request_too_large_to_be_read_is_not_written_to_the_disk(tmp_path):
    gateway = Gateway(tmp_path, FakeProvider())
    with gateway.open() as session:
        session.listen(gateway.socket)
        statuses, size = gateway.flood(2, "x" * (9 * MIB))
    assert statuses == [413, 413]
    assert size == 0


def test_answered_requests_are_written_and_show_what_the_others_would_come_to(tmp_path):
    """Positive control."""
    gateway = Gateway(tmp_path, FakeProvider(), room=1 << 40)
    with gateway.open() as session:
        session.listen(gateway.socket)
        statuses, size = gateway.flood(10)
    assert statuses == [200] * 10
    assert size > 10 * MIB


@pytest.mark.parametrize("provider", [FakeProvider(), Refusing()], ids=["answered", "refused"])
def test_session_writes_no_more_than_it_may_and_then_ends_over_budget(tmp_path, provider):
    gateway = Gateway(tmp_path, provider, room=MIB)
    with gateway.open() as session:
        session.listen(gateway.socket)
        statuses, size = gateway.flood(60, "x" * 60_000)
        assert statuses[-1] == 429
        asked = statuses.index(429)
        assert set(statuses[:asked]) == {200 if type(provider) is FakeProvider else 400}
        assert size < MIB + LINE
        with pytest.raises(OverBudgetError, match=r"the transcript of s is full: .* 1 MiB"):
            session.call(user_request())
    assert session.end is SessionEnd.OVER_BUDGET
    assert usage_of(gateway.transcript).calls == asked == session.usage.calls


@pytest.mark.parametrize("provider", [FakeProvider(), Refusing()], ids=["answered", "refused"])
def test_session_that_wrote_all_it_may_is_replayed_to_the_same_end(tmp_path, provider):
    (tmp_path / "again").mkdir()
    recorded = Gateway(tmp_path, provider, room=MIB)
    replayed = Gateway(tmp_path / "again", FakeProvider(), room=MIB)
    said = []
    for gateway, source in ((recorded, None), (replayed, recorded.transcript)):
        with gateway.open(recorded=source) as session:
            session.listen(gateway.socket)
            said.append((gateway.flood(40, "x" * 60_000)[0], session.usage.calls))
        assert session.divergence == ""
        assert session.end is SessionEnd.OVER_BUDGET
    assert said[0] == said[1]
    assert 429 in said[0][0]
    ends = [[e.failure for e in read_transcript(each.transcript)] for each in (recorded, replayed)]
    assert ends[0] == ends[1]
    assert replayed.server.spent("run").cost_usd == Usage().cost_usd
