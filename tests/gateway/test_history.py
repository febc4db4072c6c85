"""With a history everything is read as it would be without one, only less of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import pytest

from dgm.gateway.codec import MAX_DEPTH, InvalidRequestError
from dgm.gateway.dialects import Dialect
from dgm.gateway.dialects.chat import Chat
from dgm.gateway.dialects.messages import Messages
from dgm.gateway.dialects.responses import Responses
from dgm.gateway.history import History
from dgm.gateway.tokens import Estimator, estimate_input_tokens
from tests.gateway.fakes import body

HI = {"role": "user", "content": "hi 🌍 there"}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
FUNCTION = {"name": "look", "description": "d", "parameters": SCHEMA}


@dataclass(frozen=True)
class Talk:
    """A conversation in a dialect: what goes around it, and what a turn adds to it."""

    dialect: Dialect
    name: str
    settings: dict
    tools: list
    turn: Callable[[int], list]


def messages_turn(number):
    use = {"type": "tool_use", "id": f"t{number}", "name": "look", "input": {"n": number}}
    result = {"type": "tool_result", "tool_use_id": f"t{number}", "content": f"of {number}"}
    return [{"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]


def chat_turn(number):
    function = {"name": "look", "arguments": json.dumps({"n": number})}
    calls = [{"id": f"{number}{x}", "type": "function", "function": function} for x in "ab"]
    results = [
        {"role": "tool", "tool_call_id": call["id"], "content": f"of {number}"} for call in calls
    ]
    more = {"role": "system", "content": f"system {number}"}
    return [{"role": "assistant", "content": None, "tool_calls": calls}, *results, more]


def responses_turn(number):
    call = {"type": "function_call", "call_id": f"t{number}", "name": "look"}
    result = {"type": "function_call_output", "call_id": f"t{number}", "output": "o"}
    more = {"role": "developer", "content": f"system {number}"}
    return [{**call, "arguments": json.dumps({"n": number})}, result, more]


MESSAGES = Talk(
    Messages(),
    "messages",
    {"model": "m", "max_tokens": 9, "system": "be brief"},
    [{"name": "look", "description": "d", "input_schema": SCHEMA}],
    messages_turn,
)
CHAT = Talk(
    Chat(),
    "messages",
    {"model": "m", "max_tokens": 9},
    [{"type": "function", "function": FUNCTION}],
    chat_turn,
)
RESPONSES = Talk(
    Responses(),
    "input",
    {"model": "m", "max_output_tokens": 9, "instructions": "be brief"},
    [{"type": "function", **FUNCTION}],
    responses_turn,
)


@pytest.fixture(params=[MESSAGES, CHAT, RESPONSES], ids=["msg", "chat", "resp"])
def talk(request):
    return request.param


def written(talk, turns, *, tools=None, first=HI, **style):
    items = [first, *(item for number in turns for item in talk.turn(number))]
    tools = talk.tools if tools is None else tools
    whole = {**talk.settings, talk.name: items, "tools": tools}
    return json.dumps(whole, **style).encode()


def same_as_without(talk, body, history):
    """Decode with and without; return what came of it, an error by its words."""
    found = []
    for past in (history, None):
        try:
            found.append(talk.dialect.decode(body, past))
        except InvalidRequestError as error:
            found.append(str(error))
    assert found[0] == found[1]
    return found[0]


def test_conversation_that_grows_is_read_as_without_a_history_and_not_again(talk):
    history, before = History(), None
    for length in range(8):
        incoming = same_as_without(talk, written(talk, range(length)), history)
        if before:
            assert incoming.request.messages[0] is before.request.messages[0]
            assert incoming.request.tools[0] is before.request.tools[0]
        before = incoming


@pytest.mark.parametrize("style", [{}, {"indent": 1}, {"separators": (",", ":")}])
def test_however_it_is_written(talk, style):
    history = History()
    for length in (3, 4, 2, 5, 5):
        same_as_without(talk, written(talk, range(length), ensure_ascii=False, **style), history)
    same_as_without(talk, written(talk, range(6)), history)


def test_conversation_that_was_cut_changed_or_begun_again(talk):
    random, history = Random(3), History()
    turns = list(range(6))
    for _ in range(200):
        match random.randrange(5):
            case 0:
                turns.append(random.randrange(100))
            case 1:
                turns = turns[: random.randrange(8)]
            case 2:
                turns[: random.randrange(4)] = []
            case 3:
                turns[random.randrange(7) :] = [random.randrange(100) for _ in range(3)]
        first = {**HI, "content": random.choice(("hi", "ho"))}
        tools = talk.tools * random.randrange(4)
        same_as_without(talk, written(talk, turns, tools=tools, first=first), history)


def test_every_beginning_and_every_change_of_a_character(talk):
    """Whatever the text, the answer is the same, be it a complaint."""
    random, history = Random(5), History()
    good = written(talk, range(3))
    same_as_without(talk, good, history)
    for cut in range(0, len(good), 7):
        same_as_without(talk, good[:cut], history)
        place = random.randrange(len(good))
        other = random.choice(b'{}[]",:\\ \n\x00\xff1e9nu')
        same_as_without(talk, good[:place] + bytes([other]) + good[place + 1 :], history)
        same_as_without(talk, good, history)


@pytest.mark.parametrize(
    "unusual",
    [
        b"", b"[]", b"{}", b"null", b'"x"', b"{", b'{"a"', b'{"a":', b'{"messages": [',
        b'{"messages": []}', b'{"messages": [1, 2]}', b'{"messages": [{}, {}]}',
        b'{"messages": {"a": 1}}', b'{"messages": [{"role": "user", "content": "hi"},]}',
        b'{"messages": [{"role": "user", "content": "hi"}]} x', b'\xef\xbb\xbf{"messages": []}',
        b'{"messages": [{"role": "user", "content": "hi"}], "messages": [], "model": "m"}',
        b'{"model": "m", "max_tokens": 1, "messages": [], "messages": [{"role": "user", '
        b'"content": "second"}]}',
        b'{"model": "m", "max_tokens": 1e400, "messages": [{"role": "user", "content": "hi"}]}',
        b'{"model": "m", "max_tokens": NaN, "messages": [{"role": "user", "content": "hi"}]}',
        b'{"model": "\\ud800", "max_tokens": 1, "messages": [{"role": "user", "content": "hi"}]}',
        b'{"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "\\ud800"}]}',
        b'{"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "\\ud83c\\udf0d"'
        b'}]}',
    ],
)  # fmt: skip
def test_unusual_bodies(talk, unusual):
    history = History()
    same_as_without(talk, written(talk, range(2)), history)
    for _ in range(2):
        same_as_without(talk, unusual, history)
    assert same_as_without(talk, written(talk, range(3)), history).request


@pytest.mark.parametrize("depth", range(MAX_DEPTH - 8, MAX_DEPTH + 3))
def test_nesting_is_bounded_alike(depth):
    talk = MESSAGES
    value: object = 1
    for _ in range(depth):
        value = {"a": value}
    use = {"type": "tool_use", "id": "t", "name": "look", "input": value}
    asked = written(talk, range(2))[:-1] + b', "metadata": ' + json.dumps(value).encode() + b"}"
    for whole in (written(talk, range(2), first={**HI, "content": [use]}), asked):
        for history in (History(), None):
            same_as_without(talk, whole, history)
            same_as_without(talk, whole, history)


def test_place_of_a_wrong_field_is_that_in_the_whole_conversation():
    talk, history = MESSAGES, History()
    same_as_without(talk, written(talk, range(2)), history)
    items = [HI, *talk.turn(0), *talk.turn(1), {"role": "robot", "content": "hi there, you"}]
    wrong = json.dumps({**talk.settings, "tools": talk.tools, "messages": items}).encode()
    assert "messages[5].role" in same_as_without(talk, wrong, history)


def test_what_is_refused_is_not_taken_for_read():
    talk, history = MESSAGES, History()
    bad = body([{"type": "document", "source": {}}])
    for _ in range(2):
        assert "document" in same_as_without(talk, bad, history)


def test_more_than_a_megabyte_is_not_remembered():
    talk, history = MESSAGES, History()
    big = written(talk, range(2), first={**HI, "content": "x" * (1 << 20)})
    one, other = (talk.dialect.decode(big, history).request for _ in range(2))
    assert one == other
    assert one.messages[0] is not other.messages[0]


def test_estimates_are_those_of_every_request_by_itself(talk):
    random, history, estimator = Random(7), History(), Estimator()
    for _ in range(60):
        turns = range(random.randrange(3), random.randrange(3, 9))
        tools = talk.tools * random.randrange(3)
        asked = written(talk, turns, tools=tools)
        request = talk.dialect.decode(asked, history).request
        again = talk.dialect.decode(asked).request
        assert estimator.input_tokens(request) == estimate_input_tokens(again)
