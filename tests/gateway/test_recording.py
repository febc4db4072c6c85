from dataclasses import replace

import pytest

from dgm.errors import (
    ArchiveError,
    ModelUnusableError,
    OverBudgetError,
    ProviderError,
    RequestRefusedError,
)
from dgm.gateway.protocol import CallContext
from dgm.gateway.recording import Recording
from dgm.gateway.transcript import Exchange, Failure, TranscriptWriter
from dgm.gateway.wire import Reply, StopReason, Text
from tests.gateway.fakes import user_request


def reply(text: str) -> Reply:
    return Reply((Text(text),), StopReason.END_TURN, 10, 5, "m", "msg_1")


def record(path, *exchanges):
    writer = TranscriptWriter(path)
    for exchange in exchanges:
        writer.append(exchange)
    writer.close()
    return Recording(path)


@pytest.fixture
def recording(tmp_path):
    texts = ("Ran 3 tests in 0.003s\n<a object at 0x7f33aa00>\n/tmp/tmpabcd1234/x", "two", "three")
    exchanges = [Exchange(n, user_request(t), reply(str(n))) for n, t in enumerate(texts)]
    return record(tmp_path / "t.jsonl", *exchanges)


def answer(recording: Recording, index: int, text: str) -> str:
    return recording.complete(user_request(text), CallContext("", index)).content[0].text


def test_same_requests_get_the_recorded_replies(recording):
    again = "Ran 3 tests in 1.75s\n<a object at 0x55d2ffee>\n/tmp/tmpwxyz9876/x"
    assert [answer(recording, n, t) for n, t in enumerate((again, "two", "three"))] == list("012")
    recording.finish(3)
    assert recording.divergence == ""


def test_first_divergence_is_named_and_the_replay_goes_on(recording):
    answer(recording, 0, "Ran 4 tests in 0.003s")
    assert answer(recording, 1, "2") == "1"
    assert recording.divergence == (
        "call 0: request.messages[0].content[0].text: expected "
        "'Ran 3 tests in <time>\\n<a object at <address>\\n/tmp/<temp>/x', "
        "got 'Ran 4 tests in <time>'"
    ).replace("at <address>\\n", "at <address>>\\n")


def test_call_beyond_the_recording_fails(recording):
    with pytest.raises(ProviderError, match="ends after 3 calls"):
        answer(recording, 3, "four")
    assert recording.divergence == "call 3: the recording ends after 3 calls"


def test_calls_that_were_not_made_are_a_divergence(recording):
    recording.finish(2)
    assert recording.divergence == "call 2: the replay ends, the recording has 3 calls"


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (Failure.OVER_BUDGET, OverBudgetError),
        (Failure.PROVIDER, ProviderError),
        (Failure.CLOSED, ProviderError),
        (Failure.REFUSED, RequestRefusedError),
        (Failure.CONTEXT_OVERFLOW, RequestRefusedError),
        (Failure.MODEL_UNUSABLE, ModelUnusableError),
    ],
)
def test_recorded_failure_fails_again(tmp_path, failure, error):
    failed = Exchange(0, user_request(), failure=failure, message="as before")
    recording = record(tmp_path / "t.jsonl", failed)
    with pytest.raises(error, match="as before") as caught:
        recording.complete(user_request(), CallContext("", 0))
    is_overflow = getattr(caught.value, "is_overflow", False)
    assert is_overflow is (failure is Failure.CONTEXT_OVERFLOW)
    assert recording.divergence == ""


class TestLongRequestWithoutAnswer:
    """Only its beginning was recorded, and its digest."""

    TEXT = "Ran 3 tests in 0.003s\n" + "x" * 100_000

    @pytest.fixture
    def recording(self, tmp_path):
        first = Exchange(0, user_request("hi"), reply("0"))
        refused = Exchange(1, self.request(self.TEXT), failure=Failure.CONTEXT_OVERFLOW)
        return record(tmp_path / "t.jsonl", first, refused)

    def request(self, text, first="hi"):
        return replace(
            user_request(first),
            messages=(*user_request(first).messages, *user_request(text).messages),
        )

    def ask(self, recording, request):
        with pytest.raises(RequestRefusedError):
            recording.complete(request, CallContext("", 1))
        return recording.divergence

    def test_the_same_again_is_no_divergence(self, recording):
        assert self.ask(recording, self.request(self.TEXT)) == ""

    def test_difference_in_what_was_kept_is_shown(self, recording):
        where = self.ask(recording, self.request(self.TEXT.replace("Ran 3", "Ran 4")))
        assert where.startswith("call 1: request: expected ")
        assert "Ran 3 tests" in where
        assert "Ran 4 tests" in where

    def test_difference_beyond_it_is_known_by_the_digest(self, recording):
        where = self.ask(recording, self.request(self.TEXT + "y"))
        assert where.startswith("call 1: request: expected 1000")
        assert where.endswith("that begin alike")

    def test_difference_in_the_messages_before_is_named(self, recording):
        where = self.ask(recording, self.request(self.TEXT, first="ho"))
        assert where.startswith("call 1: request.messages[0].content[0].text: ")

    def test_other_settings_are_a_difference(self, recording):
        where = self.ask(recording, replace(self.request(self.TEXT), max_tokens=7))
        assert where.startswith("call 1: request.max_tokens: ")


def test_missing_transcript_is_one_clear_line(tmp_path):
    with pytest.raises(ArchiveError, match="no transcript to replay at"):
        Recording(tmp_path / "none.jsonl")
