"""A tiny agent around the built-in model: real files, a real shell, the seed's kind of tools."""

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from dgm.gateway.builtin import BuiltinProvider
from dgm.gateway.protocol import CallContext
from dgm.gateway.wire import Message, Request, Text, ToolResult, ToolSpec, ToolUse

PROGRAMS = Path(__file__).parent / "programs"
_TEXT = {"type": "string"}
_BASH = ToolSpec(
    "bash",
    "Run a shell command.",
    {"type": "object", "properties": {"command": _TEXT}, "required": ["command"]},
)
_FILES = ToolSpec(
    "files",
    "View, create or overwrite a file.",
    {
        "type": "object",
        "properties": {
            "action": {"type": "string", "enum": ["view", "create", "overwrite"]},
            "path": _TEXT,
            "content": _TEXT,
        },
        "required": ["action", "path"],
    },
)
_REPLACE = ToolSpec(
    "swap",
    "Put a new passage in the place of an old one.",
    {
        "type": "object",
        "properties": {"path": _TEXT, "old": _TEXT, "new": _TEXT},
        "required": ["path", "old", "new"],
    },
)
_EDIT = {"type": "object", "properties": {"path": _TEXT, "old": _TEXT, "new": _TEXT}}
_TRY = ToolSpec(
    "try_edits",
    "Try candidates with a command; the first that passes stays.",
    {
        "type": "object",
        "properties": {
            "candidates": {"type": "array", "maxItems": 30, "items": _EDIT},
            "command": _TEXT,
        },
        "required": ["candidates", "command"],
    },
)
SPECS = {spec.name: spec for spec in (_BASH, _FILES, _REPLACE, _TRY)}


@dataclass
class Worker:
    """An agent in a folder: which tools it offers, what it tells the model, when it clips."""

    folder: Path
    tools: tuple[str, ...] = ("bash", "files")
    system: str = "You are a coding agent."
    max_tokens: int = 4096
    view_lines: int = 60
    wrap: Callable[[str, int], str] = "{}\n[exit code {}]".format

    def work(self, problem, turns, seed="0"):
        """Run the loop; return the requests and replies, in order."""
        messages = [Message("user", (Text(problem),))]
        specs, exchanges = tuple(SPECS[name] for name in self.tools), []
        for index in range(turns):
            request = Request("m", self.max_tokens, tuple(messages), self.system, specs)
            reply = BuiltinProvider().complete(request, CallContext(seed, index))
            exchanges.append((request, reply))
            uses = [block for block in reply.content if isinstance(block, ToolUse)]
            if not uses:
                break
            messages.append(Message("assistant", reply.content))
            messages.append(Message("user", tuple(map(self._result, uses))))
        return exchanges

    def passes(self):
        command = ["timeout", "10", "python3", "check.py"]
        return subprocess.run(command, cwd=self.folder, capture_output=True).returncode == 0

    def _result(self, use):
        try:
            return ToolResult(
                use.id, getattr(self, f"_{use.name}")(json.loads(json.dumps(use.input)))
            )
        except (OSError, ValueError) as error:
            return ToolResult(use.id, str(error), is_error=True)

    def _shell(self, command):
        # As in a sandbox: no byte code, which would be old after two edits within a second.
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            command, shell=True, cwd=self.folder, env=environment,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return self.wrap(f"{done.stdout}{done.stderr}", done.returncode)

    def _bash(self, values):
        return self._shell(values["command"])

    def _files(self, values):
        path = self.folder / values["path"]
        if values["action"] == "view":
            lines = path.read_text().splitlines()
            shown = [f"{n:6}\t{line}" for n, line in enumerate(lines[: self.view_lines], 1)]
            if len(lines) > self.view_lines:
                shown.append(f"[clipped: {self.view_lines} of {len(lines)} lines shown]")
            return "\n".join(shown)
        path.write_text(values["content"])
        return "written"

    def _swap(self, values):
        path = self.folder / values["path"]
        text = path.read_text()
        if text.count(values["old"]) != 1:
            raise ValueError("old does not occur exactly once")
        path.write_text(text.replace(values["old"], values["new"]))
        return "replaced"

    def _try_edits(self, values):
        report = []
        for number, edit in enumerate(values["candidates"], 1):
            before = (self.folder / edit["path"]).read_text()
            self._swap(edit)
            output, _, code = self._shell(values["command"]).rstrip("]").rpartition("[exit code ")
            last = (output.strip().splitlines() or [""])[-1]
            report.append(f"candidate {number}: exit {code}; {last}")
            if code == "0":
                return "\n".join([*report, f"applied candidate {number}"])
            (self.folder / edit["path"]).write_text(before)
        return "\n".join([*report, "applied none"])


@pytest.fixture
def worker(tmp_path):
    """Return a function that puts a worker into a fresh folder with the given files."""

    def start(files, **options):
        folder = tmp_path / f"work{len(list(tmp_path.iterdir()))}"
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        return Worker(folder, **options)

    return start


@pytest.fixture
def program():
    """Return a function that reads one of the small programs with a bug."""

    def read(name):
        return {path.name: path.read_text() for path in (PROGRAMS / name).glob("*.*")}

    return read


@pytest.fixture
def specs():
    """Return the tools by name, as an agent would offer them."""
    return SPECS
