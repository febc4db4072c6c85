"""Both vendors' SDKs, unmodified, as agents at the gateway; behind it both providers, for real."""

import json

import anthropic
import openai
import pytest

from dgm.gateway.protocol import SessionEnd
from dgm.gateway.transcript import Failure, read_transcript
from dgm.records import Ceiling
from tests.upstream.agents import HI, anthropic_at, by_chat, by_messages, openai_at
from tests.upstream.conftest import KEY, MODELS
from tests.upstream.server import Break, Refuse, Say, messages_error

TOOL = {"type": "object", "properties": {"city": {"type": "string"}}}
CALLS = (("t1", "weather", '{"city": "Oslo"}'), ("t2", "weather", '{"city": "Bergen"}'))

pytestmark = pytest.mark.parametrize("model", MODELS)


streaming = pytest.mark.parametrize("streams", [False, True])


@streaming
def test_messages_sdk_gets_text_and_usage(served, upstream, model, streams):
    upstream.plan.append(Say("Grüße 🌍", input_tokens=7, output_tokens=9, cached=30))
    session, path = served(model)
    with anthropic_at(path) as client:
        message = by_messages(client, streams=streams, system="Be brief.")
    assert [block.text for block in message.content] == ["Grüße 🌍"]
    assert message.stop_reason == "end_turn"
    assert message.model == "any"
    usage = message.usage
    assert (usage.input_tokens, usage.output_tokens, usage.cache_read_input_tokens) == (7, 9, 30)
    assert upstream.seen[0].body["model"] == model.split("/")[1]
    assert session.usage.output_tokens == 9


@streaming
def test_chat_sdk_gets_text_and_usage(served, upstream, model, streams):
    upstream.plan.append(Say("Grüße 🌍", input_tokens=7, output_tokens=9, cached=30))
    _, path = served(model)
    with openai_at(path) as client:
        completion = by_chat(client, streams=streams)
    choice = completion.choices[0]
    assert (choice.message.content, choice.finish_reason) == ("Grüße 🌍", "stop")
    assert completion.usage.prompt_tokens == 37
    assert completion.usage.completion_tokens == 9
    assert completion.usage.prompt_tokens_details.cached_tokens == 30


@streaming
def test_messages_sdk_runs_parallel_tools(served, upstream, model, streams):
    upstream.plan += [Say("I look.", tools=CALLS), Say("rain and sun")]
    _, path = served(model)
    tools = [{"name": "weather", "description": "w", "input_schema": TOOL}]
    with anthropic_at(path) as client:
        first = by_messages(client, streams=streams, tools=tools)
        uses = [block for block in first.content if block.type == "tool_use"]
        assert [use.input for use in uses] == [{"city": "Oslo"}, {"city": "Bergen"}]
        assert first.stop_reason == "tool_use"
        results = [
            {"type": "tool_result", "tool_use_id": use.id, "content": f"of {use.input['city']}"}
            for use in uses
        ]
        turns = [*HI, {"role": "assistant", "content": first.content}]
        turns.append({"role": "user", "content": results})
        by_messages(client, streams=streams, tools=tools, messages=turns)
    asked = json.dumps(upstream.seen[1].body)
    assert all(f"of {city}" in asked for city in ("Oslo", "Bergen"))


@streaming
def test_chat_sdk_runs_parallel_tools(served, upstream, model, streams):
    upstream.plan += [Say("", tools=CALLS), Say("rain and sun")]
    _, path = served(model)
    function = {"name": "weather", "description": "w", "parameters": TOOL}
    tools = [{"type": "function", "function": function}]
    with openai_at(path) as client:
        choice = by_chat(client, streams=streams, tools=tools).choices[0]
        calls = choice.message.tool_calls
        cities = [json.loads(call.function.arguments)["city"] for call in calls]
        assert cities == ["Oslo", "Bergen"]
        assert choice.finish_reason == "tool_calls"
        answer = choice.message.model_dump(exclude_none=True, include={"role", "content"})
        answer["tool_calls"] = [
            {"id": c.id, "type": "function",
             "function": {"name": c.function.name, "arguments": c.function.arguments}}
            for c in calls
        ]  # fmt: skip
        turns = [*HI, answer]
        turns += [{"role": "tool", "tool_call_id": c.id, "content": f"of {c.id}"} for c in calls]
        by_chat(client, streams=streams, tools=tools, messages=turns)
    asked = json.dumps(upstream.seen[1].body)
    assert all(f"of {id_}" in asked for id_ in ("t1", "t2"))


def test_picture_reaches_the_model_in_either_dialect(served, upstream, model):
    _, path = served(model)
    url = {"url": "data:image/png;base64,aGk="}
    source = {"type": "base64", "media_type": "image/png", "data": "aGk="}
    with anthropic_at(path) as one, openai_at(path) as other:
        content = [{"type": "image", "source": source}]
        by_messages(one, streams=False, messages=[{"role": "user", "content": content}])
        content = [{"type": "image_url", "image_url": url}]
        by_chat(other, streams=False, messages=[{"role": "user", "content": content}])
    assert all("aGk=" in json.dumps(seen.body["messages"]) for seen in upstream.seen)


@streaming
def test_thinking_survives_the_round_trip_through_an_agent(served, upstream, model, streams):
    if model.startswith("openai"):
        say, kinds = Say("done", thinking="let me see"), ["thinking", "text"]
    else:
        say = Say("done", thinking="let me see", signature="c2ln", redacted="cmVk")
        kinds = ["thinking", "redacted_thinking", "text"]
    upstream.plan.append(say)
    _, path = served(model)
    with anthropic_at(path) as client:
        first = by_messages(client, streams=streams)
        assert [block.type for block in first.content] == kinds
        turns = [*HI, {"role": "assistant", "content": first.content}, *HI]
        by_messages(client, streams=streams, messages=turns)
    if model.startswith("anthropic"):
        echoed = upstream.seen[1].body["messages"][1]["content"]
        assert echoed[0] == {"type": "thinking", "thinking": "let me see", "signature": "c2ln"}
        assert echoed[1] == {"type": "redacted_thinking", "data": "cmVk"}


FAILURES = [
    (400, "bad", anthropic.BadRequestError, openai.BadRequestError, Failure.REFUSED),
    (
        400,
        "prompt is too long: 210000 tokens > 200000 maximum",
        anthropic.BadRequestError,
        openai.BadRequestError,
        Failure.CONTEXT_OVERFLOW,
    ),
    (
        401,
        f"wrong key {KEY}",
        anthropic.PermissionDeniedError,
        openai.PermissionDeniedError,
        Failure.MODEL_UNUSABLE,
    ),
    (
        404,
        "no such model",
        anthropic.PermissionDeniedError,
        openai.PermissionDeniedError,
        Failure.MODEL_UNUSABLE,
    ),
    (500, "oops", anthropic.InternalServerError, openai.InternalServerError, Failure.PROVIDER),
    (529, "busy", anthropic.InternalServerError, openai.InternalServerError, Failure.PROVIDER),
    (429, "slow", anthropic.InternalServerError, openai.InternalServerError, Failure.PROVIDER),
]


@streaming
@pytest.mark.parametrize(("status", "message", "ours", "theirs", "failure"), FAILURES)
def test_errors_are_the_classes_of_each_sdk_and_recorded(
    served, upstream, spec, model, streams, status, message, ours, theirs, failure
):
    refuse = Refuse(status, messages_error("some_error", message))
    upstream._otherwise = lambda _: refuse
    session, path = served(model)
    with anthropic_at(path) as client, pytest.raises(ours) as one:
        by_messages(client, streams=streams)
    with openai_at(path) as client, pytest.raises(theirs) as other:
        by_chat(client, streams=streams)
    if failure is Failure.CONTEXT_OVERFLOW:
        assert "prompt is too long" in str(one.value)
        assert other.value.code == "context_length_exceeded"
        assert session.overflowed
    assert KEY not in str(one.value) + str(other.value)
    assert session.end is {
        Failure.MODEL_UNUSABLE: SessionEnd.MODEL_UNUSABLE,
        Failure.PROVIDER: SessionEnd.PROVIDER_FAILED,
    }.get(failure, SessionEnd.CLEAN)
    first = next(read_transcript(spec(model).transcript))
    assert first.failure is failure
    assert KEY not in first.message


@streaming
def test_spent_budget_is_a_rate_limit_that_no_sdk_tries_again(served, upstream, model, streams):
    _, path = served(model, ceiling=Ceiling(calls=0))
    with anthropic_at(path) as client, pytest.raises(anthropic.RateLimitError, match="budget"):
        by_messages(client.with_options(max_retries=2), streams=streams)
    with openai_at(path) as client, pytest.raises(openai.RateLimitError, match="budget"):
        by_chat(client.with_options(max_retries=2), streams=streams)
    assert upstream.seen == []


@streaming
def test_broken_upstream_stream_is_tried_again_before_the_agent_sees_a_word(
    served, upstream, model, streams
):
    upstream.plan += [Break("reset"), Break("garbage"), Say("whole")]
    session, path = served(model)
    with anthropic_at(path) as client:
        assert by_messages(client, streams=streams).content[0].text == "whole"
    assert len(upstream.seen) == 3
    assert session.usage.calls == 1
    assert session.usage.input_tokens > 10  # the broken ones were paid for as well
