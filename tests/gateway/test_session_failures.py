"""What a session makes of the ways a provider can fail: charges, records, and how it ended."""

import threading
from random import Random

import pytest

from dgm.errors import (
    ModelUnusableError,
    OverBudgetError,
    ProviderError,
    RequestRefusedError,
)
from dgm.gateway.protocol import BrokenAnswerError, SessionEnd
from dgm.gateway.retry import Retry
from dgm.gateway.server import GatewayServer
from dgm.gateway.transcript import Failure, TranscriptWriter, read_transcript, usage_of
from dgm.gateway.wire import Reply, StopReason, Text
from dgm.records import Ceiling, Usage
from tests.gateway.conftest import PRICES
from tests.gateway.fakes import FakeProvider, body, post, user_request

REFUSED = RequestRefusedError("no such tool")
TOO_LONG = RequestRefusedError("too long", is_overflow=True)
UNUSABLE = ModelUnusableError("wrong key; see OPENAI_API_KEY")


def broken(input_tokens: int = 10, output_tokens: int = 2) -> BrokenAnswerError:
    counted = Reply((), StopReason.END_TURN, input_tokens, output_tokens)
    return BrokenAnswerError("broke off", counted)


@pytest.mark.parametrize(
    ("error", "failure"), [(REFUSED, Failure.REFUSED), (TOO_LONG, Failure.CONTEXT_OVERFLOW)]
)
def test_refused_request_is_recorded_and_the_session_goes_on(
    gateway, spec, provider, error, failure
):
    provider.failures = [error]
    with gateway.open(spec()) as session:
        with pytest.raises(RequestRefusedError):
            session.call(user_request())
        session.call(user_request())
    assert session.end is SessionEnd.CLEAN
    assert session.overflowed is error.is_overflow
    assert len(provider.seen) == 2, "a refused request is not tried again"
    assert [exchange.failure for exchange in read_transcript(spec().transcript)] == [failure, None]
    assert session.usage.input_tokens == 10


def test_unusable_model_ends_the_session_with_its_reason(gateway, spec, provider):
    provider.failures = [UNUSABLE]
    with gateway.open(spec()) as session:
        for _ in range(3):
            with pytest.raises(ModelUnusableError, match="wrong key"):
                session.call(user_request())
    assert (session.end, session.trouble) == (SessionEnd.MODEL_UNUSABLE, str(UNUSABLE))
    assert len(provider.seen) == 1


def test_agent_is_told_nothing_of_the_hosts_set_up(gateway, spec, provider, tmp_path):
    provider.failures = [UNUSABLE, ProviderError("no way to 10.0.0.7", is_final=True)]
    for name in ("s1", "s2"):
        with gateway.open(spec(name)) as session:
            session.listen(tmp_path / "model.sock")
            answer = post(tmp_path / "model.sock", body())
            assert answer.status in (403, 529)
            assert answer.headers["x-should-retry"] == "false"
            assert not {"OPENAI_API_KEY", "10.0.0.7"} & set(str(answer.json).split())


@pytest.mark.parametrize("error", [REFUSED, TOO_LONG, UNUSABLE])
def test_replay_ends_as_the_original_did(gateway, spec, provider, error):
    provider.failures = [error]
    original = spec("s1")
    sessions = []
    for each in (original, spec("s2", recorded=original.transcript)):
        with gateway.open(each) as session, pytest.raises(type(error), match=str(error)):
            session.call(user_request())
        sessions.append(session)
    first, again = sessions
    assert (first.end, first.overflowed) == (again.end, again.overflowed)
    assert again.divergence == ""


def test_broken_answers_are_paid_for_besides_the_good_one(gateway, spec, provider):
    provider.failures = [broken(10, 2), broken(10, 3)]
    with gateway.open(spec()) as session:
        session.call(user_request())
    assert session.usage == Usage(1, 30, 10, pytest.approx(0.03 + 0.02))
    assert gateway.spent("run") == session.usage
    assert usage_of(spec().transcript) == session.usage
    assert gateway._budget.reserved("run") == Usage()


def test_broken_answers_are_paid_for_when_no_good_one_comes(gateway, spec, provider):
    provider.failures = [broken()] * 9
    with gateway.open(spec()) as session, pytest.raises(BrokenAnswerError):
        session.call(user_request())
    assert len(provider.seen) == 3
    assert (session.usage.calls, session.usage.input_tokens) == (1, 30)
    assert session.end is SessionEnd.PROVIDER_FAILED


def test_broken_answer_is_not_asked_for_again_beyond_the_budget(gateway, spec, provider):
    provider.failures = [broken(9, 90)]
    with gateway.open(spec(ceiling=Ceiling(tokens=150))) as session:
        with pytest.raises(ProviderError, match="no budget left to ask again"):
            session.call(user_request())
        assert gateway.spent("rollout/s1").tokens == 99
    assert len(provider.seen) == 1
    assert session.end is SessionEnd.PROVIDER_FAILED


def test_killed_call_counts_its_broken_answers_and_one_more_at_its_worst(tmp_path):
    writer = TranscriptWriter(tmp_path / "t.jsonl")
    writer.reserve(0, Usage(1, 10, 100))
    writer.raise_reserved(0, Usage(1, 20, 102))
    assert usage_of(tmp_path / "t.jsonl") == Usage(1, 20, 102)
    writer.close()


def test_provider_is_told_the_time_that_is_left_of_the_rollout(gateway, spec, provider):
    with gateway.open(spec(timeout_s=20.0)) as session:
        session.call(user_request())
    with gateway.open(spec("s2")) as session:
        session.call(user_request())
    short, long = (context.deadline_s for _, context in provider.seen)
    assert 0 < short <= 20
    assert 500 < long <= 600


def test_time_that_is_over_is_not_waited_for(gateway, spec, provider):
    provider.failures = [ProviderError("down")] * 9
    with gateway.open(spec(timeout_s=1e-6)) as session, pytest.raises(ProviderError):
        session.call(user_request())
    assert session.end is SessionEnd.PROVIDER_FAILED
    assert len(provider.seen) <= 1


def test_provider_is_asked_for_the_model_by_its_own_name(gateway, spec, provider):
    with gateway.open(spec()) as session:
        session.call(user_request())
    assert provider.seen[0][0].model == "one"
    (exchange,) = read_transcript(spec().transcript)
    assert exchange.request.model == "default"


def test_session_closed_while_its_provider_fails_blames_the_provider(spec):
    """An agent whose time runs out while nobody answers has not been too slow."""
    failed, over = threading.Event(), threading.Event()

    def sleep(_: float) -> None:
        failed.set()
        over.wait(10)

    provider = FakeProvider(failures=[ProviderError("down")] * 99)
    retry = Retry(Random(1), sleep=sleep)
    server = GatewayServer({"fake": provider}, PRICES, random=Random(1), retry=retry, grace_s=0.05)
    with server as gateway:
        with gateway.open(spec()) as session:
            thread = threading.Thread(target=_call_in_vain, args=(session,))
            thread.start()
            assert failed.wait(10)
        over.set()
        thread.join()
    assert session.end is SessionEnd.PROVIDER_FAILED
    (exchange,) = read_transcript(spec().transcript)
    assert exchange.failure is Failure.PROVIDER
    assert exchange.message.endswith("after: down")


def _call_in_vain(session) -> None:
    with pytest.raises(ProviderError):
        session.call(user_request())


def test_estimated_counts_are_kept_as_such(gateway, spec, provider):
    provider.reply = Reply((Text("hi"),), StopReason.END_TURN, 3, 1, "m", is_estimated=True)
    with gateway.open(spec()) as session:
        session.call(user_request())
    (exchange,) = read_transcript(spec().transcript)
    assert exchange.reply.is_estimated


def test_spent_budget_is_still_a_refusal(gateway, spec):
    with gateway.open(spec(ceiling=Ceiling(calls=0))) as session, pytest.raises(OverBudgetError):
        session.call(user_request())
    assert session.end is SessionEnd.OVER_BUDGET
