"""The response cache: what is the same call, and what a kept answer counts."""

from dataclasses import replace
from random import Random

import pytest

from dgm.errors import OverBudgetError
from dgm.gateway.cache import ResponseCache
from dgm.gateway.prices import Price, Prices
from dgm.gateway.server import GatewayServer
from dgm.gateway.wire import Reply, StopReason, Text, ToolUse
from dgm.records import Ceiling, Usage
from tests.gateway.fakes import FakeProvider, user_request

PRICES = Prices({"fake/one": Price(0.001, 0.002, 0.0001), "fake/two": Price(0.001, 0.002)})


@pytest.fixture
def provider():
    return FakeProvider()


@pytest.fixture
def gateway(provider, tmp_path):
    with GatewayServer({"fake": provider}, PRICES, random=Random(1), grace_s=0.2) as server:
        server.keep_answers(ResponseCache(tmp_path / "kept", {"fake": "http://one"}))
        yield server


@pytest.fixture
def spec(spec):
    return lambda name, **fields: spec(name, work="evaluate/tree/task/0", **fields)


def ask(gateway, spec, *texts):
    with gateway.open(spec) as session:
        replies = [session.call(user_request(text)) for text in texts]
    return session.usage, replies


def test_same_call_is_answered_for_nothing_and_counts_its_tokens(gateway, provider, spec):
    content = (Text("hm"), ToolUse("t1", "sh", {"c": "ls"}), ToolUse("t2", "sh", {}, malformed="{"))
    provider.reply = Reply(content, StopReason.TOOL_USE, 10, 5, "fake-1", cache_read_tokens=7)
    first, (one,) = ask(gateway, spec("s1"), "hi")
    again, (two,) = ask(gateway, spec("s2"), "hi")
    assert one == two
    assert len(provider.seen) == 1
    assert first.cost_usd > 0
    assert again == Usage(1, 17, 5, 0.0, reused_calls=1)
    assert gateway.spent("run") == first + again


@pytest.mark.parametrize(
    "other",
    [
        {"seed": "2/evaluate"},
        {"work": "evaluate/tree/task/1"},
        {"work": "evaluate/other/task/0"},
        {"model": "fake/two"},
    ],
    ids=str,
)
def test_other_attempt_agent_seed_or_model_draws_an_answer_of_its_own(
    gateway, provider, spec, other
):
    ask(gateway, spec("s1"), "hi")
    usage, _ = ask(gateway, replace(spec("s2"), **other), "hi")
    assert len(provider.seen) == 2
    assert usage.reused_calls == 0


def test_same_question_twice_in_a_session_draws_twice(gateway, provider, spec):
    usage, replies = ask(gateway, spec("s1"), "hi", "hi")
    assert replies[0].id != replies[1].id
    assert (len(provider.seen), usage.reused_calls) == (2, 0)
    again, same = ask(gateway, spec("s2"), "hi", "hi")
    assert same == replies
    assert (len(provider.seen), again.reused_calls) == (2, 2)


def test_other_words_are_asked(gateway, provider, spec):
    ask(gateway, spec("s1"), "hi")
    ask(gateway, spec("s2"), "ho")
    assert len(provider.seen) == 2


def test_other_server_of_the_same_name_is_another_model(provider, spec, tmp_path):
    for address in ("http://one", "http://two"):
        with GatewayServer({"fake": provider}, PRICES, random=Random(1)) as gateway:
            gateway.keep_answers(ResponseCache(tmp_path / "kept", {"fake": address}))
            ask(gateway, spec(address[-3:]), "hi")
    assert len(provider.seen) == 2


def test_kept_answer_needs_no_money_but_keeps_to_the_tokens(gateway, provider, spec):
    ask(gateway, spec("s1"), "hi")
    gateway.set_ceiling("run", Ceiling(cost_usd=0.0), Usage())
    ask(gateway, spec("s2"), "hi")
    with pytest.raises(OverBudgetError, match="14"):
        ask(gateway, spec("s3", ceiling=Ceiling(tokens=14)), "hi")
    with pytest.raises(OverBudgetError, match="cost_usd"):
        ask(gateway, spec("s4"), "something new")
    assert len(provider.seen) == 1


def test_answer_that_looks_like_a_key_is_not_kept(gateway, provider, spec, tmp_path):
    canary = "sk-ant-" + "c" * 30
    provider.reply = replace(provider.reply, content=(Text(f"the key is {canary}"),))
    ask(gateway, spec("s1"), "hi")
    ask(gateway, spec("s2"), "hi")
    assert len(provider.seen) == 2
    assert not any(canary in path.read_text() for path in tmp_path.rglob("*.json"))


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"content": 1}', b"\xff\xfe"])
def test_damaged_answer_is_asked_for_again(gateway, provider, spec, tmp_path, damage):
    ask(gateway, spec("s1"), "hi")
    (kept,) = (tmp_path / "kept").rglob("*.json")
    kept.write_bytes(damage)
    ask(gateway, spec("s2"), "hi")
    assert len(provider.seen) == 2
    ask(gateway, spec("s3"), "hi")
    assert len(provider.seen) == 2


def test_folder_that_cannot_be_written_costs_only_the_saving(gateway, provider, spec, tmp_path):
    (tmp_path / "kept").write_text("in the way")
    ask(gateway, spec("s1"), "hi")
    ask(gateway, spec("s2"), "hi")
    assert len(provider.seen) == 2
