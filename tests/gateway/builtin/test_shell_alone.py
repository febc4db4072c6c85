"""An agent whose only tool is a shell: files are written with it, and its answers unwrapped."""

import json
import subprocess

import pytest

from dgm.gateway.builtin.heredocs import read_writing, writing
from dgm.gateway.builtin.tools import ToolBox
from dgm.gateway.builtin.verbs import Overwrite, Run
from dgm.gateway.builtin.wrappings import unwrapped
from dgm.gateway.wire import ToolSpec

TEXTS = (
    "",
    "one\n",
    'it\'s "$HOME" `date` \\ $(date)\n',
    "EOF\nEOF_\n",
    "\n\nblank lines\n\n",
    "tabs\tand \x0c form feeds\r\n",
)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("path", ["a.txt", "deep/er/a b's.txt"])
def test_shell_writes_what_was_meant_and_the_command_is_understood(tmp_path, path, text):
    command = writing(path, text)
    subprocess.run(["bash", "-c", command], cwd=tmp_path, check=True)
    assert (tmp_path / path).read_bytes() == text.encode()
    assert read_writing(command) == Overwrite(path, text)


@pytest.mark.parametrize(
    "command", ["cat a.txt", "cat > a <<'EOF'\nx\nEOF\nrm a", "cat > 'a <<'EOF'\nx\nEOF", "ls"]
)
def test_other_commands_write_no_file(command):
    assert read_writing(command) is None


def tool(name, *required, **properties):
    schema = {"type": "object", "properties": properties, "required": list(required)}
    return ToolSpec(name, "", schema)


SHELL = tool("bash", "command", command={"type": "string"})
WRITER = tool("write", "path", "content", path={"type": "string"}, content={"type": "string"})


def test_shell_must_do_where_no_tool_writes():
    alone, helped, without = (ToolBox.of(tools) for tools in ([SHELL], [SHELL, WRITER], [WRITER]))
    assert alone.understand(alone.overwrite("a", "x\n")) == Overwrite("a", "x\n")
    assert alone.understand(alone.create("a", "x\n")) == Overwrite("a", "x\n")
    assert alone.understand(alone.run("cat a")) == Run("cat a")
    assert helped.overwrite("a", "x\n").name == without.overwrite("a", "x\n").name == "write"
    assert not ToolBox().can_overwrite


@pytest.mark.parametrize(
    ("answer", "plain"),
    [
        ('{"returncode": 1, "output": "a\\nb\\n"}', "a\nb\n[exit code 1]"),
        ('{\n "exit_code": 0,\n "stdout": "a", "stderr": "b"}', "a\nb\n[exit code 0]"),
        ('{"returncode": 0, "output": ""}', "[exit code 0]"),
        (
            '{"returncode": -1, "output": "", "exception_info": "timed out after 60 seconds"}',
            "timed out after 60 seconds\n[exit code -1]",
        ),
        (
            '{"returncode": 0, "output_head": "a\\nb", "output_tail": "y\\nz"}',
            "a\nb\n[clipped: the middle is not shown]\ny\nz\n[exit code 0]",
        ),
        ("<returncode>2</returncode>\n<output>\na\n</output>", "a\n[exit code 2]"),
    ],
)
def test_output_is_taken_out_of_its_wrapping(answer, plain):
    assert unwrapped(answer) == plain


@pytest.mark.parametrize(
    "answer",
    [
        "plain\n[exit code 0]",
        "{",
        '{"name": 3}',
        json.dumps({"output": "x"}),
        "[" * 100_000,
        '{"a":' * 100_000,
        "<output>x</output>",
    ],
)
def test_what_is_not_wrapped_stays_as_it_is(answer):
    assert unwrapped(answer) == answer
