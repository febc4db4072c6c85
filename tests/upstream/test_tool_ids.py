"""Ids of tool calls as providers make them up: they go to the agent, and come back, as they are.

Some servers hide a state of their own in them (thousands of characters), some want them back in a
form that the model was trained on, some give none or what is no text.
"""

import json

import pytest

from dgm.gateway.tokens import estimate_input_tokens
from dgm.gateway.transcript import read_transcript
from dgm.gateway.wire import Message, Request, ToolResult, ToolUse
from tests.upstream.agents import (
    HI,
    anthropic_at,
    by_chat,
    by_messages,
    by_responses,
    openai_at,
)
from tests.upstream.conftest import MODELS
from tests.upstream.server import Say

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
ARGUMENTS = '{"city": "Oslo"}'
KEPT = {
    "long": "call_" + "x" * 300,
    "very long": "call_1__thought__" + "QUJD" * 10_000,
    "odd": "functions.weather:0",
    "very odd": ' é🌍"\\/\n\t\x00\x7f\x9b',
}
MENDED = {"half a character": ("call_\ud800", "call_\ufffd"), "a number": (7, "7")}


def ask_messages(path, streams):
    """Ask with a tool, and send its result; give the id the agent was told."""
    tools = [{"name": "weather", "description": "w", "input_schema": SCHEMA}]
    with anthropic_at(path) as client:
        first = by_messages(client, streams=streams, tools=tools)
        (use,) = [block for block in first.content if block.type == "tool_use"]
        said = {"type": "tool_use", "id": use.id, "name": use.name, "input": use.input}
        result = {"type": "tool_result", "tool_use_id": use.id, "content": "it rains"}
        turns = [*HI, {"role": "assistant", "content": [said]}]
        turns.append({"role": "user", "content": [result]})
        by_messages(client, streams=streams, tools=tools, messages=turns)
    return use.id


def ask_chat(path, streams):
    function = {"name": "weather", "description": "w", "parameters": SCHEMA}
    tools = [{"type": "function", "function": function}]
    with openai_at(path) as client:
        message = by_chat(client, streams=streams, tools=tools).choices[0].message
        (call,) = message.tool_calls
        again = {"name": call.function.name, "arguments": call.function.arguments}
        calls = [{"id": call.id, "type": "function", "function": again}]
        turns = [*HI, {"role": "assistant", "content": None, "tool_calls": calls}]
        turns.append({"role": "tool", "tool_call_id": call.id, "content": "it rains"})
        by_chat(client, streams=streams, tools=tools, messages=turns)
    return call.id


def ask_responses(path, streams):
    tool = {"type": "function", "name": "weather", "parameters": SCHEMA, "strict": False}
    with openai_at(path) as client:
        first = by_responses(client, streams=streams, tools=[tool])
        (call,) = [item for item in first.output if item.type == "function_call"]
        said = {"type": "function_call", "call_id": call.call_id}
        said |= {"name": call.name, "arguments": call.arguments}
        result = {"type": "function_call_output", "call_id": call.call_id, "output": "it rains"}
        turns = [*HI, said, result]
        by_responses(client, streams=streams, tools=[tool], input=turns)
    return call.call_id


def ids_in(value):
    """The ids of calls and results in a request, in either vendor's words, in order."""
    if isinstance(value, list):
        return [found for item in value for found in ids_in(item)]
    if not isinstance(value, dict):
        return []
    own = [value[name] for name in ("tool_use_id", "tool_call_id") if name in value]
    if value.get("type") in ("tool_use", "function") and "id" in value:
        own.append(value["id"])
    return own + [found for item in value.values() for found in ids_in(item)]


@pytest.fixture(params=[ask_messages, ask_chat, ask_responses], ids=["messages", "chat", "resp"])
def dialect(request):
    return request.param


def go_round(gateway, spec, short, dialect, streams, **fields):
    """Let an agent use a tool; give the id it was told, and the session."""
    with gateway.open(spec(**fields)) as session:
        session.listen(short / "model.sock")
        return dialect(short / "model.sock", streams), session


@pytest.mark.parametrize(("model", "streams"), [*zip(MODELS, (False, True), strict=True)])
@pytest.mark.parametrize(
    ("given", "told"),
    [*((id_, id_) for id_ in KEPT.values()), *MENDED.values(), ("", None)],
    ids=[*KEPT, *MENDED, "none"],
)
def test_id_goes_round_is_recorded_and_replayed(
    gateway, spec, short, upstream, dialect, model, streams, given, told
):
    upstream.plan.append(Say("", tools=((given, "weather", ARGUMENTS),)))
    heard, session = go_round(gateway, spec, short, dialect, streams, model=model)
    assert heard
    assert told in (heard, None)
    assert ids_in(upstream.seen[1].body["messages"]) == [heard, heard]
    assert session.usage.calls == 2
    recorded = spec(model).transcript
    first, second = read_transcript(recorded)
    assert [block.id for block in first.reply.content] == [heard]
    assert second.reply

    fields = {"recorded": recorded, "transcript": short / "again.jsonl"}
    again, replay = go_round(gateway, spec, short, dialect, streams, model=model, **fields)
    assert (again, replay.divergence) == (heard, "")
    assert len(upstream.seen) == 2


def test_long_ids_are_paid_for():
    """They are as long as the agent makes them: the budget must know."""

    def tokens(id_):
        use, result = ToolUse(id_, "weather", {}), ToolResult(id_, "it rains")
        turns = (Message("assistant", (use,)), Message("user", (result,)))
        return estimate_input_tokens(Request("m", 1, turns))

    assert tokens("x" * 30_000) > 2 * 9_000 + tokens("call_1")
    assert tokens("x" * 40) == tokens("call_1")


@pytest.mark.parametrize("number", ["1e400", "-1e400"])
def test_arguments_beyond_all_numbers_do_not_damage_the_record(
    gateway, spec, short, upstream, number
):
    written = f'{{"city": {number}}}'
    upstream.plan.append(Say("", tools=(("t1", "weather", written),)))
    go_round(gateway, spec, short, ask_chat, False, model=MODELS[1])
    first, _ = read_transcript(spec(MODELS[1]).transcript)
    assert first.reply.content[0].malformed == written
    assert json.dumps(dict(first.reply.content[0].input), allow_nan=False) == "{}"
