"""The seed agent at work: a real process, real files, a small server that answers as a model."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from dgm.gateway.builtin import improver
from dgm.gateway.builtin.conversation import read
from dgm.gateway.builtin.verbs import View
from dgm.gateway.protocol import CallContext
from dgm.gateway.wire import Block, Message, Request, Text, ToolResult, ToolSpec, ToolUse
from dgm.resources import data_folder

SEED = data_folder("agents/seed")
Answer = Callable[[Request, CallContext], tuple[Text | ToolUse, ...]]


def decode(body: dict[str, Any]) -> Request:
    tools = (
        ToolSpec(t["name"], t.get("description", ""), t["input_schema"]) for t in body["tools"]
    )
    messages = (Message(m["role"], tuple(_blocks(m["content"]))) for m in body["messages"])
    return Request(body["model"], body["max_tokens"], tuple(messages), body["system"], tuple(tools))


def _blocks(content: str | list[dict[str, Any]]) -> Iterator[Block]:
    for block in [{"type": "text", "text": content}] if isinstance(content, str) else content:
        if block["type"] == "text":
            yield Text(block["text"])
        elif block["type"] == "tool_use":
            yield ToolUse(block["id"], block["name"], block["input"])
        else:
            yield ToolResult(block["tool_use_id"], block["content"], block["is_error"])


def _encoded(block: Text | ToolUse, number: str) -> dict[str, Any]:
    if isinstance(block, Text):
        return {"type": "text", "text": block.text}
    return {"type": "tool_use", "id": number, "name": block.name, "input": dict(block.input)}


@contextmanager
def serving(answer: Answer, seed: str) -> Iterator[tuple[str, list[Request]]]:
    """Serve an answering function over HTTP; give its address and the requests it saw."""
    seen: list[Request] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = decode(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            blocks = answer(request, CallContext(seed, len(seen)))
            content = [_encoded(b, f"call_{len(seen)}_{n}") for n, b in enumerate(blocks)]
            seen.append(request)
            data = json.dumps({"role": "assistant", "content": content}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(frozen=True)
class Work:
    """What an agent's run left: its output, its exit code, and what the model was asked."""

    stdout: str
    exit_code: int
    requests: list[Request]


def run_agent(agent: Path, workspace: Path, problem: str, answer: Answer, seed: str = "1") -> Work:
    """Put an agent to work on a workspace, as its contract says."""
    task = workspace.parent / f"{workspace.name}-task.json"
    task.write_text(json.dumps({"problem": problem, "workspace": str(workspace)}))
    with serving(answer, seed) as (address, requests):
        env = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", "DGM_TASK": str(task)}
        env |= {"ANTHROPIC_BASE_URL": address, "ANTHROPIC_API_KEY": "dummy"}
        done = subprocess.run(
            [sys.executable, "main.py"],
            cwd=agent, env=env, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    return Work(done.stdout + done.stderr, done.returncode, requests)


def improve(agent: Path, child: Path, seed: str, proposal: str = "Make it better.") -> Work:
    """Let an agent change a copy of its own repository."""
    shutil.copytree(agent, child, ignore=shutil.ignore_patterns("__pycache__"))
    problem = f"# Improve this coding agent\n\n{proposal}"
    return run_agent(agent, child, problem, improver.answer, seed)


def own_tests_pass(agent: Path) -> bool:
    command = [sys.executable, "-B", "-m", "unittest", "discover", "-q", "-s", "tests"]
    try:
        done = subprocess.run(command, cwd=agent, capture_output=True, timeout=60, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def fix_greeting(request: Request, _: CallContext) -> tuple[Text | ToolUse, ...]:
    """Answer as a model that views one file, changes it and stops."""
    conversation = read(request)
    looks = [step for step in conversation.steps if isinstance(step.action, View)]
    if not looks:
        call = conversation.box.view("greeting.txt")
    elif len(conversation.steps) == 1 and looks[0].succeeded:
        box = conversation.box
        call = box.overwrite("greeting.txt", "hello\n") or box.replace(
            "greeting.txt", "helo", "hello"
        )
    else:
        call = None
    return (call,) if call else (Text("done"),)


def can_edit_a_file(agent: Path, workspace: Path) -> bool:
    """Say whether an agent can still carry out a model's edit."""
    greeting = workspace / "greeting.txt"
    greeting.write_text("helo\n")
    run_agent(agent, workspace, "Mend the greeting.", fix_greeting)
    return greeting.read_text() == "hello\n"


class Laboratory:
    """A folder in which agents are put to work."""

    seed_agent = SEED

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, answer: Answer, agent: Path = SEED, problem: str = "Do it.") -> Work:
        """Put an agent to work on the workspace."""
        return run_agent(agent, self.workspace, problem, answer)

    @property
    def workspace(self) -> Path:
        place = self.folder / "workspace"
        place.mkdir(exist_ok=True)
        return place

    def improve(self, seed: str, proposal: str = "", agent: Path = SEED) -> tuple[Path, Work]:
        """Let an agent change a copy of itself; return the child and the work."""
        child = self.folder / f"child-{seed}"
        return child, improve(agent, child, seed, proposal)

    own_tests_pass = staticmethod(own_tests_pass)

    def can_edit_a_file(self, agent: Path) -> bool:
        return can_edit_a_file(agent, self.workspace)


@pytest.fixture
def laboratory(tmp_path: Path) -> Laboratory:
    return Laboratory(tmp_path)
