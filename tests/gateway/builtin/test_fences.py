"""Agents without tools, which run the one block of commands in each answer."""

import re
import subprocess

import pytest

from dgm.gateway.builtin import BuiltinProvider
from dgm.gateway.builtin.fences import Fences
from dgm.gateway.protocol import CallContext
from dgm.gateway.wire import Message, Request, Text, ToolSpec, ToolUse

END = "echo FINISHED_AND_DONE"
SYSTEM = f"""Answer with exactly one block of commands:

```{{}}
the command
```

To finish your work, say the command `{END}`.
"""


def work(folder, problem, word="bash", turns=30):
    """Run the blocks of a conversation in a folder; return what was run."""
    messages, run = [Message("user", (Text(problem),))], []
    for index in range(turns):
        request = Request("m", 8192, tuple(messages), SYSTEM.format(word))
        reply = BuiltinProvider().complete(request, CallContext("0", index))
        (said,) = reply.content
        (command,) = re.findall(rf"```{word}\n(.*?)\n```", said.text, re.DOTALL)
        run.append(command)
        if command == END:
            return run
        done = subprocess.run(
            ["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=False
        )
        shown = f"<returncode>{done.returncode}</returncode>\n<output>\n{done.stdout}</output>"
        messages += [Message("assistant", (said,)), Message("user", (Text(shown),))]
    return run


@pytest.mark.parametrize("word", ["bash", "mswea_bash_command"])
def test_program_is_repaired_block_by_block_and_the_work_is_ended(worker, program, word):
    files = program("duration")
    agent = worker(files)
    run = work(agent.folder, files["README.md"], word)
    assert agent.passes()
    assert run[-1] == END
    assert any(command.startswith("cat > ") and "check.py" in command for command in run)


def test_agents_repository_is_changed_too(worker):
    manifest = '[agent]\ncommand = ["x"]\ntests = ["python3", "-c", "print(1)"]\n'
    files = {"agent.toml": manifest, "limits.json": '{\n  "max_turns": 10\n}\n'}
    agent = worker(files)
    run = work(agent.folder, "# Improve this coding agent\n\nMake it better.")
    assert run[-1] == END
    texts = {path: (agent.folder / path).read_text() for path in files}
    assert texts["limits.json"] != files["limits.json"]


def request(system, *tools):
    return Request("m", 100, (Message("user", (Text("Mend it."),)),), system, tools)


def test_blocks_are_for_agents_that_ask_for_them_and_offer_no_tools():
    shell = ToolSpec("sh", "", {"properties": {"command": {}}, "required": ["command"]})
    asked = SYSTEM.format("bash")
    assert Fences.of(request(asked)) == Fences("bash")
    assert Fences.of(request(asked, shell)) is None
    assert Fences.of(request("You are a coding agent.")) is None
    assert Fences.of(request("An example:\n\n```python\nx = 1\n```\n")) is None


def test_one_block_holds_files_to_write_and_one_command():
    uses = ("cat > a <<'EOF'\nx\nEOF", "cat > b <<'EOF'\ny\nEOF", "make test", "ls")
    blocks = (Text("Now."), *(ToolUse("", "shell", {"command": use}) for use in uses))
    (said,) = Fences("bash").closed(blocks)
    assert said.text == "Now.\n\n```bash\n" + "\n".join(uses[:3]) + "\n```"
    messages = (Message("user", (Text("?"),)), Message("assistant", (said,)))
    opened = Fences("bash").opened(Request("m", 100, messages))
    calls = [b.input["command"] for b in opened.messages[1].content if isinstance(b, ToolUse)]
    assert calls == list(uses[:3])
