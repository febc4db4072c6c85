import gzip
import json
import socket
import stat
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from random import Random

import pytest

from dgm.errors import ConfigError, ModelUnusableError, OverBudgetError, ProviderError
from dgm.gateway.listener import Limits
from dgm.gateway.prices import Price, Prices
from dgm.gateway.protocol import SessionEnd
from dgm.gateway.ration import BYTE_S, REFUSAL_S, REQUEST_S, RESERVE_S, SHARE
from dgm.gateway.server import GatewayServer
from dgm.gateway.transcript import Failure, read_transcript, usage_of
from dgm.records import Ceiling, Usage
from tests.gateway.fakes import (
    FakeProvider,
    UnixConnection,
    ask,
    body,
    connect,
    post,
    user_request,
)

ONE_CALL = Usage(1, 10, 5, pytest.approx(0.02))


@pytest.fixture
def path(tmp_path):
    folder = tmp_path / "sandbox"
    folder.mkdir(mode=0o711)
    return folder / "model.sock"


def test_message_is_answered_in_the_dialect(gateway, spec, path, provider):
    with gateway.open(spec()) as session:
        session.listen(path)
        answer = post(path, body("hi", model="whatever"))
    assert answer.status == 200
    assert answer.json == {
        "id": "msg_0",
        "type": "message",
        "role": "assistant",
        "model": "whatever",
        "content": [{"type": "text", "text": "hello"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 10,
            "output_tokens": 5,
            "cache_read_input_tokens": 0,
            "cache_creation_input_tokens": 0,
        },
    }
    ((request, context),) = provider.seen
    assert request.messages == user_request("hi").messages
    assert (context.seed, context.index) == ("seed", 0)
    assert session.usage == ONE_CALL
    assert session.end is SessionEnd.CLEAN


def test_every_call_is_charged_to_every_account_and_recorded(gateway, spec, path):
    one = spec()
    with gateway.open(one) as session:
        session.listen(path)
        post(path, body("over the socket"))
        session.call(user_request("from the host"))
    assert gateway.spent("run") == gateway.spent("rollout/s1") == session.usage
    assert session.usage.calls == 2
    assert usage_of(one.transcript) == session.usage
    assert [e.index for e in read_transcript(one.transcript)] == [0, 1]


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/v1/messages"),
        ("POST", "/v1/messages/count_tokens"),
        ("POST", "/v1/messages/batches"),
        ("POST", "/v1/files"),
        ("GET", "/v1/models"),
        ("POST", "/v1/completions"),
        ("POST", "/v1/embeddings"),
        ("POST", "/v1/messages/../budget"),
        ("PUT", "/v1/budget"),
    ],
)
def test_other_routes_do_not_exist(gateway, spec, path, provider, method, target):
    with gateway.open(spec()) as session:
        session.listen(path)
        answer = ask(path, method, target, body())
    assert answer.status == 404
    assert answer.json["error"]["type"] == "not_found_error"
    assert provider.seen == []


def test_bad_request_is_refused_and_costs_nothing(gateway, spec, path, provider):
    with gateway.open(spec()) as session:
        session.listen(path)
        answer = post(path, body(tools=[{"type": "web_search_20250305", "name": "web_search"}]))
    assert answer.status == 400
    assert answer.json["error"]["type"] == "invalid_request_error"
    assert "tools[0].type" in answer.json["error"]["message"]
    assert provider.seen == []
    assert session.usage == Usage()
    assert session.end is SessionEnd.CLEAN


def test_spent_budget_is_refused_for_good_and_not_to_be_tried_again(gateway, spec, path, provider):
    with gateway.open(spec(ceiling=Ceiling(calls=1))) as session:
        session.listen(path)
        assert post(path, body()).status == 200
        refused = post(path, body())
        post(path, body())
    assert refused.status == 429
    assert refused.json["error"]["type"] == "budget_exceeded_error"
    assert refused.headers["x-should-retry"] == "false"
    assert session.end is SessionEnd.OVER_BUDGET
    assert len(provider.seen) == 1
    failures = [exchange.failure for exchange in read_transcript(spec().transcript)]
    assert failures == [None, Failure.OVER_BUDGET]


def test_worst_case_is_reserved_before_the_call(gateway, spec, provider):
    small = spec(ceiling=Ceiling(tokens=100))
    with gateway.open(small) as session, pytest.raises(OverBudgetError) as caught:
        session.call(user_request(max_tokens=100))
    assert caught.value.account == "rollout/s1"
    assert provider.seen == []


def test_wide_account_bounds_sessions_together_and_survives_a_restart(gateway, spec):
    gateway.set_ceiling("run", Ceiling(calls=11), Usage(calls=10))
    with gateway.open(spec("s1")) as one, gateway.open(spec("s2")) as two:
        one.call(user_request())
        with pytest.raises(OverBudgetError) as caught:
            two.call(user_request())
    assert caught.value.account == "run"
    assert gateway.spent("run").calls == 11


def test_budget_can_be_asked_for(gateway, spec, path):
    with gateway.open(spec(ceiling=Ceiling(tokens=1000, calls=3))) as session:
        session.listen(path)
        post(path, body())
        answer = ask(path, "GET", "/v1/budget")
    assert answer.json == {
        "left": {"tokens": 985, "cost_usd": None, "calls": 2, "seconds": None},
        "spent": {"tokens": 15, "cost_usd": pytest.approx(0.02), "calls": 1},
    }


class SlowProvider(FakeProvider):
    """Answers nothing for as long as it is waited for."""

    def complete(self, request, context):
        self.seen.append((request, context))
        time.sleep(context.deadline_s)
        raise ProviderError("no answer in time")


def test_call_that_uses_up_the_seconds_of_its_rollout_ends_it_over_budget(spec):
    prices = Prices({"fake/one": Price(0.0, 0.0)})
    with GatewayServer({"fake": SlowProvider()}, prices, random=Random(1)) as gateway:
        with gateway.open(spec(ceiling=Ceiling(seconds=0.6))) as session:
            for _ in range(2):
                with pytest.raises(OverBudgetError, match="rollout/s1"):
                    session.call(user_request())
        assert session.end is SessionEnd.OVER_BUDGET
        assert gateway.spent("run").calls == 1
    (exchange,) = read_transcript(spec().transcript)
    assert exchange.failure is Failure.OVER_BUDGET


def test_spent_account_of_a_step_ends_more_than_one_agents_work(gateway, spec):
    gateway.set_ceiling("step/diagnose", Ceiling(calls=0), Usage())
    accounts = ("rollout/s1", "agent/a1", "step/diagnose", "run")
    with gateway.open(spec(accounts=accounts)) as session, pytest.raises(OverBudgetError):
        session.call(user_request())
    assert session.end is SessionEnd.RUN_OVER_BUDGET
    assert session.refusal.account == "step/diagnose"


def test_tokens_of_the_providers_cache_are_charged_at_their_price(provider, spec):
    prices = Prices({"fake/one": Price(1.0, 10.0, 0.1, 1.25)})
    provider.reply = replace(provider.reply, cache_read_tokens=100, cache_write_tokens=20)
    server = GatewayServer({"fake": provider}, prices, random=Random(1))
    with server as gateway, gateway.open(spec()) as session:
        session.call(user_request())
    charged = Usage(1, 10, 5, pytest.approx(10 + 50 + 10 + 25), 100, 20)
    assert session.usage == gateway.spent("run") == charged
    (exchange,) = read_transcript(spec().transcript)
    assert exchange.usage == usage_of(spec().transcript) == charged


def test_provider_that_recovers_is_not_noticed(gateway, spec, path, provider):
    provider.failures = [ProviderError("down")] * 3
    with gateway.open(spec()) as session:
        session.listen(path)
        assert post(path, body()).status == 200
    assert session.end is SessionEnd.CLEAN
    assert session.usage == ONE_CALL


def test_provider_that_stays_down_is_the_machines_failure(gateway, spec, path, provider):
    provider.failures = [ProviderError("down")] * 4
    with gateway.open(spec()) as session:
        session.listen(path)
        answer = post(path, body())
    assert (answer.status, answer.json["error"]["type"]) == (529, "overloaded_error")
    assert session.end is SessionEnd.PROVIDER_FAILED
    (exchange,) = read_transcript(spec().transcript)
    assert (exchange.failure, exchange.message) == (Failure.PROVIDER, "down")


def test_bug_in_a_provider_is_recorded_and_the_gateway_lives(gateway, spec, path, provider):
    provider.failures = [KeyError("secret detail")]
    with gateway.open(spec()) as session:
        session.listen(path)
        answer = post(path, body())
        assert post(path, body()).status == 200
    assert (answer.status, answer.json["error"]["type"]) == (500, "api_error")
    assert "secret" not in json.dumps(answer.json)
    assert session.end is SessionEnd.PROVIDER_FAILED
    first, second = read_transcript(spec().transcript)
    assert (first.failure, first.message) == (Failure.GATEWAY, "KeyError: 'secret detail'")
    assert second.failure is None


def test_call_under_way_at_closing_is_charged_at_its_worst_case(gateway, spec, path, provider):
    provider.gate = threading.Event()
    try:
        with gateway.open(spec()) as session:
            session.listen(path)
            connection = UnixConnection(path)
            connection.request("POST", "/v1/messages", body())
            assert provider.entered.wait(5)
        settled = session.usage
        assert (settled.calls, settled.output_tokens) == (1, 100)
    finally:
        provider.gate.set()
        connection.close()
    time.sleep(0.1)
    assert gateway.spent("run") == session.usage == settled == usage_of(spec().transcript)
    (exchange,) = read_transcript(spec().transcript)
    assert exchange.failure is Failure.CLOSED


def test_call_that_ends_within_the_grace_is_charged_as_used(gateway, spec, path, provider):
    provider.gate = threading.Event()
    with gateway.open(spec()) as session:
        session.listen(path)
        connection = UnixConnection(path)
        connection.request("POST", "/v1/messages", body())
        assert provider.entered.wait(5)
        threading.Timer(0.05, provider.gate.set).start()
    connection.close()
    assert session.usage == ONE_CALL


def test_socket_and_connections_are_gone_after_closing(gateway, spec, path):
    with gateway.open(spec()) as session:
        session.listen(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o666
        open_connection = connect(path)
    with open_connection:
        assert open_connection.recv(1) == b""
    assert list(path.parent.iterdir()) == []


def test_closed_session_makes_no_calls(gateway, spec, provider):
    with gateway.open(spec()) as session:
        pass
    with pytest.raises(ProviderError, match="session s1 is closed"):
        session.call(user_request())
    assert provider.seen == []


def test_stale_socket_is_replaced(gateway, spec, path, monkeypatch):
    monkeypatch.chdir(path.parent)
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(path.name)
    assert path.is_socket()
    with gateway.open(spec()) as session:
        session.listen(path)
        assert post(path, body()).status == 200


def test_socket_may_lie_deeper_than_an_address_is_long(gateway, spec, tmp_path):
    folder = tmp_path / ("x" * 100) / ("y" * 100)
    folder.mkdir(parents=True)
    with gateway.open(spec()) as session:
        session.listen(folder / "model.sock")
        assert post(folder / "model.sock", body()).status == 200


def test_each_socket_is_its_own_identity(gateway, spec, path):
    with gateway.open(spec("s1")) as one, gateway.open(spec("s2")) as two:
        one.listen(path)
        two.listen(path.with_name("other.sock"))
        post(path, body())
        post(path.with_name("other.sock"), body())
        post(path, body())
    assert (one.usage.calls, two.usage.calls) == (2, 1)


def test_model_without_provider_or_price_is_one_clear_line(gateway, spec):
    with pytest.raises(ConfigError, match=r"unknown model 'gpt/4': .* one of fake"):
        gateway.open(spec(model="gpt/4")).__enter__()
    with pytest.raises(ModelUnusableError, match="no price is known for model 'fake/two'"):
        gateway.open(spec(model="fake/two")).__enter__()


def test_replay_answers_without_the_provider_and_costs_nothing(gateway, spec, provider):
    original = spec("s1")
    with gateway.open(original) as session:
        session.call(user_request("one"))
        session.call(user_request("two"))
    with gateway.open(spec("s2", model="gone/model", recorded=original.transcript)) as replay:
        assert replay.call(user_request("one")).id == "msg_0"
        assert replay.call(user_request("2")).id == "msg_1"
    assert replay.divergence.startswith("call 1: request.messages[0].content[0].text: ")
    assert replay.usage == Usage(2, 20, 10, 0.0)
    assert len(provider.seen) == 2


def test_replay_of_a_spent_budget_ends_as_the_original_did(gateway, spec):
    original = spec("s1", ceiling=Ceiling(calls=1))
    replay = spec("s2", recorded=original.transcript)
    for each in (original, replay):
        with gateway.open(each) as session:
            session.call(user_request())
            for _ in range(3):
                with pytest.raises(OverBudgetError):
                    session.call(user_request())
        assert session.end is SessionEnd.OVER_BUDGET
        assert session.divergence == ""


def test_request_that_cannot_be_read_is_not_told_back(gateway, spec, path):
    with gateway.open(spec()) as session:
        session.listen(path)
        with connect(path) as link:
            link.sendall(b"\x01" * 5000 + b"\r\n\r\n")
            answer = b"".join(iter(lambda: link.recv(65536), b""))
    assert b" 400 Bad Request" in answer[:30]
    assert answer.endswith(b"the request cannot be read\n")
    assert len(answer) < 500


def test_place_that_sent_what_is_no_request_stays_taken_for_a_moment(spec, path):
    def answer_to(request):
        with connect(path) as link:
            link.sendall(request)
            return b"".join(iter(lambda: link.recv(65536), b""))

    honest = b"GET /v1/budget HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    with small_gateway(Limits(connections=2)) as gateway, gateway.open(spec()) as session:
        session.listen(path)
        assert all(b"200 OK" in answer_to(honest) for _ in range(5))
        assert all(b" 400 " in answer_to(b"\x01\r\n\r\n") for _ in range(2))
        try:
            refused = answer_to(honest)
        except OSError:  # it was closed while this was being sent
            refused = b""
        assert refused == b""
        time.sleep(0.4)
        assert b"200 OK" in answer_to(honest)


def test_body_beyond_the_limit_is_refused_unread(spec, path):
    with small_gateway(Limits(body_bytes=1000)) as gateway, gateway.open(spec()) as session:
        session.listen(path)
        assert post(path, body("x" * 500)).status == 200
        answer = post(path, body("x" * 5000))
    assert (answer.status, answer.json["error"]["type"]) == (413, "request_too_large")


def test_compressed_body_is_not_unpacked(gateway, spec, path):
    connection = UnixConnection(path)
    with gateway.open(spec()) as session:
        session.listen(path)
        headers = {"content-encoding": "gzip"}
        connection.request("POST", "/v1/messages", gzip.compress(b" " * 1_000_000), headers)
        assert connection.getresponse().status == 400
        connection.close()


def test_connection_that_says_nothing_or_too_little_is_dropped(spec, path):
    limits = Limits(first_request_s=0.1, body_s=0.1)
    with small_gateway(limits) as gateway, gateway.open(spec()) as session:
        session.listen(path)
        with connect(path) as silent, connect(path) as slow_head, connect(path) as slow_body:
            slow_head.sendall(b"POST /v1/messages HTTP/1.1\r\nhost: x\r\n")
            slow_body.sendall(
                b"POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{"
            )
            assert b"408" in slow_body.recv(100)
            assert not is_open_after(0.2, silent)
            assert not is_open_after(0.0, slow_head)


def test_flood_of_idle_connections_does_not_disturb_a_neighbour(gateway, spec, path):
    neighbour = path.with_name("neighbour.sock")
    with ExitStack() as stack:
        flooded = stack.enter_context(gateway.open(spec("s1")))
        flooded.listen(path)
        served = stack.enter_context(gateway.open(spec("s2")))
        served.listen(neighbour)
        idle = [stack.enter_context(connect(path)) for _ in range(250)]
        for _ in range(50):
            assert post(neighbour, body()).status == 200
        assert soon(lambda: sum(is_open(connection) for connection in idle) == 8)
    assert served.usage.calls == 50


def test_questions_without_end_are_answered_no_faster_than_a_share_of_the_loop(gateway, spec, path):
    many = b"GET /v1/budget HTTP/1.1\r\nhost: x\r\n\r\n" * 20_000
    with gateway.open(spec()) as session:
        session.listen(path)
        started, answers = time.perf_counter(), 0
        with connect(path) as link:
            sending = threading.Thread(target=sent_until_closed, args=(link, many))
            sending.start()
            while time.perf_counter() - started < 0.5:
                answers += link.recv(65536).count(b"HTTP/1.1 200")
            seconds = time.perf_counter() - started
            link.shutdown(socket.SHUT_RDWR)
            sending.join()
    assert 0 < answers <= (RESERVE_S + SHARE * seconds) / REQUEST_S + 1


def test_bytes_without_end_are_read_no_faster_than_a_share_of_the_loop(gateway, spec, path):
    head = b"POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 1073741824\r\n\r\n"
    with gateway.open(spec()) as session:
        session.listen(path)
        with connect(path) as link:
            link.sendall(head)
            link.setblocking(False)
            started, taken = time.perf_counter(), 0
            while (seconds := time.perf_counter() - started) < 0.5:
                with suppress(BlockingIOError):
                    taken += link.send(bytes(1 << 20))
                    continue
                time.sleep(0.001)
    in_the_queue = 1 << 20
    assert in_the_queue < taken <= (RESERVE_S + SHARE * seconds) / BYTE_S + in_the_queue


def test_connections_beyond_the_cap_are_closed_no_faster_than_a_share_of_the_loop(
    gateway, spec, path
):
    with gateway.open(spec()) as session, ExitStack() as stack:
        session.listen(path)
        started, closed = time.perf_counter(), 0
        links = [stack.enter_context(connect(path)) for _ in range(8)]
        while time.perf_counter() - started < 0.5:
            with connect(path) as link:
                closed += link.recv(1) == b""
        seconds = time.perf_counter() - started
        assert all(map(is_open, links))
    assert 0 < closed <= (RESERVE_S + SHARE * seconds) / REFUSAL_S + 1


def sent_until_closed(link: socket.socket, data: bytes) -> None:
    with suppress(OSError):
        link.sendall(data)


def soon(is_so: Callable[[], bool]) -> bool:
    """Whether something comes to be so within five seconds."""
    end = time.monotonic() + 5
    while not (found := is_so()) and time.monotonic() < end:
        time.sleep(0.01)
    return found


def is_open_after(seconds: float, connection: socket.socket) -> bool:
    time.sleep(seconds)
    return is_open(connection)


def is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionError:
        return False


def small_gateway(limits: Limits) -> GatewayServer:
    prices = Prices({"fake/one": Price(0.0, 0.0)})
    return GatewayServer(
        {"fake": FakeProvider()}, prices, random=Random(1), limits=limits, grace_s=0.2
    )


def test_64_clients_at_the_edge_never_exceed_the_ceiling(gateway, spec, path):
    gateway.set_ceiling("run", Ceiling(calls=40), Usage())
    with ExitStack() as stack:
        paths = []
        for number in range(8):
            paths.append(path.with_name(f"{number}.sock"))
            stack.enter_context(gateway.open(spec(f"s{number}"))).listen(paths[-1])
        statuses = []

        def client(number: int) -> None:
            statuses.append(post(paths[number % 8], body()).status)

        threads = [threading.Thread(target=client, args=(number,)) for number in range(64)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert gateway.spent("run").calls == statuses.count(200) <= 40
    assert len(statuses) == 64
