"""A gateway killed with -9 in the middle of a call: what it had reserved stays spent."""

import subprocess
import sys
from random import Random

import pytest

from dgm.archive.store import Store
from dgm.errors import OverBudgetError
from dgm.gateway.server import GatewayServer
from dgm.gateway.transcript import spent_and_reserved
from dgm.records import Ceiling, Purpose, RolloutKey, Split, Usage
from dgm.wiring import spent_in
from tests.gateway.conftest import PRICES
from tests.gateway.fakes import FakeProvider, user_request
from tests.machine import write_learner

LIMIT_USD = 1.0
# Opens two sessions on one budget: a diagnosis the host asks for, and a rollout with calls in
# parallel. Every third call is never answered. Says how many calls are under way, and hangs.
VICTIM = """
import os, sys, threading, time
from contextlib import ExitStack
from pathlib import Path
from random import Random
from dgm.errors import OverBudgetError
from dgm.gateway.protocol import SessionSpec
from dgm.gateway.server import GatewayServer
from dgm.records import Ceiling, Usage
from tests.gateway.conftest import PRICES
from tests.gateway.fakes import FakeProvider, user_request

class Hanging(FakeProvider):
    def complete(self, request, context):
        if context.index % 3 == 2:
            os.write(1, b"hangs\\n")
            threading.Event().wait()
        return super().complete(request, context)

def ask(session):
    try:
        for _ in range(3):
            session.call(user_request())
    except OverBudgetError:
        os.write(1, b"refused\\n")

folder, limit = Path(sys.argv[1]), float(sys.argv[2])
with GatewayServer({"fake": Hanging()}, PRICES, random=Random(1)) as gateway, ExitStack() as open_:
    gateway.set_ceiling("run", Ceiling(cost_usd=limit), Usage())
    threads = []
    for name in sys.argv[3:]:
        transcript = folder / name / "transcript.jsonl"
        spec = SessionSpec(name, "fake/one", "s", (f"rollout/{name}", "run"), transcript)
        session = open_.enter_context(gateway.open(spec))
        threads.append(threading.Thread(target=ask, args=(session,), daemon=True))
    for thread in threads:
        thread.start()
    time.sleep(60)
"""


def kill_amid_calls(folder, names, limit=LIMIT_USD):
    """Start the victim, wait until each session hangs or was refused, and kill it."""
    command = [sys.executable, "-c", VICTIM, str(folder), str(limit), *names]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as victim:
        said = [victim.stdout.readline().strip() for _ in names]
        victim.kill()
    return said


@pytest.fixture
def run(tmp_path):
    """A run with a diagnosis and an evaluation under way."""
    with Store.create(tmp_path / "run", "") as store:
        store.add_seed(write_learner(tmp_path / "learner"))
        for purpose in (Purpose.DIAGNOSE, Purpose.EVALUATE):
            split = Split.SEARCH if purpose is Purpose.EVALUATE else None
            store.start_rollout("a0000", "t", split, RolloutKey(purpose, "tree", "t"))
    return tmp_path / "run"


@pytest.mark.slow
def test_reservations_of_a_killed_gateway_stand_after_a_restart(run):
    names = ("r000001", "r000002")
    assert kill_amid_calls(run / "rollouts", names) == ["hangs", "hangs"]
    worst = PRICES.of("fake/one").worst(11, 100)
    for name in names:
        spent, reserved = spent_and_reserved(run / "rollouts" / name / "transcript.jsonl")
        assert spent == Usage(2, 20, 10, pytest.approx(0.04))
        assert reserved.cost_usd == pytest.approx(worst.cost_usd, rel=0.1)
    with Store.open(run) as store:
        closed = store.close_abandoned(lambda name: spent_in(store.run.rollout(name)))
        assert {rollout.key.purpose for rollout in closed} == {Purpose.DIAGNOSE, Purpose.EVALUATE}
        spent = store.usage()
        assert spent.calls == 6
        assert spent.cost_usd == pytest.approx(0.08 + 2 * reserved.cost_usd)
        assert set(store.usage_by_step()) == {"diagnose", "evaluate"}
        assert store.close_abandoned(lambda _: Usage(9)) == ()


@pytest.mark.slow
def test_run_killed_again_and_again_never_spends_more_than_its_limit(run, spec):
    """Positive control: without what the transcripts hold, the same calls would go beyond it."""
    rounds = 0
    while True:
        with Store.open(run) as store:
            store.close_abandoned(lambda name: spent_in(store.run.rollout(name)))
            left = LIMIT_USD - store.usage().cost_usd
            assert left >= -1e-9
            key = RolloutKey(Purpose.EVALUATE, "tree", f"round{rounds}")
            name = store.start_rollout("a0000", "t", Split.SEARCH, key)
        rounds += 1
        if kill_amid_calls(run / "rollouts", [name], left) == ["refused"]:
            break
    with Store.open(run) as store:
        store.close_abandoned(lambda name: spent_in(store.run.rollout(name)))
        total = store.usage()
        assert 0.7 < total.cost_usd <= LIMIT_USD + 1e-9
        books = (store.run.rollout(r.id) / "transcript.jsonl" for r in store.rollouts())
        settled = sum((spent_and_reserved(book)[0] for book in books), Usage())
        assert rounds > 2
        assert settled.cost_usd < total.cost_usd  # what only the reservations remember
    with GatewayServer({"fake": FakeProvider()}, PRICES, random=Random(1)) as gateway:
        gateway.set_ceiling("run", Ceiling(cost_usd=LIMIT_USD), total)
        with gateway.open(spec("after")) as session, pytest.raises(OverBudgetError):
            session.call(user_request())
        gateway.set_ceiling("run", Ceiling(cost_usd=LIMIT_USD), settled)
        with gateway.open(spec("control")) as session:
            assert session.call(user_request()).id
