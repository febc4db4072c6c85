"""What agents may say in either dialect, and how they are answered: field by field."""

import json

import pytest

from dgm.gateway.codec import Incoming, InvalidRequestError
from dgm.gateway.dialects import Refusal
from dgm.gateway.dialects.chat import Chat
from dgm.gateway.dialects.messages import Messages
from dgm.gateway.dialects.openai import DEFAULT_MAX_TOKENS
from dgm.gateway.dialects.responses import Responses
from dgm.gateway.wire import (
    Image,
    Message,
    Reasoning,
    Reply,
    StopReason,
    Text,
    Thinking,
    ToolChoice,
    ToolResult,
    ToolSpec,
    ToolUse,
)
from tests.gateway.fakes import user_request

HI = {"role": "user", "content": "hi"}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
FUNCTION = {"type": "function", "function": {"name": "look", "parameters": SCHEMA}}
USE = ToolUse("t1", "look", {"city": "Oslo"})
CALL = {
    "id": "t1", "type": "function", "function": {"name": "look", "arguments": '{"city": "Oslo"}'},
}  # fmt: skip
REPLY = Reply((Text("so"), USE), StopReason.TOOL_USE, 10, 5, "m", "msg_1", 30, 40)


def heard(**fields: object) -> Incoming:
    return Chat().decode(json.dumps({"model": "m", "messages": [HI], **fields}).encode())


def turns(*messages: dict) -> tuple[Message, ...]:
    return heard(messages=list(messages)).request.messages


def spoken(*messages: dict) -> tuple[Message, ...]:
    return turns(HI, *messages)[1:]


def events(stream) -> list[dict]:
    """The JSON of a stream's events; `[DONE]` is none."""
    lines = b"".join(stream).decode().splitlines()
    data = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
    return [json.loads(line) for line in data if line != "[DONE]"]


class TestChatRequests:
    def test_least_request_has_a_bound_all_the_same(self):
        request = heard().request
        assert request.max_tokens == DEFAULT_MAX_TOKENS
        assert request.messages == (Message("user", (Text("hi"),)),)

    @pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
    def test_bound_goes_by_two_names(self, name):
        assert heard(**{name: 7}).request.max_tokens == 7

    def test_words_of_the_system_are_joined_in_front(self):
        messages = [{"role": "system", "content": "a"}, HI, {"role": "developer", "content": "b"}]
        request = heard(messages=messages).request
        assert (request.system, len(request.messages)) == ("a\n\nb", 1)

    def test_results_of_tools_and_what_follows_are_one_turn(self):
        said = spoken(
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "t1", "content": "rain"},
            {"role": "tool", "tool_call_id": "t2", "content": [{"type": "text", "text": "sun"}]},
            HI,
        )
        results = (ToolResult("t1", "rain"), ToolResult("t2", "sun"), Text("hi"))
        assert said == (Message("assistant", (USE,)), Message("user", results))

    def test_malformed_arguments_are_kept(self):
        call = {**CALL, "function": {"name": "look", "arguments": '{"ci'}}
        (turn,) = spoken({"role": "assistant", "content": "", "tool_calls": [call]})
        assert turn.content == (ToolUse("t1", "look", {}, malformed='{"ci'),)

    def test_picture_is_taken_as_data_alone(self):
        url = {"url": "data:image/png;base64,aGk="}
        part = {"type": "image_url", "image_url": url}
        (turn,) = turns({"role": "user", "content": [part]})
        assert turn.content == (Image("image/png", "aGk="),)

    @pytest.mark.parametrize(
        ("said", "choice"),
        [
            ("auto", ToolChoice()),
            ("none", ToolChoice("none")),
            ("required", ToolChoice("any")),
            ({"type": "function", "function": {"name": "look"}}, ToolChoice("tool", "look")),
        ],
    )
    def test_choice_of_tools(self, said, choice):
        assert heard(tools=[FUNCTION], tool_choice=said).request.tool_choice == choice

    def test_one_tool_at_a_time(self):
        request = heard(tools=[FUNCTION], parallel_tool_calls=False).request
        assert request.tool_choice == ToolChoice(parallel=False)

    @pytest.mark.parametrize("strict", [True, False])
    def test_strictness_is_carried(self, strict):
        function = {**FUNCTION["function"], "strict": strict}
        shape = {"name": "n", "description": "d", "schema": SCHEMA, "strict": strict}
        request = heard(
            tools=[{"type": "function", "function": function}],
            response_format={"type": "json_schema", "json_schema": shape},
        ).request
        assert request.tools == (ToolSpec("look", "", SCHEMA, is_strict=strict),)
        assert request.output_schema == {"description": "d", **SCHEMA}
        assert request.is_output_strict is strict

    @pytest.mark.parametrize(
        ("kind", "schema"), [({"type": "text"}, None), ({"type": "json_object"}, {})]
    )
    def test_form_of_the_answer(self, kind, schema):
        assert heard(response_format=kind).request.output_schema == schema

    @pytest.mark.parametrize("stop", ["END", ["END"]])
    def test_settings_are_carried(self, stop):
        request = heard(stop=stop, temperature=1.5, top_p=0.5, reasoning_effort="low").request
        assert request.stop_sequences == ("END",)
        assert (request.temperature, request.top_p) == (1.5, 0.5)
        assert request.reasoning == Reasoning(effort="low")

    def test_answer_of_the_sdk_can_be_sent_back_as_it_came(self):
        answer = json.loads(Chat().encode(REPLY))["choices"][0]["message"]
        more = {"annotations": [], "audio": None, "function_call": None}
        assert spoken({**answer, **more}) == (Message("assistant", REPLY.content),)

    @pytest.mark.parametrize(
        ("fields", "name"),
        [
            ({"seed": 7}, "seed"),
            ({"logprobs": True}, "logprobs"),
            ({"frequency_penalty": 0.5}, "frequency_penalty"),
            ({"n": 2}, "n"),
            ({"functions": [{}]}, "functions"),
            ({"web_search_options": {"a": 1}}, "web_search_options"),
            ({"nobody_knows": 1}, "nobody_knows"),
            ({"tools": [{"type": "web_search"}]}, r"tools\[0\].type"),
            ({"tools": [{**FUNCTION, "extra": 1}]}, r"tools\[0\].extra"),
            ({"tool_choice": {"type": "allowed_tools"}}, "tool_choice.type"),
            ({"response_format": {"type": "grammar"}}, "response_format.type"),
            ({"messages": []}, "messages"),
            ({"messages": [{"role": "robot", "content": ""}]}, r"messages\[0\].role"),
            ({"messages": [{"role": "assistant", "content": "a"}]}, "messages"),
            ({"max_tokens": 0}, "max_tokens"),
            ({"temperature": 3}, "temperature"),
            ({"stop": 7}, "stop"),
            ({"stream": "yes"}, "stream"),
        ],
    )
    def test_what_cannot_be_done_is_refused_by_name(self, fields, name):
        with pytest.raises(InvalidRequestError, match=f"^{name}"):
            heard(**fields)

    @pytest.mark.parametrize(
        "part",
        [
            {"type": "image_url", "image_url": {"url": "http://somewhere/a.png"}},
            {"type": "input_audio", "input_audio": {}},
            {"type": "file", "file": {}},
        ],
    )
    def test_content_that_cannot_be_carried_is_refused_by_place(self, part):
        with pytest.raises(InvalidRequestError, match=r"^messages\[0\].content\[0\]"):
            turns({"role": "user", "content": [part]})

    @pytest.mark.parametrize(
        "fields",
        [
            {"seed": None, "logit_bias": {}, "functions": [], "logprobs": False, "n": 1},
            {"frequency_penalty": 0, "presence_penalty": 0.0, "top_logprobs": 0},
            {"user": "u", "metadata": {"a": "b"}, "store": True, "service_tier": "auto"},
            {"prompt_cache_key": "k", "safety_identifier": "s"},
        ],
    )
    def test_what_asks_for_nothing_or_changes_nothing_is_let_through(self, fields):
        assert heard(**fields) == heard()


class TestChatAnswers:
    def test_whole_answer(self):
        whole = json.loads(Chat().encode(REPLY))
        assert whole["object"] == "chat.completion"
        (choice,) = whole["choices"]
        assert choice["message"] == {
            "role": "assistant", "content": "so", "refusal": None, "tool_calls": [CALL],
        }  # fmt: skip
        assert choice["finish_reason"] == "tool_calls"
        assert whole["usage"] == {
            "prompt_tokens": 80,
            "completion_tokens": 5,
            "total_tokens": 85,
            "prompt_tokens_details": {"cached_tokens": 30},
        }

    @pytest.mark.parametrize(
        ("reason", "word"),
        [
            (StopReason.END_TURN, "stop"),
            (StopReason.STOP_SEQUENCE, "stop"),
            (StopReason.MAX_TOKENS, "length"),
            (StopReason.CONTEXT_FULL, "length"),
            (StopReason.TOOL_USE, "tool_calls"),
            (StopReason.REFUSAL, "content_filter"),
        ],
    )
    def test_every_reason_to_stop_has_its_word(self, reason, word):
        whole = json.loads(Chat().encode(Reply((Text("a"),), reason, 1, 1)))
        assert whole["choices"][0]["finish_reason"] == word

    def test_thinking_is_left_out_and_malformed_arguments_are_not(self):
        reply = Reply(
            (Thinking("hm", "c2ln"), ToolUse("t1", "look", {}, malformed='{"ci')),
            StopReason.TOOL_USE, 1, 1,
        )  # fmt: skip
        message = json.loads(Chat().encode(reply))["choices"][0]["message"]
        assert message["content"] is None
        assert message["tool_calls"][0]["function"]["arguments"] == '{"ci'
        assert "hm" not in json.dumps(message)

    @pytest.mark.parametrize("wanted", [True, False])
    def test_usage_ends_a_stream_if_it_was_asked_for(self, wanted):
        chunks = events(Chat().events(REPLY, Incoming(user_request(), True, wanted)))
        assert ("usage" in chunks[0]) is wanted
        assert bool(chunks[-1].get("usage")) is wanted
        assert [chunk["choices"] for chunk in chunks].count([]) == wanted

    def test_stream_says_what_the_whole_answer_says(self):
        chunks = events(Chat().events(REPLY, Incoming(user_request(), True)))
        deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
        assert deltas[0] == {"role": "assistant", "content": "so"}
        assert deltas[1] == {"tool_calls": [{"index": 0, **CALL}]}
        assert chunks[2]["choices"][0]["finish_reason"] == "tool_calls"


class TestMessagesAnswers:
    def test_stream_says_what_the_whole_answer_says(self):
        reply = Reply(
            (Thinking("hm", "c2ln"), Thinking("", redacted="cmVk"), Text("so"), USE),
            StopReason.TOOL_USE, 10, 5, "m", "msg_1", 30, 40,
        )  # fmt: skip
        said = events(Messages().events(reply, Incoming(user_request(), True)))
        whole = json.loads(Messages().encode(reply))
        assert said[0]["message"]["usage"]["cache_read_input_tokens"] == 30
        starts = [event["content_block"] for event in said if "content_block" in event]
        assert [block["type"] for block in starts] == [block["type"] for block in whole["content"]]
        assert starts[1] == whole["content"][1]
        deltas = [event["delta"] for event in said if event["type"] == "content_block_delta"]
        assert [delta["type"] for delta in deltas] == [
            "thinking_delta", "signature_delta", "text_delta", "input_json_delta",
        ]  # fmt: skip
        assert said[-2]["delta"]["stop_reason"] == "tool_use"
        assert said[-2]["usage"] == whole["usage"]
        assert said[-1] == {"type": "message_stop"}

    def test_estimated_counts_are_said_to_be(self):
        reply = Reply((Text("a"),), StopReason.END_TURN, 1, 1, is_estimated=True)
        assert json.loads(Messages().encode(reply))["usage"]["is_estimated"] is True


@pytest.mark.parametrize("dialect", [Messages(), Chat(), Responses()])
@pytest.mark.parametrize("why", list(Refusal))
def test_every_refusal_has_a_status_and_words_in_every_dialect(dialect, why):
    refused = dialect.refuse(why, "because")
    assert 400 <= refused.status < 600
    error = json.loads(refused.body)["error"]
    assert error["type"]
    assert "because" in error["message"]
    late = dialect.break_off(refused)
    assert late.endswith(b"\n\n")
    assert b"because" in late
