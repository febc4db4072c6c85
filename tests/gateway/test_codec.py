import json

import pytest

from dgm.gateway.codec import InvalidRequestError, decode_incoming, decode_reply, decode_request
from dgm.gateway.encoding import encode_error, reply_object, request_object
from dgm.gateway.wire import (
    Image,
    Message,
    Reasoning,
    Reply,
    Request,
    StopReason,
    Text,
    Thinking,
    ToolChoice,
    ToolResult,
    ToolSpec,
    ToolUse,
)

USE = {"type": "tool_use", "id": "t1", "name": "bash", "input": {"command": "ls"}}
SCHEMA = {"type": "object", "properties": {"command": {"type": "string"}}}


def encoded(**fields: object) -> bytes:
    minimal = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "hi"}]}
    return json.dumps({**minimal, **fields}).encode()


def turns(*blocks: object) -> list[dict]:
    return [{"role": "user", "content": list(blocks)}]


def test_string_content_becomes_one_text():
    assert decode_request(encoded()) == Request("m", 1, (Message("user", (Text("hi"),)),))


def test_every_supported_field_is_decoded():
    request = decode_request(
        encoded(
            system=[{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
            tools=[{"name": "bash", "description": "runs", "input_schema": SCHEMA}],
            temperature=0.5,
            stop_sequences=["END"],
            messages=[
                {"role": "user", "content": "go"},
                {"role": "assistant", "content": [{"type": "text", "text": "so"}, USE]},
                *turns(
                    {
                        "type": "tool_result",
                        "tool_use_id": "t1",
                        "is_error": True,
                        "content": [{"type": "text", "text": "x"}, {"type": "text", "text": "y"}],
                    }
                ),
            ],
        )
    )
    assert request == Request(
        "m",
        1,
        (
            Message("user", (Text("go"),)),
            Message("assistant", (Text("so"), ToolUse("t1", "bash", {"command": "ls"}))),
            Message("user", (ToolResult("t1", "x\ny", is_error=True),)),
        ),
        system="a\n\nb",
        tools=(ToolSpec("bash", "runs", SCHEMA),),
        temperature=0.5,
        stop_sequences=("END",),
    )
    assert decode_request(json.dumps(request_object(request)).encode()) == request


def test_everything_a_request_can_hold_survives_the_wire():
    picture = Image("image/png", "aGk=")
    request = Request(
        "m",
        9,
        (
            Message("user", (Text("go"), picture)),
            Message(
                "assistant",
                (Thinking("hm", "signed"), Thinking("", redacted="x"), ToolUse("t1", "see", {})),
            ),
            Message("user", (ToolResult("t1", "look", images=(picture,)),)),
        ),
        tool_choice=ToolChoice("tool", "see", parallel=False),
        top_p=0.5,
        top_k=4,
        reasoning=Reasoning(2048, "high"),
        output_schema={"type": "object"},
    )
    assert decode_request(json.dumps(request_object(request)).encode()) == request


def test_whether_to_stream_is_no_part_of_the_request():
    incoming = decode_incoming(encoded(stream=True))
    assert incoming.streams
    assert incoming.request == decode_request(encoded())


def test_fields_that_change_nothing_are_dropped():
    text = {"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}}
    body = encoded(metadata={"user_id": "u"}, stream=False, mcp_servers=[], messages=turns(text))
    assert decode_request(body) == decode_request(encoded())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"model": 3}, "model: must be a string, not 3"),
        ({"max_tokens": 0}, "max_tokens: must be an integer of at least 1, not 0"),
        ({"max_tokens": True}, "max_tokens: must be an integer"),
        ({"messages": []}, "messages: at least one"),
        ({"messages": "hi"}, "messages: must be a list"),
        ({"messages": [{"role": "system", "content": "x"}]}, "messages[0].role: must be 'user'"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "messages[0].role: the first"),
        ({"messages": [{"role": "user"}]}, "messages[0].content: field required"),
        ({"messages": turns({"type": "text"})}, "messages[0].content[0].text: field required"),
        ({"messages": turns({"type": "image", "source": {}})}, "content[0].source.type: field req"),
        (
            {"messages": turns({"type": "image", "source": {"type": "url", "url": "http://x"}})},
            "messages[0].content[0].source.type: the gateway fetches nothing",
        ),
        ({"messages": turns({"type": "document", "source": {}})}, "'document' content is not"),
        ({"messages": turns({**USE, "input": []})}, "messages[0].content[0].input: must be an obj"),
        ({"tools": [{"type": "web_search_20250305", "name": "w"}]}, "tools[0].type: tools run by"),
        ({"tools": [{"name": "bash"}]}, "tools[0].input_schema: field required"),
        ({"mcp_servers": [{"url": "http://x"}]}, "mcp_servers: not supported"),
        ({"container": "c"}, "container: not supported"),
        ({"thinking": {"type": "enabled"}}, "thinking.budget_tokens: field required"),
        ({"stream": "yes"}, "stream: must be true or false"),
        ({"tool_choice": {"type": "every"}}, "tool_choice.type: must be 'auto' or 'any'"),
        ({"tool_choice": {"type": "tool"}}, "tool_choice.name: field required"),
        ({"output_config": {"format": {"type": "xml"}}}, "output_config.format.type: must be"),
        ({"temperature": 3}, "temperature: must be between 0 and 2"),
        ({"temperature": float("nan")}, "NaN is not a JSON number"),
        ({"stop_sequences": [1]}, "stop_sequences[0]: must be a string"),
        ({"system": 1}, "system: must be a list"),
        ({"messages": turns({"type": "text", "text": "\ud800"})}, "not valid JSON"),
    ],
)
def test_wrong_field_is_refused_by_its_name(fields, message):
    with pytest.raises(InvalidRequestError) as caught:
        decode_request(encoded(**fields))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "not valid JSON"),
        (b"\xff{}", "not valid JSON"),
        (b"[]", "must be a JSON object"),
        (b'{"model": "m"}', "messages: field required"),
        (b'{"a":' * 100_000, "not valid JSON"),
        (b'{"max_tokens": ' + b"9" * 5000 + b"}", "not valid JSON"),
    ],
)
def test_broken_body_is_refused(body, message):
    with pytest.raises(InvalidRequestError, match=message):
        decode_request(body)


def test_deep_nesting_is_refused_before_anything_recurses_into_it():
    deep: object = "x"
    for _ in range(200):
        deep = [deep]
    with pytest.raises(InvalidRequestError, match="nested deeper than 64"):
        decode_request(encoded(messages=turns({**USE, "input": {"deep": deep}})))


def test_reply_survives_the_wire():
    reply = Reply(
        (
            Thinking("hm", "signed"),
            Thinking("", redacted="secret"),
            Text("so"),
            ToolUse("t1", "bash", {"a": 1}),
            ToolUse("t2", "bash", {}, malformed="{a: 1"),
        ),
        StopReason.TOOL_USE, 7, 3, "m", "msg_1", cache_read_tokens=5, cache_write_tokens=2,
    )  # fmt: skip
    assert decode_reply(json.dumps(reply_object(reply)).encode()) == reply


def test_error_speaks_the_dialect():
    assert json.loads(encode_error("api_error", "oh")) == {
        "type": "error",
        "error": {"type": "api_error", "message": "oh"},
    }
