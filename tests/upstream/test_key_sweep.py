"""A whole run with a real provider's SDK and a key: the provider gets it, nothing else ever does.

What the sandboxes alone must keep out is tested with them; here it is what lies between: settings,
prices, the SDKs, retries, the providers' complaints (which like to quote keys), and `--cache`.
"""

import json
import os
import secrets
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from tests.machine import LEARNER, write_agent, write_benchmark
from tests.sweep import sweep
from tests.upstream.server import Refuse, Say, UpstreamServer, chat_error, messages_error

DGM = (sys.executable, "-m", "dgm")
NAMES = {
    "anthropic": "ANTHROPIC_API_KEY",
    "openai": "OPENAI_API_KEY",
    "bedrock": "AWS_BEARER_TOKEN_BEDROCK",
}
PROPOSAL = json.dumps({"improvement_proposal": "raise the skill", "log_summary": "it failed"})
# Tells the host and the model all that a sandbox knows of its surroundings.
LOOK = """
import glob
seen = [f"{name}={value}" for name, value in os.environ.items()]
for path in glob.glob("/proc/*/environ") + glob.glob("/proc/*/cmdline"):
    try:
        seen.append(open(path, "rb").read(20000).decode(errors="replace"))
    except OSError:
        pass
print("looked", seen)
ask(" ".join(seen)[:4000])
"""


def answer(seen):
    return Say(PROPOSAL if "improvement_proposal" in json.dumps(seen.body) else "hello")


class Watch(threading.Thread):
    """Looks at the command lines and environments of all processes but one, for a while."""

    def __init__(self, canary, process):
        super().__init__()
        self.canary, self.process = canary.encode(), process
        self.hits, self.saw_itself = set(), False
        self.is_over = threading.Event()

    def run(self):
        own = Path(f"/proc/{self.process.pid}")
        line = b""
        while not self.is_over.wait(0.02):
            with suppress(OSError):  # it may have ended by now
                line = (own / "cmdline").read_bytes() or line  # empty until it is wholly begun
            for folder in Path("/proc").glob("[0-9]*"):
                with suppress(OSError):
                    self._look(folder, line, is_own=folder == own)

    def _look(self, folder, line, *, is_own):
        command = (folder / "cmdline").read_bytes()
        if self.canary in command:
            self.hits.add(f"command line {command!r}")
        if self.canary in (folder / "environ").read_bytes():
            self.saw_itself |= is_own
            # Between fork and exec a child still shows what its parent is.
            if (
                not is_own
                and command not in (line, b"")
                and (folder / "cmdline").read_bytes() != line
            ):
                self.hits.add(f"environment of {command!r}")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exc):
        self.is_over.set()
        self.join()


class Place:
    """Where a run is made: its own folders, and an environment with one key."""

    def __init__(self, path, provider, canary):
        self.path, self.provider, self.canary = path, provider, canary
        (path / "tmp").mkdir(parents=True)
        write_agent(path / "agent", LEARNER + LOOK, files={"skill.txt": "1\n"})
        write_benchmark(path / "benchmark", (1, 2))

    def evolve(self, server):
        """Evolve one child at this upstream; return its code, and all it said."""
        model = f"{self.provider}/test-1.0"
        prices = [f'prices."{model}".{kind}_usd_per_mtok=1' for kind in ("input", "output")]
        words = [*DGM, "evolve", "--children", "1", "--workers", "1", "--name", "run", "--cache"]
        words += ["--benchmark", "benchmark", "--seed-agent", "agent"]
        words += ["--model", model, *self.address(server)]
        for setting in ("benchmark.stages=[2]", "rollout.retries=0", *prices):
            words += ["--set", setting]
        self.process = subprocess.Popen(
            words, cwd=self.path, env=self.environment | self.region(server), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        with self.process, Watch(self.canary, self.process) as self.watch:
            said = self.process.communicate(timeout=200)
        return self.process.returncode, "".join(said)

    def address(self, server):
        base = "/v1" if self.provider == "openai" else ""
        return ["--base-url", f"{server.address}{base}"] if self.provider != "bedrock" else []

    def region(self, server):
        return {"AWS_REGION": "eu-north-1", "ANTHROPIC_BEDROCK_BASE_URL": server.address}

    def read(self, *words):
        done = subprocess.run(
            [*DGM, *words], cwd=self.path, env=self.environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def environment(self):
        kept = {"PATH": os.environ["PATH"], "TMPDIR": str(self.path / "tmp")}
        here = str(Path(__file__).resolve().parents[2])
        return {**kept, "PYTHONPATH": here, NAMES[self.provider]: self.canary}


@pytest.fixture(params=sorted(NAMES))
def place(request, tmp_path, bubblewrapped):
    return Place(tmp_path / "place", request.param, f"canary-{secrets.token_hex(8)}")


@pytest.mark.slow
def test_key_reaches_the_provider_and_nothing_else(place):
    with UpstreamServer(answer) as server:
        code, said = place.evolve(server)
    assert code == 0, said
    assert server.seen
    assert all(place.canary in json.dumps(seen.headers) for seen in server.seen)  # it was in use
    assert not any(place.canary in json.dumps(seen.body) for seen in server.seen)
    assert any("looked" in path.read_text() for path in place.path.rglob("output.txt"))
    assert place.watch.saw_itself
    assert not place.watch.hits

    said += "".join(place.read(*words) for words in (
        ("cost",), ("cost", "--json"), ("models",), ("models", "--json"), ("tree", "--json"),
        ("show", "best"), ("log", "seed", "canary", "--full"), ("estimate", "--like", "run"),
    ))  # fmt: skip
    assert place.canary not in said
    assert any((place.path / "archive" / ".responses").rglob("*.json"))
    assert sweep(place.path, place.canary.encode()) == []
    assert json.loads(place.read("cost", "--json"))["spent"]["cost_usd"] > 0


@pytest.mark.slow
def test_complaint_that_quotes_the_key_is_told_without_it(place):
    message = f"Incorrect API key provided: {place.canary}. See your account."
    error = messages_error("authentication_error", message)
    if place.provider == "openai":
        error = chat_error(message, code="invalid_api_key")
    if place.provider == "bedrock":
        error = {"message": message}
    with UpstreamServer(lambda _: Refuse(401, error)) as server:
        code, said = place.evolve(server)
    assert code == 2
    assert NAMES[place.provider] in said
    assert place.canary not in said
    assert sweep(place.path, place.canary.encode()) == []
    assert not place.watch.hits


def test_watch_sees_a_key_that_is_handed_on(tmp_path):
    """Positive control: a process that gives its key to a child, by variable and by argument."""
    canary = secrets.token_hex(8)
    program = "import subprocess, sys; subprocess.run(['sleep', '1.%s' % sys.argv[1]])"
    environment = {"PATH": os.environ["PATH"], "KEY": canary}
    sleeper = [sys.executable, "-c", program, "5"]
    with subprocess.Popen(sleeper, env=environment) as process, Watch(canary, process) as watch:
        process.wait(30)
    assert any("sleep" in hit for hit in watch.hits)
    assert watch.saw_itself
