"""What a streaming agent gets while its answer is still to come: heartbeats, then all of it."""

import threading

import anthropic
import openai
import pytest

from dgm.gateway.listener import Limits
from tests.gateway.fakes import UnixConnection, body
from tests.upstream.agents import anthropic_at, by_chat, by_messages, openai_at
from tests.upstream.conftest import MODELS
from tests.upstream.server import Refuse, Say, messages_error

pytestmark = pytest.mark.parametrize("model", MODELS)


@pytest.fixture
def limits():
    return Limits(heartbeat_s=0.05)


@pytest.fixture
def slow(upstream):
    """The upstream says nothing before the gate is opened."""
    gate = threading.Event()
    answers: list = []

    def choose(_):
        assert gate.wait(20)
        return answers.pop(0) if answers else Say("at last")

    upstream._otherwise = choose
    timer = threading.Timer(0.4, gate.set)
    timer.start()
    yield answers
    gate.set()
    timer.join()


def test_slow_answer_is_waited_for_with_heartbeats(served, slow, model):
    _, path = served(model)
    with anthropic_at(path) as client:
        assert by_messages(client, streams=True).content[0].text == "at last"


def test_slow_answer_in_the_other_dialect_too(served, slow, model):
    _, path = served(model)
    with openai_at(path) as client:
        assert by_chat(client, streams=True).choices[0].message.content == "at last"


def test_error_in_a_begun_stream_is_raised_by_the_messages_sdk(served, slow, model):
    slow.append(Refuse(400, messages_error("invalid_request_error", "no such thing")))
    _, path = served(model)
    with anthropic_at(path) as client, pytest.raises(anthropic.APIStatusError) as caught:
        by_messages(client, streams=True)
    assert caught.value.status_code == 200
    assert "no such thing" in str(caught.value)


def test_error_in_a_begun_stream_is_raised_by_the_chat_sdk(served, slow, model):
    slow.append(Refuse(400, messages_error("invalid_request_error", "no such thing")))
    _, path = served(model)
    with openai_at(path) as client, pytest.raises(openai.APIError, match="no such thing"):
        by_chat(client, streams=True)


@pytest.mark.parametrize(
    ("path_of_dialect", "heartbeat"),
    [("/v1/messages", b"event: ping"), ("/v1/chat/completions", b": waiting")],
)
def test_heartbeats_come_before_the_answer(served, slow, model, path_of_dialect, heartbeat):
    _, path = served(model)
    connection = UnixConnection(path)
    connection.request("POST", path_of_dialect, body("hi", stream=True))
    text = connection.getresponse().read()
    connection.close()
    assert text.startswith(heartbeat)
    assert text.count(heartbeat) >= 2
    assert b"at last" in text
