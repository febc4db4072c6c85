"""An agent that knows only the vendors' SDKs, unmodified, in a sandbox with no network and no key.

The packages are the agent's own, as `pip install --target` lays them out; it is told where the
model is by nothing but the variables of the agent contract.
"""

import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dgm.gateway.server import GatewayServer
from dgm.records import AgentCode, AgentManifest, Outcome, SandboxLimits
from dgm.rollout import AgentRunner, RolloutOrder
from dgm.workspaces import Workspaces
from tests.upstream.conftest import KEY, MODELS
from tests.upstream.server import Refuse, Say, messages_error

AGENT = """
import json, os, pathlib, sys
sys.path.insert(0, "packages")
import anthropic, openai

hi = [{"role": "user", "content": "hi"}]
schema = {"type": "object", "properties": {"city": {"type": "string"}}}
one, other = anthropic.Anthropic(), openai.OpenAI()
found = {}

tool = {"name": "weather", "description": "w", "input_schema": schema}
message = one.messages.create(model="x", max_tokens=99, messages=hi, tools=[tool])
found["tools"] = [block.input for block in message.content if block.type == "tool_use"]
with one.messages.stream(model="x", max_tokens=99, messages=hi) as stream:
    found["streamed"] = "".join(stream.text_stream)

function = {"name": "weather", "description": "w", "parameters": schema}
tools = [{"type": "function", "function": function}]
choice = other.chat.completions.create(model="x", messages=hi, tools=tools).choices[0]
found["calls"] = [json.loads(call.function.arguments) for call in choice.message.tool_calls]
chunks = other.chat.completions.create(model="x", messages=hi, stream=True)
found["chunks"] = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)

try:
    one.messages.create(model="x", max_tokens=99, messages=hi)
except anthropic.BadRequestError as error:
    found["refused"] = str(error)
try:
    other.chat.completions.create(model="x", messages=hi)
except openai.BadRequestError as error:
    found["overflow"] = error.code

found["environment"] = dict(os.environ)
workspace = json.load(open(os.environ["DGM_TASK"]))["workspace"]
pathlib.Path(workspace, "found.json").write_text(json.dumps(found) + "\\n")
"""
TIMEOUT_S = 120.0  # compiling and importing both takes 3.4 s of processor time
CALLS = (("t1", "weather", '{"city": "Oslo"}'), ("t2", "weather", '{"city": "Bergen"}'))
CITIES = [{"city": "Oslo"}, {"city": "Bergen"}]


def closure(*names: str) -> set[str]:
    """The packages with everything they need."""
    known: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        try:
            needed = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue  # needed on other platforms only
        known.add(name)
        needed = [need for need in needed if "extra" not in need]
        plain = [re.split(r"[^\w.-]", need, maxsplit=1)[0] for need in needed]
        waiting += [need for need in plain if need not in known]
    return known


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    """An agent with both SDKs as they are installed here, but for their bytecode.

    That goes by the time of its source, which no file keeps on its way into a sandbox, and is half
    of the 11,000 files that would have to go there.
    """
    inside = subprocess.run(
        ["/usr/bin/python3", "-c", "import sys; print(sys.version_info[:2])"],
        capture_output=True, text=True, check=False,
    ).stdout.strip()  # fmt: skip
    if inside != f"{sys.version_info[:2]}":
        pytest.skip(f"packages built for {sys.version_info[:2]} do not load in {inside}")
    folder = tmp_path_factory.mktemp("agent")
    (folder / "main.py").write_text(AGENT)
    for name in closure("anthropic", "openai"):
        for file in importlib.metadata.files(name) or ():
            source, target = Path(str(file.locate())), folder / "packages" / file
            is_left_out = ".." in file.parts or "__pycache__" in file.parts
            if not is_left_out and source.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_unmodified_sdks_work_in_the_sandbox(
    bubblewrapped, agent, upstream, gateway: GatewayServer, tmp_path, model
):
    refuse = Refuse(400, messages_error("invalid_request_error", "no such thing"))
    too_long = Refuse(400, messages_error("invalid_request_error", "prompt is too long: 9 > 8"))
    upstream.plan += [Say("", tools=CALLS), Say("a stream"), Say("", tools=CALLS), Say("chunks")]
    upstream.plan += [refuse, too_long]
    repo = tmp_path / "repo"
    repo.mkdir()
    (repo / "README").write_text("a repository\n")
    manifest = AgentManifest(("python3", "main.py"), ("true",))
    order = RolloutOrder(
        id="r1", run="t", agent=AgentCode("tree", agent, manifest), statement="try it",
        workspace=repo, folder=tmp_path / "rollout", model=model, seed="s",
        accounts=("rollout/r1", "run"), timeout_s=TIMEOUT_S, limits=SandboxLimits(memory_mb=1024),
    )  # fmt: skip
    runner = AgentRunner(bubblewrapped, gateway, Workspaces(tmp_path / "cache"))
    work = runner.run(order)
    output = (tmp_path / "rollout" / "output.txt").read_text()
    assert work.exit_code == 0, output
    line = next(x for x in work.patch.decode().splitlines() if x.startswith('+{"tools"'))
    found = json.loads(line[1:])
    assert found["tools"] == found["calls"] == CITIES
    assert (found["streamed"], found["chunks"]) == ("a stream", "chunks")
    assert "no such thing" in found["refused"]
    assert found["overflow"] == "context_length_exceeded"
    assert "context of the model was exceeded" in work.detail
    assert work.cause is Outcome.FAILED
    assert (work.usage.calls, len(upstream.seen)) == (6, 6)
    assert KEY not in json.dumps(found) + output
    transcript = b"".join(path.read_bytes() for path in (tmp_path / "rollout").iterdir())
    assert KEY.encode() not in transcript
