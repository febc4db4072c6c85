"""The whole machine, small: tiny agents, tiny tasks, and real parts to run them with.

A tiny agent is a folder with one Python script. A tiny task asks for a number in `answer.py`; its
hidden tests know the number, the statement gives it away.
"""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from dgm.archive.store import Store
from dgm.benchmarks import quick
from dgm.benchmarks.directory import DirectoryBenchmark
from dgm.benchmarks.protocol import Benchmark
from dgm.config import Config, config_as_toml, read_config
from dgm.evolve import GRACE_S, Evolution
from dgm.fanout import ThreadFanOut
from dgm.gateway.prices import Prices
from dgm.gateway.protocol import Provider
from dgm.gateway.retry import Retry
from dgm.gateway.server import GatewayServer
from dgm.gateway.transcript import read_transcript
from dgm.records import AgentCode, AgentManifest, Outcome, Rollout, Split
from dgm.rollout import AgentRunner
from dgm.sandbox.protocol import SandboxDriver
from dgm.steps.laboratory import Laboratory
from dgm.wiring import checkouts, settle
from dgm.workspaces import Workspaces

CHECK = Path(quick.__file__).with_name("check.py")

# What every tiny agent starts with: the task, the workspace, and one way to ask the model.
PREAMBLE = """
import json, os, pathlib, socket, sys, time, zlib
task = json.load(open(os.environ["DGM_TASK"]))
workspace, problem = pathlib.Path(task["workspace"]), task["problem"]

def ask(text):
    host, port = os.environ["ANTHROPIC_BASE_URL"].split("//")[1].split(":")
    message = {"role": "user", "content": text}
    body = json.dumps({"model": "any", "max_tokens": 100, "messages": [message]})
    head = f"POST /v1/messages HTTP/1.1\\r\\nhost: {host}\\r\\nconnection: close\\r\\n"
    head += f"content-type: application/json\\r\\ncontent-length: {len(body)}\\r\\n\\r\\n"
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall((head + body).encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\\r\\n\\r\\n")
    return int(head.split()[1]), json.loads(body)

"""

# Solves tasks up to its skill; told to improve an agent, it raises that agent's skill by one.
LEARNER = """
def skill_in(folder):
    return int((folder / "skill.txt").read_text())

status, answer = ask(problem)
if status != 200:
    sys.exit(f"no model: {answer}")
if (workspace / "agent.toml").exists():
    (workspace / "skill.txt").write_text(f"{skill_in(workspace) + 1}\\n")
    with (workspace / "notes.txt").open("a") as notes:
        notes.write(f"{zlib.crc32(problem.encode())}\\n")
elif (workspace / "doubling.py").exists():
    (workspace / "doubling.py").write_text("def double(number):\\n    return number * 2\\n")
else:
    wanted = int(problem.split()[-1])
    print(f"asked for {wanted}")
    if wanted <= skill_in(pathlib.Path(".")):
        (workspace / "answer.py").write_text(f"VALUE = {wanted}\\n")
"""


def write_files(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files with their folders, and return the folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def write_agent(
    folder: Path, script: str, *, tests: str = '["true"]', files: Mapping[str, str] | None = None
) -> Path:
    """Write an agent of one script; `PREAMBLE` goes before it."""
    manifest = f'[agent]\nname = "tiny"\ncommand = ["python3", "-S", "main.py"]\ntests = {tests}\n'
    body = PREAMBLE + textwrap.dedent(script)
    return write_files(folder, {"agent.toml": manifest, "main.py": body, **(files or {})})


def write_learner(folder: Path, skill: int = 0) -> Path:
    """Write an agent that evolves: `LEARNER`, at some skill."""
    return write_agent(folder, LEARNER, files={"skill.txt": f"{skill}\n"})


def code_of(folder: Path) -> AgentCode:
    """An agent in a folder, as the archive would lay it out; the hash is only a name here."""
    command = ("python3", "-S", "main.py")
    return AgentCode(f"tree-of-{folder.name}", folder, AgentManifest(command, ("true",)))


def write_task(
    benchmark: Path,
    name: str,
    number: int = 1,
    *,
    seconds: float = 20.0,
    files: Mapping[str, str] | None = None,
) -> Path:
    """Write a Harbor task that wants `answer.py` to hold a number."""
    folder = benchmark / name
    hidden = f"from answer import VALUE\n\n\ndef test_value():\n    assert VALUE == {number}\n"
    test = (
        "mkdir -p $DGM_LOGS/verifier\n"
        "python3 $DGM_TESTS/check.py -v && reward=1 || reward=0\n"
        "echo $reward > $DGM_LOGS/verifier/reward.txt\n"
    )
    write_files(
        folder,
        {
            "instruction.md": f"{name}: `VALUE` in answer.py should be {number}\n",
            "task.toml": f"[agent]\ntimeout_sec = {seconds}\n[verifier]\ntimeout_sec = 20\n",
            "environment/Dockerfile": "FROM scratch\nWORKDIR /workspace\nCOPY repo/ /workspace/\n",
            "environment/repo/answer.py": "VALUE = 0\n",
            "tests/test.sh": test,
            "tests/test_hidden.py": hidden,
            "solution/answer.py": f"VALUE = {number}\n",
            "solution/solve.sh": "cp $DGM_SOLUTION/answer.py $DGM_WORKSPACE/answer.py\n",
            **(files or {}),
        },
    )
    shutil.copyfile(CHECK, folder / "tests" / "check.py")
    return folder


def write_benchmark(folder: Path, numbers: tuple[int, ...] = (1, 2, 3)) -> Path:
    """Write one task a number, in place of what was there; every second one is sealed."""
    shutil.rmtree(folder, ignore_errors=True)
    for position, number in enumerate(numbers):
        write_task(folder, f"t{position}-wants-{number}", number)
    return folder


@dataclass(frozen=True)
class Machine:
    """Real parts around a place to work in; wrap one to spoil it (see `fakes.py`)."""

    place: Path
    sandboxes: SandboxDriver
    provider: Provider

    def config(self, *settings: str) -> Config:
        """Settings for small runs, and more laid over them."""
        small = ("workers=1", "benchmark.stages=[2]", "budget.children=1", "rollout.tokens=20000")
        return read_config("", [*small, *settings])

    @contextmanager
    def laboratory(
        self,
        config: Config | None = None,
        *,
        folder: Path | None = None,
        benchmark: Benchmark | None = None,
    ) -> Iterator[Laboratory]:
        """Open the parts the steps share; the benchmark is the folder `benchmark` by default."""
        config = config or self.config()
        retry = Retry(Random(1), attempts=4, sleep=lambda _: None)
        gateway = GatewayServer(
            {"builtin": self.provider}, Prices(), random=Random(1), retry=retry, grace_s=0.2
        )
        workspaces = Workspaces(self.place / f"cache{len(list(self.place.glob('cache*')))}")
        tasks = benchmark or DirectoryBenchmark("tiny", self.place / "benchmark", workspaces)
        with gateway:
            runner = AgentRunner(self.sandboxes, gateway, workspaces)
            yield Laboratory("run", folder or self.place / "run", config, tasks, runner)

    @contextmanager
    def evolution(
        self,
        store: Store,
        config: Config | None = None,
        benchmark: Benchmark | None = None,
        grace_s: float = GRACE_S,
    ) -> Iterator[Evolution]:
        """Build the loop over an open run, as `dgm.wiring` does."""
        config = config or self.config()
        with (
            self.laboratory(config, folder=store.run.path, benchmark=benchmark) as lab,
            ThreadFanOut[Rollout](config.workers) as fanout,
            checkouts(store.repository) as checkout,
        ):
            store.add_tasks(lab.benchmark.tasks())
            yield Evolution(lab, store, fanout, checkout, settle(lab, store), grace_s)

    @contextmanager
    def new_run(self, seed: Path, name: str = "run", *settings: str) -> Iterator[Store]:
        """Create a run with a seed agent."""
        config = self.config(*settings)
        with Store.create(self.place / "archive" / name, config_as_toml(config)) as store:
            store.add_seed(seed)
            yield store


def facts(store: Store) -> dict[str, object]:
    """What must not depend on interruptions: the tree, and every outcome that is evidence."""
    agents = [
        (a.id, a.parent_id, str(a.state), a.tree_hash, a.title, a.reason, a.selection_probability)
        for a in store.agents()
    ]
    outcomes = {
        (r.key.purpose, r.key.tree_hash, r.key.task_digest, r.key.attempt): str(r.outcome)
        for r in store.rollouts()
        if r.outcome is not Outcome.INFRASTRUCTURE
    }
    return {"agents": agents, "outcomes": outcomes}


def solved_tasks(store: Store, agent_id: str, split: Split = Split.SEARCH) -> dict[str, str]:
    """Task id to outcome, over the evidence about an agent."""
    return {r.task_id: str(r.outcome) for r in store.evaluations(agent_id, split)}


def prompts_in(folder: Path) -> list[str]:
    """The first user message of every call in a rollout's transcript."""
    exchanges = read_transcript(folder / "transcript.jsonl")
    return [str(exchange.request.messages[0].content) for exchange in exchanges]
