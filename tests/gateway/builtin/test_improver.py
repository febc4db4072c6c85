"""The improver: what it asks for step by step, and how a proposal shifts its odds."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from dgm.gateway.builtin import improver
from dgm.gateway.builtin.heredocs import read_writing
from dgm.gateway.builtin.tools import ToolBox
from dgm.gateway.builtin.verbs import Overwrite, Replace
from dgm.gateway.protocol import CallContext
from dgm.gateway.wire import Message, Request, Text, ToolResult, ToolSpec, ToolUse

TEXT = {"type": "string"}


def tool(name, required, **properties):
    schema = {"type": "object", "properties": properties, "required": required}
    return ToolSpec(name, "View, write or run.", schema)


SHELL = tool("sh", ["command"], command=TEXT)
FILES = tool(
    "file",
    ["action", "path"],
    action={"type": "string", "enum": ["view", "create", "overwrite"]},
    path=TEXT,
    content=TEXT,
)
VIEWER = tool("look", ["path"], path=TEXT)
LOCATOR = ToolSpec("locate", "Find suspicious lines.", SHELL.input_schema)
REPLACE = tool("change", ["path", "old", "new"], path=TEXT, old=TEXT, new=TEXT)
AGENT = {
    "agent.toml": '[agent]\ncommand = ["x"]\ntests = ["python3", "-m", "unittest"]\n',
    "limits.json": '{\n  "max_turns": 10,\n  "max_tokens": 2000\n}\n',
    "prompts/system.md": "You are an agent.\n",
    "tests/test_x.py": "LIMIT = 3\n",
}


class Agent:
    """Carries out the improver's calls on texts in memory, the way an agent would on files."""

    def __init__(self, *tools, shown=60, files=None):
        self.tools, self.shown, self.files = tools, shown, dict(files or AGENT)
        self.box = ToolBox.of(tools)
        self.calls = []

    def run(self, seed="1", proposal="", turns=12):
        said = Text(f"# Improve this coding agent\n{proposal}")
        messages = [Message("user", (said,))]
        for index in range(turns):
            request = Request("m", 4096, tuple(messages), "system", self.tools)
            blocks = improver.answer(request, CallContext(seed, index))
            assert blocks == improver.answer(request, CallContext(seed, index))
            uses = [
                ToolUse(f"{index}.{n}", b.name, b.input)
                for n, b in enumerate(blocks)
                if isinstance(b, ToolUse)
            ]
            if not uses:
                return
            self.calls += uses
            messages.append(Message("assistant", tuple(uses)))
            messages.append(Message("user", tuple(map(self.answer, uses))))
        pytest.fail("the improver never ended")

    def answer(self, use):
        match use.input:
            case {"action": "view", "path": path}:
                lines = self.files[path].splitlines()
                text = "\n".join(f"{n:6}\t{s}" for n, s in enumerate(lines[: self.shown], 1))
                if len(lines) > self.shown:
                    text += f"\n[clipped: {self.shown} of {len(lines)} lines shown]"
            case {"path": path, "content": content}:
                self.files[path] = text = content
            case {"path": path, "old": old, "new": new}:
                assert self.files[path].count(old) == 1
                self.files[path] = self.files[path].replace(old, new)
                text = "replaced"
            case {"command": command} if command.startswith("find"):
                text = "\n".join(f"./{path}" for path in self.files) + "\n[exit code 0]"
            case {"command": command} if command.startswith("cat -n "):
                lines = self.files[command.removeprefix("cat -n ")].splitlines()
                text = "\n".join(f"{n:6}\t{s}" for n, s in enumerate(lines, 1)) + "\n[exit code 0]"
            case {"command": command} if written := read_writing(command):
                self.files[written.path] = written.text
                text = "[exit code 0]"
            case {"path": path}:
                text = self.files.get(path, "Error: there is no such file")
            case {"command": _}:
                text = "OK\n[exit code 0]"
        return ToolResult(use.id, text)

    def changed(self):
        return {path for path, text in self.files.items() if AGENT.get(path) != text}


@pytest.mark.parametrize("seed", "12345678")
def test_it_makes_one_or_two_changes_and_ends(seed):
    agent = Agent(SHELL, FILES)
    agent.run(seed)
    assert 1 <= len(agent.changed()) <= 2


def test_it_runs_the_agents_own_tests_after_a_change():
    agent = Agent(SHELL, FILES)
    agent.run()
    assert agent.calls[-1].input["command"] == "timeout 60 python3 -m unittest"


def test_it_never_touches_the_agents_own_tests():
    for seed in range(30):
        agent = Agent(SHELL, FILES)
        agent.run(str(seed))
        assert "tests/test_x.py" not in agent.changed()


def test_it_overwrites_nothing_it_has_not_seen_completely():
    for seed in range(30):
        agent = Agent(SHELL, FILES, shown=2)
        agent.run(str(seed))
        assert not agent.changed() & {"limits.json", "agent.toml"}


def test_with_a_replace_tool_it_changes_a_passage_instead_of_the_whole_file():
    agent = Agent(SHELL, FILES, REPLACE)
    agent.run()
    meanings = [agent.box.understand(use) for use in agent.calls]
    assert any(isinstance(meaning, Replace) for meaning in meanings)
    assert not any(isinstance(meaning, Overwrite) for meaning in meanings)
    assert agent.changed()


@pytest.mark.parametrize("tools", [(), (VIEWER,), (VIEWER, LOCATOR)])
def test_an_agent_that_can_write_nothing_is_left_alone(tools):
    agent = Agent(*tools)
    agent.run()
    assert not agent.changed()


@pytest.mark.parametrize("seed", "12345678")
def test_an_agent_with_a_shell_alone_is_changed_with_the_shell(seed):
    agent = Agent(SHELL)
    agent.run(seed)
    assert 1 <= len(agent.changed()) <= 2
    assert agent.calls[-1].input["command"] == "timeout 60 python3 -m unittest"


def test_different_seeds_draw_different_changes():
    box, seen = ToolBox.of([SHELL, FILES]), AGENT
    drawn = {improver.draw(seen, "", random.Random(n), box).title for n in range(60)}
    assert len(drawn) >= 10


def test_a_proposal_shifts_the_odds_but_does_not_decide():
    box = ToolBox.of([SHELL, FILES])

    def share(proposal):
        drawn = [improver.draw(AGENT, proposal, random.Random(n), box) for n in range(800)]
        return Counter("tests first" in change.title for change in drawn)[True] / 800

    steered = share("Tell the model to run the tests first and begin with the failing output.")
    assert share("") < 0.1
    assert 0.8 < steered < 0.95


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a\nb\na\nb\nc\n", "a\nb\na\nB\nc\n"),
        ("x\nx\nx\n", "x\nx\nx\nx\n"),
        ("a\n", "a\nb\n"),
        ("a\nb\n", "b\n"),
        ("same\nsame\n", "same\n"),
    ],
)
def test_a_passage_occurs_once_and_leads_to_the_new_text(old, new):
    before, after = improver._passage(old, new)
    assert old.count(before) == 1
    assert old.replace(before, after) == new
