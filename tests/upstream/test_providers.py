"""Both providers through their real SDKs against an upstream that speaks the real formats."""

import time

import pytest

from dgm.errors import (
    ModelUnusableError,
    OverloadedError,
    ProviderError,
    RequestRefusedError,
)
from dgm.gateway.protocol import BrokenAnswerError, CallContext
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
from tests.upstream.conftest import KEY, providers_at
from tests.upstream.server import Break, Refuse, Say, chat_error, messages_error

NAMES = ("anthropic", "openai")
CONTEXT = CallContext("seed", 0, 60.0)
WEATHER = ToolSpec("weather", "Says the weather.", {"type": "object", "properties": {}})
ASK = Request("m-1", 100, (Message("user", (Text("hi"),)),), system="Be brief.")


@pytest.fixture(params=NAMES)
def provider(request, providers):
    return providers[request.param]


def complete(provider, request=ASK, context=CONTEXT):
    return provider.complete(request, context)


def test_text_usage_and_cached_tokens_come_back(provider, upstream):
    upstream.plan.append(Say("Grüße, 世界 🌍", input_tokens=7, output_tokens=9, cached=30))
    reply = complete(provider)
    assert reply.content == (Text("Grüße, 世界 🌍"),)
    assert (reply.input_tokens, reply.cache_read_tokens, reply.output_tokens) == (7, 30, 9)
    assert (reply.stop_reason, reply.model, reply.is_estimated) == ("end_turn", "m-1", False)


def test_cache_writes_are_counted(providers, upstream):
    upstream.plan.append(Say(input_tokens=3, written=40))
    assert complete(providers["anthropic"]).cache_write_tokens == 40


def test_key_goes_to_the_upstream_and_nowhere_else(provider, upstream):
    reply = complete(provider)
    assert KEY in str(upstream.seen[0].headers)
    assert KEY not in repr(reply) + repr(provider) + repr(provider._upstream)


def test_parallel_tool_calls_are_gathered(provider, upstream):
    tools = (("t1", "weather", '{"city": "Oslo"}'), ("t2", "weather", '{"city": "Bergen"}'))
    upstream.plan.append(Say("Let me look.", tools=tools))
    reply = complete(provider)
    assert reply.content == (
        Text("Let me look."),
        ToolUse("t1", "weather", {"city": "Oslo"}),
        ToolUse("t2", "weather", {"city": "Bergen"}),
    )
    assert reply.stop_reason is StopReason.TOOL_USE


@pytest.mark.parametrize("arguments", ['{"city": "Os', "[1]", '{"a": NaN}', '"text"'])
def test_malformed_arguments_are_kept_as_they_were_written(provider, upstream, arguments):
    upstream.plan.append(Say("", tools=(("t1", "weather", arguments),)))
    assert complete(provider).content == (ToolUse("t1", "weather", {}, malformed=arguments),)


def test_tool_call_without_arguments_has_none(provider, upstream):
    upstream.plan.append(Say("", tools=(("t1", "weather", ""),)))
    assert complete(provider).content == (ToolUse("t1", "weather", {}),)


def test_thinking_with_signature_comes_and_goes_back_unchanged(providers, upstream):
    upstream.plan.append(Say("done", thinking="let me see", signature="c2ln", redacted="cmVk"))
    reply = complete(providers["anthropic"])
    thoughts = (Thinking("let me see", "c2ln"), Thinking("", redacted="cmVk"))
    assert reply.content == (*thoughts, Text("done"))
    turns = (*ASK.messages, Message("assistant", reply.content), *ASK.messages)
    complete(providers["anthropic"], Request("m-1", 100, turns))
    assert upstream.seen[-1].body["messages"][1]["content"] == [
        {"type": "thinking", "thinking": "let me see", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "cmVk"},
        {"type": "text", "text": "done"},
    ]


def test_reasoning_of_a_compatible_server_is_shown(providers, upstream):
    upstream.plan.append(Say("done", thinking="let me see"))
    assert complete(providers["openai"]).content == (Thinking("let me see"), Text("done"))


@pytest.mark.parametrize(
    ("name", "stop", "reason"),
    [
        ("anthropic", "max_tokens", StopReason.MAX_TOKENS),
        ("anthropic", "refusal", StopReason.REFUSAL),
        ("anthropic", "model_context_window_exceeded", StopReason.CONTEXT_FULL),
        ("openai", "length", StopReason.MAX_TOKENS),
        ("openai", "content_filter", StopReason.REFUSAL),
        ("openai", "eos", StopReason.END_TURN),
        ("openai", "tool_calls", StopReason.END_TURN),
    ],
)
def test_stop_reasons_are_understood(providers, upstream, name, stop, reason):
    upstream.plan.append(Say(stop=stop))
    assert complete(providers[name]).stop_reason is reason


def test_stop_beside_tool_calls_means_tool_use(providers, upstream):
    upstream.plan.append(Say(stop="stop", tools=(("t1", "weather", "{}"),)))
    assert complete(providers["openai"]).stop_reason is StopReason.TOOL_USE


def test_stop_sequence_is_named(providers, upstream):
    upstream.plan.append(Say(stop="stop_sequence", stop_sequence="END"))
    assert complete(providers["anthropic"]).stop_sequence == "END"


FULL = Request(
    "m-1",
    200,
    (
        Message("user", (Text("look"), Image("image/png", "aGk="))),
        Message("assistant", (Text("I look."), ToolUse("t1", "weather", {"city": "Oslo"}))),
        Message("user", (ToolResult("t1", "rain", is_error=True), Text("and?"))),
    ),
    system="Be brief.",
    tools=(WEATHER,),
    temperature=0.5,
    stop_sequences=("END",),
    tool_choice=ToolChoice("tool", "weather", parallel=False),
    top_p=0.9,
    reasoning=Reasoning(effort="low"),
    output_schema={"type": "object", "additionalProperties": False},
)


def test_everything_a_request_can_hold_reaches_anthropic(providers, upstream):
    complete(providers["anthropic"], FULL)
    cached = {"cache_control": {"type": "ephemeral"}}
    image = {"type": "base64", "media_type": "image/png", "data": "aGk="}
    failed = {"type": "tool_result", "tool_use_id": "t1", "content": "rain", "is_error": True}
    assert upstream.seen[0].body == {
        "model": "m-1",
        "max_tokens": 200,
        "stream": True,
        "system": [{"type": "text", "text": "Be brief.", **cached}],
        "tools": [
            {
                "name": "weather",
                "description": "Says the weather.",
                "input_schema": WEATHER.input_schema,
                **cached,
            }
        ],
        "tool_choice": {"type": "tool", "name": "weather", "disable_parallel_tool_use": True},
        "temperature": 0.5,
        "top_p": 0.9,
        "stop_sequences": ["END"],
        "output_config": {
            "effort": "low",
            "format": {"type": "json_schema", "schema": FULL.output_schema},
        },
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "look"},
                    {"type": "image", "source": image, **cached},
                ],
            },
            {
                "role": "assistant",
                "content": [
                    {"type": "text", "text": "I look."},
                    {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Oslo"}},
                ],
            },
            {"role": "user", "content": [failed, {"type": "text", "text": "and?", **cached}]},
        ],
    }


def test_everything_a_request_can_hold_reaches_openai(providers, upstream):
    complete(providers["openai"], FULL)
    call = {"name": "weather", "arguments": '{"city": "Oslo"}'}
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}
    schema = {"name": "answer", "schema": FULL.output_schema, "strict": True}
    function = {
        "name": "weather", "description": "Says the weather.", "parameters": WEATHER.input_schema,
    }  # fmt: skip
    assert upstream.seen[0].body == {
        "model": "m-1",
        "max_tokens": 200,
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.5,
        "top_p": 0.9,
        "stop": ["END"],
        "reasoning_effort": "low",
        "response_format": {"type": "json_schema", "json_schema": schema},
        "parallel_tool_calls": False,
        "tool_choice": {"type": "function", "function": {"name": "weather"}},
        "tools": [{"type": "function", "function": function}],
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "look"}, picture]},
            {
                "role": "assistant",
                "content": "I look.",
                "tool_calls": [{"id": "t1", "type": "function", "function": call}],
            },
            {"role": "tool", "tool_call_id": "t1", "content": "Error: rain"},
            {"role": "user", "content": "and?"},
        ],
    }


def answer_with(status, message, *headers):
    """The same complaint in the words of both vendors."""
    kinds = {400: "invalid_request_error", 401: "authentication_error", 404: "not_found_error"}
    both = {**messages_error(kinds.get(status, "api_error"), message)}
    both["error"] |= chat_error(message)["error"] | {"type": both["error"]["type"]}
    return Refuse(status, both, headers)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (408, ProviderError),
        (409, ProviderError),
        (429, OverloadedError),
        (500, ProviderError),
        (502, ProviderError),
        (503, OverloadedError),
        (529, OverloadedError),
        (400, RequestRefusedError),
        (413, RequestRefusedError),
        (422, RequestRefusedError),
        (401, ModelUnusableError),
        (402, ModelUnusableError),
        (403, ModelUnusableError),
        (404, ModelUnusableError),
    ],
)
def test_every_status_is_the_error_it_means(provider, upstream, status, error):
    upstream.plan.append(answer_with(status, f"no, because of {KEY}"))
    with pytest.raises(error) as caught:
        complete(provider)
    assert type(caught.value) is error
    assert "no, because of [redacted]" in str(caught.value)
    assert caught.value.__cause__ is None
    assert len(upstream.seen) == 1


def test_pause_that_the_provider_asks_for_is_known(provider, upstream):
    upstream.plan.append(answer_with(429, "slow down", ("retry-after", "17")))
    with pytest.raises(OverloadedError) as caught:
        complete(provider)
    assert caught.value.retry_after_s == 17.0


def test_html_with_an_error_status_is_a_proxy_that_fails(provider, upstream):
    upstream.plan.append(Refuse(502, "<html><title>502 Bad Gateway</title></html>"))
    with pytest.raises(ProviderError, match="502"):
        complete(provider)


def test_web_page_instead_of_an_api_is_a_wrong_address(provider, upstream):
    upstream.plan.append(Refuse(200, "<html>welcome</html>"))
    with pytest.raises(ModelUnusableError, match=r"answers with a web page.*set model.base_url"):
        complete(provider)


def test_web_page_from_an_address_that_has_answered_is_tried_again(provider, upstream):
    complete(provider)
    upstream.plan.append(Refuse(200, "<html>maintenance</html>"))
    with pytest.raises(ProviderError, match="answered with text/html"):
        complete(provider)


@pytest.mark.parametrize("how", ["reset", "end", "garbage"])
def test_broken_stream_is_charged_for_what_was_counted(provider, upstream, how):
    upstream.plan.append(Break(how, say=Say("x" * 100, input_tokens=10)))
    with pytest.raises(BrokenAnswerError) as caught:
        complete(provider)
    assert caught.value.counted.input_tokens > 0
    assert caught.value.counted.output_tokens > 0
    assert caught.value.counted.is_estimated


def test_silence_in_a_stream_ends_it(upstream):
    with providers_at(upstream.address, silence_s=0.3) as both:
        for name, provider in both.items():
            upstream.plan.append(Break("silent"))
            began = time.monotonic()
            with pytest.raises(BrokenAnswerError, match=f"no whole answer from {name}"):
                complete(provider)
            assert time.monotonic() - began < 20


def test_nobody_waits_longer_than_the_deadline(provider, upstream):
    upstream.plan.append(Break("silent"))
    with pytest.raises(ProviderError):
        complete(provider, context=CallContext("seed", 0, 0.3))


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("overloaded_error", BrokenAnswerError),
        ("api_error", BrokenAnswerError),
        ("invalid_request_error", RequestRefusedError),
        ("authentication_error", ModelUnusableError),
    ],
)
def test_error_inside_a_stream_is_the_error_it_means(provider, upstream, kind, error):
    said = {**messages_error(kind, "said in the stream")}
    upstream.plan.append(Break("error", error=said))
    with pytest.raises(error, match="said in the stream"):
        complete(provider)


def test_nobody_listening_is_a_provider_out_of_reach():
    with providers_at("http://127.0.0.1:9") as both:
        for provider in both.values():
            with pytest.raises(ProviderError, match=r"127.0.0.1:9.*refused"):
                complete(provider)


def test_redirect_is_not_followed_with_the_key(provider, upstream):
    upstream.plan.append(Refuse(307, {}, (("location", "/elsewhere"),)))
    with pytest.raises(ModelUnusableError, match="has moved"):
        complete(provider)
    assert len(upstream.seen) == 1


def test_empty_message_is_no_answer(provider, upstream):
    upstream.plan.append(Say(""))
    with pytest.raises(BrokenAnswerError, match="the message is empty"):
        complete(provider)


def test_empty_message_after_the_last_token_is_an_answer(providers, upstream):
    upstream.plan += [Say("", stop="max_tokens"), Say("", stop="length")]
    for name in NAMES:
        assert complete(providers[name]).stop_reason is StopReason.MAX_TOKENS


@pytest.mark.parametrize("stop", ["weary", "pause_turn"])
def test_stop_reason_that_nobody_knows_is_no_answer(provider, upstream, stop):
    upstream.plan.append(Say(stop=stop))
    with pytest.raises(BrokenAnswerError, match=stop):
        complete(provider)


def test_missing_usage_is_estimated_and_said_to_be(provider, upstream):
    upstream.plan.append(Say("x" * 300, usage=False))
    reply = complete(provider)
    assert reply.is_estimated
    assert reply.output_tokens >= 100
    assert reply.input_tokens > 0
