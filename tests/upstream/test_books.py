"""The books of whole runs at a provider: what it bills, what is charged, and what a kill leaves."""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.machine import write_benchmark, write_learner
from tests.upstream.server import Break, Say, UpstreamServer

DGM = (sys.executable, "-m", "dgm")
MODEL = "anthropic/test-1.0"
PROPOSAL = json.dumps({"improvement_proposal": "raise the skill", "log_summary": "it failed"})
USD = {"input": 10, "output": 50, "cache_read": 1, "cache_write": 12.5}
LIMIT = 0.5


def is_diagnosis(seen):
    return "improvement_proposal" in json.dumps(seen.body)


def good(seen):
    text = PROPOSAL if is_diagnosis(seen) else "hello"
    return Say(text, input_tokens=5, output_tokens=10, cached=8, written=2)


class Place:
    """Where runs are made, at one provider."""

    def __init__(self, path, server):
        self.path = path
        (path / "tmp").mkdir()
        write_learner(path / "learner", skill=1)
        write_benchmark(path / "benchmark", (1, 2))
        self.settings = [f'prices."{MODEL}".{k}_usd_per_mtok={usd}' for k, usd in USD.items()]
        self.settings += ["benchmark.stages=[2]", f"budget.usd={LIMIT}"]
        self.server = server

    def start(self, *words):
        environment = {
            "PATH": os.environ["PATH"],
            "TMPDIR": str(self.path / "tmp"),
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
            "ANTHROPIC_API_KEY": f"canary-{secrets.token_hex(8)}",
        }
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [*DGM, *words], cwd=self.path, env=environment, text=True, stdout=pipe, stderr=pipe
        )

    def run(self, *words):
        with self.start(*words) as process:
            out, said = process.communicate(timeout=200)
        assert process.returncode == 0, (out, said)
        return out

    @property
    def evolve(self):
        words = ["evolve", "--children", "1", "--workers", "1", "--name", "run"]
        words += ["--benchmark", "benchmark", "--seed-agent", "learner"]
        words += ["--model", MODEL, "--base-url", self.server.address]
        return words + [word for setting in self.settings for word in ("--set", setting)]

    @property
    def books(self):
        return json.loads(self.run("cost", "run", "--json"))


@pytest.fixture
def server():
    with UpstreamServer(good) as server:
        yield server


@pytest.fixture
def place(tmp_path, server, bubblewrapped):
    return Place(tmp_path, server)


def tokens(spent):
    kinds = ("input_tokens", "cache_read_tokens", "cache_write_tokens")
    return [sum(spent[kind] for kind in kinds), spent["output_tokens"]]


def usd(spent):
    names = {"input": "input_tokens", "output": "output_tokens"}
    return sum(
        price * spent[names.get(kind, f"{kind}_tokens")] / 1e6 for kind, price in USD.items()
    )


@pytest.mark.slow
def test_run_is_charged_what_its_provider_bills_and_told_what_the_cache_saved(place, server):
    place.run(*place.evolve)
    spent = place.books["spent"]
    assert spent["calls"] == len(server.seen)
    assert tokens(spent) == server.billed
    assert spent["cost_usd"] == pytest.approx(usd(spent))
    saved = (spent["cache_read_tokens"] * 9 - spent["cache_write_tokens"] * 2.5) / 1e6
    assert spent["saved_usd"] == pytest.approx(saved)
    assert place.books["left"]["run"]["cost_usd"] == pytest.approx(LIMIT - spent["cost_usd"])
    assert "USD saved" in place.run("cost", "run")
    frozen = (place.path / "archive" / "run" / "run.toml").read_text()
    assert f'[prices."{MODEL}"]' in frozen


@pytest.mark.slow
@pytest.mark.parametrize("step", ["diagnose", "evaluate"])
def test_call_under_way_when_the_run_is_killed_stays_reserved_and_is_never_forgotten(
    place, server, step
):
    hung = []

    def hangs(seen):
        # The second question is that of the first evaluation, after the canary's.
        is_it = is_diagnosis(seen) if step == "diagnose" else len(server.seen) == 2
        if not is_it or hung:
            return good(seen)
        hung.append(seen)
        return Break("silent", say=good(seen))

    server._otherwise = hangs
    with place.start(*place.evolve) as process:
        end = time.monotonic() + 60
        while not hung and process.poll() is None:
            assert time.monotonic() < end
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert hung

    cut = place.books
    assert cut["reserved"]["calls"] == 1
    held = cut["reserved"]["cost_usd"]
    assert held > 0
    left = LIMIT - cut["spent"]["cost_usd"] - held
    assert cut["left"]["run"]["cost_usd"] == pytest.approx(left)

    place.run("resume", "run")
    books = place.books
    assert books["reserved"]["calls"] == 0
    assert books["spent"]["calls"] == len(server.seen)
    assert cut["spent"]["cost_usd"] + held < books["spent"]["cost_usd"] <= LIMIT
    assert books["by_step"][step]["cost_usd"] > held
    charged = tokens(books["spent"])
    assert charged[0] >= server.billed[0]
    assert charged[1] >= server.billed[1]


@pytest.mark.slow
def test_whole_run_at_a_provider_is_replayed_without_it(place, server):
    place.run(*place.evolve)
    asked = len(server.seen)
    said = place.run("evolve", "--replay", "run", "--name", "again")
    assert "the tree is the same, 0 of " in said
    assert len(server.seen) == asked
    assert json.loads(place.run("cost", "again", "--json"))["spent"]["cost_usd"] == 0
