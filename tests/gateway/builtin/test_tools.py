import pytest

from dgm.gateway.builtin.conversation import read
from dgm.gateway.builtin.tools import ToolBox
from dgm.gateway.builtin.verbs import Locate, Overwrite, Replace, Run, Try, View
from dgm.gateway.wire import Message, Request, Text, ToolResult, ToolSpec, ToolUse

STRING = {"type": "string"}


def spec(description="", required=(), **properties):
    schema = {"type": "object", "properties": properties, "required": list(required)}
    return ToolSpec("odd_name", description, schema)


def test_a_tool_with_one_command_is_a_shell():
    box = ToolBox.of([spec(required=["command"], command=STRING)])
    assert box.understand(box.run("ls")) == Run("ls")
    assert box.locate("ls") is None


def test_a_tool_that_speaks_of_suspicious_lines_is_a_locator():
    box = ToolBox.of([spec("Most suspicious lines", ["command"], command=STRING)])
    assert box.understand(box.locate("t")) == Locate("t")
    assert box.run("ls") is None


@pytest.mark.parametrize("write", ["overwrite", "write", "create"])
def test_a_file_tool_is_used_by_its_own_words(write):
    choice = {"type": "string", "enum": ["view", write, "str_replace"]}
    fields = dict.fromkeys(("path", "file_text", "old_str", "new_str"), STRING)
    box = ToolBox.of([spec(required=["operation", "path"], operation=choice, **fields)])
    assert box.overwrite("a", "x").input == {"operation": write, "path": "a", "file_text": "x"}
    assert box.understand(box.overwrite("a", "x")) == Overwrite("a", "x")
    assert box.understand(box.replace("a", "x", "y")) == Replace("a", "x", "y")
    assert box.understand(box.view("a")) == View("a")


def test_a_range_is_asked_for_in_the_viewers_own_way():
    choice = {"type": "string", "enum": ["view"]}
    array = {"type": "array"}
    by_array = ToolBox.of([spec(action=choice, path=STRING, view_range=array)])
    by_fields = ToolBox.of([spec(action=choice, path=STRING, start_line={}, end_line={})])
    for box in (by_array, by_fields):
        assert box.understand(box.view("a", 3, 9)) == View("a", 3, 9)


def test_a_batch_tool_takes_as_many_as_its_schema_says():
    items = {"type": "object", "properties": dict.fromkeys(("path", "old", "new"), STRING)}
    array = {"type": "array", "items": items, "maxItems": 7}
    box = ToolBox.of([spec(required=["edits", "command"], edits=array, command=STRING)])
    edits = (Replace("a", "x", "y"),)
    assert box.batch_limit == 7
    assert box.understand(box.try_candidates(edits, "t")) == Try(edits, "t")


def test_what_has_no_known_shape_is_ignored():
    box = ToolBox.of(
        [spec(colour=STRING), ToolSpec("x", "", {}), ToolSpec("y", "", {"properties": 3})]
    )
    assert box == ToolBox()


def conversation(*steps):
    choice = {"type": "string", "enum": ["view", "overwrite"]}
    tools = (
        spec(required=["action", "path"], action=choice, path=STRING, content=STRING),
        ToolSpec("sh", "", {"properties": {"command": STRING}, "required": ["command"]}),
    )
    messages = [Message("user", (Text("Fix it."),))]
    for number, (name, values, result) in enumerate(steps):
        messages.append(Message("assistant", (ToolUse(str(number), name, values),)))
        messages.append(Message("user", (ToolResult(str(number), result),)))
    return read(Request("m", 100, tuple(messages), tools=tools))


VIEW = {"action": "view", "path": "a.py"}


def test_line_numbers_are_no_part_of_the_text():
    talk = conversation(("odd_name", VIEW, "     1\ta = 1\n     2\t\n     3\tb = 2"))
    assert talk.files["a.py"].text == "a = 1\n\nb = 2\n"
    assert talk.files["a.py"].complete


def test_a_clipped_view_is_completed_by_the_rest():
    clipped = "     1\ta = 1\n     2\tb = 2\n[clipped: 2 of 4 lines shown]"
    command = {"command": "cat -n a.py | sed -n '3,200p'"}
    rest = "3\tc = 3\n     4\td = 4\n[exit code 0]"
    assert not conversation(("odd_name", VIEW, clipped)).files["a.py"].complete
    talk = conversation(("odd_name", VIEW, clipped), ("sh", command, rest))
    assert talk.files["a.py"].text == "a = 1\nb = 2\nc = 3\nd = 4\n"
    assert talk.files["a.py"].complete
