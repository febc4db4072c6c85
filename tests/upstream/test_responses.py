"""OpenAI's SDK as an agent that speaks Responses, with both providers behind the gateway."""

import json
import threading

import openai
import pytest

from dgm.gateway.listener import Limits
from tests.upstream.agents import by_responses, openai_at
from tests.upstream.conftest import MODELS
from tests.upstream.server import Refuse, Say, messages_error

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOL = {"type": "function", "name": "weather", "parameters": SCHEMA, "strict": False}
CALLS = (("t1", "weather", '{"city": "Oslo"}'), ("t2", "weather", '{"city": "Bergen"}'))

pytestmark = pytest.mark.parametrize("model", MODELS)
streaming = pytest.mark.parametrize("streams", [False, True])


@streaming
def test_text_and_usage(served, upstream, model, streams):
    upstream.plan.append(Say("Grüße 🌍", input_tokens=7, output_tokens=9, cached=30))
    _, path = served(model)
    with openai_at(path) as client:
        response = by_responses(client, streams=streams, instructions="Be brief.")
    assert (response.output_text, response.status) == ("Grüße 🌍", "completed")
    assert (response.usage.input_tokens, response.usage.output_tokens) == (37, 9)
    assert response.usage.input_tokens_details.cached_tokens == 30
    assert "Be brief." in json.dumps(upstream.seen[0].body)


@streaming
def test_parallel_tools_and_thinking_go_round(served, upstream, model, streams):
    signature = "c2ln" if model.startswith("anthropic") else ""
    upstream.plan.append(Say("", tools=CALLS, thinking="let me see", signature=signature))
    _, path = served(model)
    with openai_at(path) as client:
        first = by_responses(client, streams=streams, tools=[TOOL])
        calls = [item for item in first.output if item.type == "function_call"]
        assert [json.loads(call.arguments)["city"] for call in calls] == ["Oslo", "Bergen"]
        results = [
            {"type": "function_call_output", "call_id": c.call_id, "output": f"of {c.call_id}"}
            for c in calls
        ]
        items = [item.model_dump(exclude_none=True) for item in first.output]
        turns = [{"role": "user", "content": "hi"}, *items, *results]
        by_responses(client, streams=streams, tools=[TOOL], input=turns)
    asked = json.dumps(upstream.seen[1].body)
    assert all(f"of {id_}" in asked for id_ in ("t1", "t2"))
    if signature:
        echoed = upstream.seen[1].body["messages"][1]["content"][0]
        assert echoed == {"type": "thinking", "thinking": "let me see", "signature": "c2ln"}


@streaming
def test_answer_that_was_cut_says_so(served, upstream, model, streams):
    upstream.plan.append(Say(stop="length" if model.startswith("openai") else "max_tokens"))
    _, path = served(model)
    with openai_at(path) as client:
        if streams:  # the SDK's helper knows whole answers only, its stream knows both
            *_, last = client.responses.create(model="any", input="hi", stream=True)
            assert last.type == "response.incomplete"
            response = last.response
        else:
            response = by_responses(client, streams=False)
    assert response.status == "incomplete"
    assert response.incomplete_details.reason == "max_output_tokens"


@streaming
def test_overflow_is_the_error_of_the_sdk(served, upstream, model, streams):
    error = messages_error("invalid_request_error", "prompt is too long: 9 > 8")
    upstream.plan.append(Refuse(400, error))
    _, path = served(model)
    with openai_at(path) as client, pytest.raises(openai.BadRequestError) as caught:
        by_responses(client, streams=streams)
    assert caught.value.code == "context_length_exceeded"


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"store": True}, "store"),
        ({"background": True}, "background"),
        ({"conversation": "c"}, "conversation"),
        ({"truncation": "auto"}, "truncation"),
        ({"include": ["file_search_call.results"]}, "include"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tools": [{"type": "mcp", "server_label": "s"}]}, "tools[0].type"),
        ({"input": [{"type": "item_reference", "id": "i"}]}, "input[0].type"),
        ({"text": {"verbosity": "low"}}, "text.verbosity"),
    ],
)
def test_what_is_not_carried_is_refused_by_name(served, upstream, model, fields, name):
    _, path = served(model)
    with openai_at(path) as client, pytest.raises(openai.BadRequestError) as caught:
        by_responses(client, streams=False, **fields)
    assert caught.value.body["message"].startswith(name)
    assert upstream.seen == []


class TestWaiting:
    @pytest.fixture
    def limits(self):
        return Limits(heartbeat_s=0.05)

    @pytest.mark.parametrize("is_good", [True, False])
    def test_slow_answer_or_late_error_reaches_the_sdk(self, served, upstream, model, is_good):
        gate = threading.Event()
        error = Refuse(400, messages_error("invalid_request_error", "no such thing"))

        def choose(_):
            assert gate.wait(20)
            return Say("at last") if is_good else error

        upstream._otherwise = choose
        timer = threading.Timer(0.4, gate.set)
        timer.start()
        _, path = served(model)
        with openai_at(path) as client:
            if is_good:
                assert by_responses(client, streams=True).output_text == "at last"
            else:
                with pytest.raises(openai.APIError, match="no such thing"):
                    by_responses(client, streams=True)
        timer.join()
