"""The corners of both translations: what is said in other words, left out, or refused by name."""

import pytest

from dgm.errors import RequestRefusedError
from dgm.gateway.providers import completions, messages
from dgm.gateway.providers.completions import CompletionAssembler
from dgm.gateway.providers.messages import MessageAssembler
from dgm.gateway.wire import (
    Image,
    Message,
    Reasoning,
    Request,
    StopReason,
    Text,
    Thinking,
    ToolChoice,
    ToolResult,
    ToolSpec,
    ToolUse,
)
from tests.upstream.server import count_breakpoints

HI = Message("user", (Text("hi"),))
PICTURE = Image("image/png", "aGk=")
TOOL = ToolSpec("look", "", {"type": "object"})


def asked(*turns: Message, **fields: object) -> Request:
    return Request("m", 100, turns or (HI,), **fields)


def answer(*blocks: object) -> Message:
    return Message("assistant", blocks)


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        (asked(top_k=5), "top_k"),
        (asked(reasoning=Reasoning(tokens=2048)), "thinking.budget_tokens"),
        (asked(HI, answer(Thinking("hm", "c2ln")), HI), "thinking"),
        (asked(HI, answer(Thinking("", redacted="cmVk")), HI), "thinking"),
        (asked(HI, answer(PICTURE), HI), "Image"),
        (asked(Message("user", (ToolUse("1", "look", {}),))), "ToolUse"),
    ],
)
def test_chat_refuses_by_name_what_it_cannot_say(request_, name):
    with pytest.raises(RequestRefusedError, match=name):
        completions.request_fields(request_)


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        (asked(output_schema={}), "response_format"),
        (asked(Message("user", (Text(""),))), "messages"),
    ],
)
def test_messages_refuses_by_name_what_it_cannot_say(request_, name):
    with pytest.raises(RequestRefusedError, match=name):
        messages.request_fields(request_)


@pytest.mark.parametrize(
    ("reasoning", "fields"),
    [
        (Reasoning(), {}),
        (Reasoning(effort="high"), {"reasoning_effort": "high"}),
        (Reasoning(tokens=0), {"reasoning_effort": "none"}),
        (Reasoning(is_adaptive=True), {}),
    ],
)
def test_thinking_in_chat_is_an_effort(reasoning, fields):
    said = completions.request_fields(asked(reasoning=reasoning))
    assert {name: said[name] for name in said if name == "reasoning_effort"} == fields


@pytest.mark.parametrize(
    ("reasoning", "thinking", "output"),
    [
        (Reasoning(effort="minimal"), None, {"effort": "low"}),
        (Reasoning(effort="none"), {"type": "disabled"}, None),
        (Reasoning(effort="xhigh"), None, {"effort": "xhigh"}),
        (Reasoning(tokens=2048), {"type": "enabled", "budget_tokens": 2048}, None),
        (Reasoning(is_adaptive=True), {"type": "adaptive"}, None),
    ],
)
def test_effort_of_either_vendor_is_understood(reasoning, thinking, output):
    said = messages.request_fields(asked(reasoning=reasoning))
    assert (said.get("thinking"), said.get("output_config")) == (thinking, output)


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (ToolChoice("any"), "required"),
        (ToolChoice("none"), "none"),
        (ToolChoice("auto"), None),
    ],
)
def test_choice_of_tools_in_chat(choice, said):
    fields = completions.request_fields(asked(tools=(TOOL,), tool_choice=choice))
    assert fields.get("tool_choice") == said


def test_choice_without_tools_is_not_sent():
    fields = completions.request_fields(asked(tool_choice=ToolChoice("none", parallel=False)))
    assert not {"tools", "tool_choice", "parallel_tool_calls"} & fields.keys()


def test_any_json_object_is_asked_for():
    fields = completions.request_fields(asked(output_schema={}))
    assert fields["response_format"] == {"type": "json_object"}


def test_malformed_arguments_go_back_to_either_vendor():
    turns = (HI, answer(ToolUse("1", "look", {}, malformed='{"a')), HI)
    call = completions.request_fields(asked(*turns))["messages"][1]["tool_calls"][0]
    assert call["function"]["arguments"] == '{"a'
    block = messages.request_fields(asked(*turns))["messages"][1]["content"][0]
    assert block["input"] == {"malformed_arguments": '{"a'}
    assert "malformed" not in block


def test_pictures_of_a_tool_follow_its_answer_in_chat():
    result = ToolResult("1", "see", images=(PICTURE,))
    turns = (HI, answer(ToolUse("1", "look", {})), Message("user", (Text("so?"), result)))
    said = completions.request_fields(asked(*turns))["messages"]
    assert [turn["role"] for turn in said] == ["user", "assistant", "tool", "user"]
    assert said[2] == {"role": "tool", "tool_call_id": "1", "content": "see"}
    assert [part["type"] for part in said[3]["content"]] == ["text", "text", "image_url"]


def test_empty_text_is_not_sent_to_messages():
    result = ToolResult("1", "", images=(PICTURE,))
    turns = (HI, answer(Text(""), ToolUse("1", "look", {})), Message("user", (result,)))
    turns = (*turns, answer(Text("")))
    said = messages.request_fields(asked(*turns))["messages"]
    assert '"text": ""' not in str(said).replace("'", '"')
    assert [len(turn["content"]) for turn in said] == [1, 1, 1]


@pytest.mark.parametrize(
    ("turns", "tools", "count"), [(1, (), 0), (1, (TOOL,), 3), (3, (), 3), (9, (TOOL,), 4)]
)
def test_cache_breakpoints_follow_the_growing_history(turns, tools, count):
    history = [HI if number % 2 == 0 else answer(Text("so")) for number in range(turns)]
    said = messages.request_fields(asked(*history, tools=tools, system="s"))
    assert count_breakpoints(said) == count
    if count:
        assert said["messages"][-1]["content"][-1]["cache_control"] == {"type": "ephemeral"}


def test_request_with_breakpoints_leaves_the_record_as_it_was():
    request = asked(HI, answer(Text("a")), HI, tools=(TOOL,), system="s")
    messages.request_fields(request)
    assert messages.request_fields(request) == messages.request_fields(request)
    assert "cache_control" not in str(request)


def chunk(delta: dict, finish: str | None = None, **fields: object) -> dict:
    return {"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **fields}


def gathered(*chunks: dict):
    assembler = CompletionAssembler(asked())
    for each in chunks:
        assembler.add(each)
    return assembler.reply()


def part(arguments: str, index: int = 0, **fields: object) -> dict:
    return {"tool_calls": [{"index": index, "function": {"arguments": arguments}, **fields}]}


def test_server_that_counts_no_tool_calls_begins_each_with_its_id():
    calls = [
        {"index": 0, "id": id_, "function": {"name": "look", "arguments": "{}"}} for id_ in "ab"
    ]
    reply = gathered(chunk({"tool_calls": calls}), chunk({}, "tool_calls"))
    assert [use.id for use in reply.content] == ["a", "b"]


def test_tool_call_without_id_gets_one():
    call = {"index": 0, "function": {"name": "look", "arguments": '{"a": 1}'}}
    reply = gathered(chunk({"tool_calls": [call]}), chunk({}, "stop"))
    (use,) = reply.content
    assert (use.name, use.input) == ("look", {"a": 1})
    assert use.id
    assert reply.stop_reason is StopReason.TOOL_USE


def test_tool_call_without_name_is_no_answer():
    with pytest.raises(ValueError, match="without a name"):
        gathered(chunk(part("{}")), chunk({}, "tool_calls"))


def test_refusal_in_words_is_a_refusal():
    reply = gathered(chunk({"refusal": "I will not."}), chunk({}, "stop"))
    assert (reply.content, reply.stop_reason) == ((Text("I will not."),), StopReason.REFUSAL)


def test_character_in_two_halves_is_joined():
    reply = gathered(chunk({"content": "\ud83d"}), chunk({"content": "\ude00"}), chunk({}, "stop"))
    assert reply.content == (Text("\U0001f600"),)


def test_lone_half_does_not_break_what_is_written_down():
    reply = gathered(chunk({"content": "a\ud83d"}), chunk({}, "stop"))
    reply.content[0].text.encode()


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": -1, "completion_tokens": "many"},
        {"prompt_tokens": None, "completion_tokens": None},
        {},
    ],
)
def test_nonsense_counts_are_estimated(usage):
    reply = gathered(chunk({"content": "x" * 30}), chunk({}, "stop", usage=usage))
    assert reply.is_estimated
    assert (reply.input_tokens, reply.output_tokens) > (0, 9)


def test_more_cached_than_read_is_not_believed():
    usage = {"prompt_tokens": 10, "completion_tokens": 1}
    usage["prompt_tokens_details"] = {"cached_tokens": 50}
    reply = gathered(chunk({"content": "x"}), chunk({}, "stop", usage=usage))
    assert (reply.input_tokens, reply.cache_read_tokens) == (0, 10)


def test_kinds_of_events_that_nobody_knows_yet_mean_nothing():
    assembler = MessageAssembler(asked())
    usage = {"input_tokens": 3, "output_tokens": 1}
    for event in (
        {"type": "message_start", "message": {"id": "m", "model": "m", "usage": usage}},
        {"type": "new_kind"},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "a"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "citations_delta"}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {}},
    ):
        assembler.add(event)
    assert assembler.reply().content == (Text("a"),)


def test_content_that_was_not_asked_for_is_no_answer():
    assembler = MessageAssembler(asked())
    block = {"type": "server_tool_use", "id": "1", "name": "web_search", "input": {}}
    assembler.add({"type": "content_block_start", "index": 0, "content_block": block})
    assembler.add({"type": "message_delta", "delta": {"stop_reason": "end_turn"}})
    with pytest.raises(ValueError, match="server_tool_use"):
        assembler.reply()
