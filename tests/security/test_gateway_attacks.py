"""Row 18: more than the budget allows, other models, what the provider itself would run or store.

The controls let the same requests through where nothing is reserved or nothing is checked.
"""

from __future__ import annotations

import gzip
import json
import socketserver
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from random import Random

import pytest

from dgm.errors import (
    ModelUnusableError,
    OverBudgetError,
    ProviderError,
    RequestRefusedError,
)
from dgm.gateway.budget import Budget
from dgm.gateway.prices import Price, Prices
from dgm.gateway.protocol import SessionSpec
from dgm.gateway.retry import Retry
from dgm.gateway.server import GatewayServer
from dgm.gateway.transcript import read_transcript, usage_of
from dgm.records import Ceiling, Usage
from tests.gateway.fakes import FakeProvider, ask, body, post, user_request

PRICE = Price(0.001, 0.002)
WORST_TOKENS = 9 + 100  # of `body()`: its own estimate, and what it asks for at most
CLIENTS = 64


class Dear(FakeProvider):
    """Always consumes what it is allowed to, and takes its time."""

    def complete(self, request, context):
        time.sleep(0.002)
        reply = super().complete(request, context)
        return replace(reply, input_tokens=9, output_tokens=request.max_tokens)


@contextmanager
def opened(provider, place, name="s", ceiling=None, accounts=("rollout/s", "run")):
    """A gateway and one session of it on a socket."""
    retry = Retry(Random(1), sleep=lambda _: None)
    prices = Prices({"fake/one": PRICE})
    with GatewayServer(
        {"fake": provider}, prices, random=Random(1), retry=retry, grace_s=0.2
    ) as server:
        transcript = place / f"{name}.jsonl"
        spec = SessionSpec(name, "fake/one", "seed", accounts, transcript, ceiling or Ceiling())
        with server.open(spec) as session:
            session.listen(place / "model.sock")
            yield server, session


def at_once(number, action):
    """Do something in many threads that start together; return what each gave."""
    gate, results = threading.Barrier(number), []

    def client():
        gate.wait()
        results.append(action())

    threads = [threading.Thread(target=client) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


class TestBudget:
    @pytest.mark.parametrize(
        ("ceiling", "spent"),
        [
            (Ceiling(tokens=20 * WORST_TOKENS + 50), lambda usage: usage.tokens),
            (Ceiling(cost_usd=20.5 * (0.009 + 0.2)), lambda usage: usage.cost_usd),
            (Ceiling(calls=20), lambda usage: usage.calls),
        ],
        ids=["tokens", "cost_usd", "calls"],
    )
    def test_64_at_the_edge_never_spend_more_than_there_is(self, tmp_path, ceiling, spent):
        provider = Dear()
        with ExitStack() as stack:
            server, _ = stack.enter_context(opened(provider, tmp_path))
            server.set_ceiling("run", ceiling, Usage())
            sessions = []
            for number in range(8):  # each has eight connections
                record = tmp_path / f"{number}.jsonl"
                accounts = (f"rollout/{number}", "run")
                spec = SessionSpec(f"s{number}", "fake/one", "seed", accounts, record)
                sessions.append(stack.enter_context(server.open(spec)))
                sessions[-1].listen(tmp_path / f"{number}.sock")
            turns = iter(range(CLIENTS))
            statuses = at_once(
                CLIENTS, lambda: post(tmp_path / f"{next(turns) % 8}.sock", body()).status
            )
            usage = server.spent("run")
        limit = next(most for most in (ceiling.tokens, ceiling.cost_usd, ceiling.calls) if most)
        assert len(statuses) == CLIENTS
        assert 0 < spent(usage) <= limit
        assert statuses.count(200) == len(provider.seen) == usage.calls <= 20

    def test_64_that_look_before_they_spend_are_over_the_budget(self):
        """The same without a reservation: everybody sees what is left before anybody pays."""
        budget = Budget()
        budget.set_ceiling("run", Ceiling(calls=20))
        looked = threading.Barrier(CLIENTS)

        def call():
            is_left = budget.left("run").calls
            looked.wait()
            if is_left:
                budget.settle(budget.reserve(["unbounded"], Usage(calls=1)), Usage(calls=1))

        at_once(CLIENTS, call)
        assert budget.spent("unbounded").calls == CLIENTS > 20


# Answers one call, then dies within the second without a word, as under `kill -9`.
KILLED = """
import os, sys, threading
from pathlib import Path
from random import Random
from dgm.gateway.prices import Price, Prices
from dgm.gateway.protocol import SessionSpec
from dgm.gateway.server import GatewayServer
from tests.gateway.fakes import FakeProvider, user_request
provider = FakeProvider()
server = GatewayServer({"fake": provider}, Prices({"fake/one": Price(0.001, 0.002)}),
                       random=Random(1))
spec = SessionSpec("s", "fake/one", "seed", ("rollout/s", "run"), Path(sys.argv[1]))
with server, server.open(spec) as session:
    session.call(user_request())
    provider.entered.clear()
    provider.gate = threading.Event()
    threading.Thread(target=session.call, args=(user_request(max_tokens=1000),)).start()
    provider.entered.wait()
    print("under way", flush=True)
    threading.Event().wait()
"""


class TestKill:
    @pytest.fixture
    def transcript(self, tmp_path):
        """What a gateway left that was killed while the model answered its second call."""
        path = tmp_path / "killed.jsonl"
        with subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=-1) as process:
            assert process.stdout.readline() == b"under way\n"
            process.kill()
        return path

    def test_reservation_stands_after_a_restart(self, tmp_path, transcript):
        spent = usage_of(transcript)
        assert (spent.calls, spent.output_tokens) == (2, 5 + 1000)
        with opened(FakeProvider(), tmp_path) as (server, session):
            ceiling = Ceiling(tokens=spent.tokens + WORST_TOKENS)
            server.set_ceiling("run", ceiling, spent)
            session.call(user_request())
            with pytest.raises(OverBudgetError):
                session.call(user_request())
            assert server.spent("run").tokens <= ceiling.tokens

    def test_what_is_written_after_the_answer_alone_forgets_the_call(self, transcript):
        finished = [exchange.usage for exchange in read_transcript(transcript)]
        assert sum(finished, Usage()).calls == 1 < usage_of(transcript).calls


TOOLS = [
    *("web_search_20250305", "web_fetch_20250910", "code_execution_20250522"),
    *("code_execution_20250825", "computer_20250124", "bash_20250124", "text_editor_20250728"),
    *("memory_20250818", "mcp_toolset", "tool_search_tool_regex_20251119", "something_new"),
]
FIELDS = {
    "mcp_servers": [{"type": "url", "url": "https://example.com", "name": "x"}],
    "container": "container_1",
    "context_management": {"edits": []},
    "betas": ["files-api-2025-04-14"],
    "n": 100,
    "best_of": 100,
    "store": True,
    "background": True,
    "web_search_options": {},
    "file_ids": ["file_1"],
    "something_new": 1,
}
CONTENTS = [
    {"type": "document", "source": {"type": "url", "url": "https://example.com/x.pdf"}},
    {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
    {"type": "image", "source": {"type": "url", "url": "https://example.com/x.png"}},
    {"type": "container_upload", "file_id": "file_1"},
    {"type": "server_tool_use", "id": "a", "name": "web_search", "input": {"query": "x"}},
    {"type": "mcp_tool_use", "id": "a", "name": "x", "server_name": "x", "input": {}},
    {"type": "web_search_tool_result", "tool_use_id": "a", "content": []},
    {"type": "something_new"},
]
ROUTES = [
    ("POST", "/v1/files"), ("GET", "/v1/files"), ("GET", "/v1/files/file_1/content"),
    ("POST", "/v1/messages/batches"), ("POST", "/v1/messages/count_tokens"),
    ("POST", "/v1/complete"), ("POST", "/v1/responses/compact"), ("POST", "/v1/embeddings"),
    ("GET", "/v1/responses/resp_1"), ("GET", "/v1/chat/completions/chatcmpl_1"),
    ("POST", "/v1/images/generations"), ("POST", "/v1/assistants"), ("POST", "/v1/fine_tuning"),
    ("GET", "/v1/organizations/api_keys"), ("POST", "/v1/skills"), ("POST", "/v1/environments"),
    ("POST", "/v1//messages"), ("POST", "/V1/MESSAGES"), ("POST", "/v1/messages/"),
    ("POST", "//v1/messages"), ("POST", "/v1/messages%2F..%2Ffiles"),
    ("DELETE", "/v1/messages"), ("PATCH", "/v1/messages"), ("TRACE", "/v1/messages"),
    ("POST", "http://example.com/v1/files"),
]  # fmt: skip

MESSAGES, CHAT, RESPONSES = "/v1/messages", "/v1/chat/completions", "/v1/responses"
OPENAI_TOOLS = [
    *(
        "web_search",
        "web_search_preview",
        "file_search",
        "code_interpreter",
        "computer_use_preview",
    ),
    *("image_generation", "local_shell", "mcp", "something_new"),
]
OPENAI_FIELDS = {
    "n": 100,
    "background": True,
    "web_search_options": {"user_location": {}},
    "previous_response_id": "resp_1",
    "conversation": "conv_1",
    "prompt": {"id": "pmpt_1"},
    "audio": {"voice": "x"},
    "modalities": ["text", "audio"],
    "best_of": 100,
    "file_ids": ["file_1"],
    "something_new": 1,
}


def said(path, **fields):
    """The least request of a dialect, and more fields."""
    if path == RESPONSES:
        return json.dumps(
            {"model": "any", "input": "hi", "max_output_tokens": 100} | fields
        ).encode()
    return body(**fields)


def requests():
    """Every request that must not reach a provider: name, method, path, body."""
    for kind in TOOLS:
        yield kind, "POST", "/v1/messages", body(tools=[{"type": kind, "name": "x"}])
    for name, value in FIELDS.items():
        yield name, "POST", "/v1/messages", body(**{name: value})
    for content in CONTENTS:
        messages = [{"role": "user", "content": [content]}]
        yield content["type"], "POST", "/v1/messages", body(messages=messages)
    for path in (CHAT, RESPONSES):
        for kind in OPENAI_TOOLS:
            yield f"{path} {kind}", "POST", path, said(path, tools=[{"type": kind}])
        for name, value in OPENAI_FIELDS.items():
            yield f"{path} {name}", "POST", path, said(path, **{name: value})
    for method, path in ROUTES:
        yield f"{method} {path}", method, path, body()


class Believer(BaseHTTPRequestHandler):
    """Takes whatever it is sent, as a server that passes all of it on."""

    def take(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        assert asked.get("input") or asked["messages"]
        self.server.taken.append((self.command, asked))
        answer = json.dumps({"content": []}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_DELETE = do_PATCH = do_TRACE = take  # noqa: N815 - named by http.server

    def log_message(self, *words):
        """Say nothing."""


@contextmanager
def believing(path, taken):
    """A server on a socket that keeps what it took in a list."""
    with socketserver.UnixStreamServer(str(path), Believer) as server:
        server.taken = taken
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield
        server.shutdown()
        thread.join()


class TestRequests:
    def test_nothing_but_plain_messages_reaches_a_provider(self, tmp_path):
        provider = FakeProvider()
        statuses = {}
        with opened(provider, tmp_path) as (server, _):
            for name, method, path, data in requests():
                statuses[name] = ask(tmp_path / "model.sock", method, path, data).status
            assert provider.seen == []
            assert server.spent("run") == Usage()
            for path in (MESSAGES, CHAT, RESPONSES):
                assert ask(tmp_path / "model.sock", "POST", path, said(path)).status == 200
        assert {name: status for name, status in statuses.items() if status not in (400, 404)} == {}
        assert len(statuses) > 50

    def test_server_that_believes_all_takes_every_one_of_them(self, tmp_path):
        """The control: it is not for a broken request that they are refused."""
        taken = []
        with believing(tmp_path / "naive.sock", taken):
            for name, method, path, data in requests():
                assert ask(tmp_path / "naive.sock", method, path, data).status == 200, name
                assert taken.pop() == (method, json.loads(data)), name

    @pytest.mark.parametrize("path", [MESSAGES, CHAT, RESPONSES])
    def test_model_that_is_asked_for_is_not_the_model_that_is_called(self, tmp_path, path):
        provider = FakeProvider()
        with opened(provider, tmp_path) as (server, _):
            asked = said(path, model="fake/dearest")
            answer = ask(tmp_path / "model.sock", "POST", path, asked)
            assert server.spent("run").cost_usd == pytest.approx(10 * 0.001 + 5 * 0.002)
        assert answer.status == 200
        ((request, _),) = provider.seen
        assert request.model == "one"

    @pytest.mark.parametrize("path", [MESSAGES, CHAT, RESPONSES])
    @pytest.mark.parametrize(
        "complain",
        [ProviderError, RequestRefusedError, ModelUnusableError],
        ids=lambda c: c.__name__,
    )
    def test_key_in_a_complaint_of_the_provider_stays_outside(self, tmp_path, path, complain):
        key = "sk-ant-api03-canary0123456789abcdef"
        provider = FakeProvider(failures=[complain(f"illegal header value {key!r}")] * 8)
        with opened(provider, tmp_path):
            answer = ask(tmp_path / "model.sock", "POST", path, said(path))
        assert answer.status != 200
        assert key not in json.dumps(answer.json)
        kept = gzip.decompress((tmp_path / "s.jsonl.gz").read_bytes())
        assert b"illegal header" in kept
        assert key.encode() not in kept


MEGABYTE = "x" * 1_000_000
PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": ""}}
UNCOUNTED = {
    "picture": [PICTURE | {"source": PICTURE["source"] | {"data": MEGABYTE * 2}}],
    "type of a picture": [PICTURE | {"source": PICTURE["source"] | {"media_type": MEGABYTE}}],
    "thinking": [{"type": "thinking", "thinking": "", "signature": MEGABYTE}],
    "hidden thinking": [{"type": "redacted_thinking", "data": MEGABYTE}],
    "id of a call": [{"type": "tool_use", "id": MEGABYTE, "name": "x", "input": {}}],
    "id of a result": [{"type": "tool_result", "tool_use_id": MEGABYTE, "content": ""}],
    "empty blocks": [{"type": "text", "text": ""}] * 30_000,
}


@pytest.mark.parametrize(
    "data",
    [
        *(body(messages=[{"role": "user", "content": content}]) for content in UNCOUNTED.values()),
        body(stop_sequences=[MEGABYTE]),
        body(model=MEGABYTE),
        body(messages=[{"role": "user", "content": []}] * 30_000),
        body(tool_choice={"type": "tool", "name": MEGABYTE}),
        body(output_config={"effort": MEGABYTE}),
        body(output_config={"format": {"type": "json_schema", "schema": {"title": MEGABYTE}}}),
    ],
    ids=[
        *UNCOUNTED, "stop sequences", "model", "empty messages", "tool choice", "effort", "schema",
    ],
)  # fmt: skip
def test_what_fills_the_transcript_is_paid_for(tmp_path, data):
    """A megabyte that costs no tokens would fill the disk of the host within any budget."""
    with opened(FakeProvider(), tmp_path, ceiling=Ceiling(tokens=2000)):
        statuses = [post(tmp_path / "model.sock", data).status for _ in range(4)]
        written = (tmp_path / "s.jsonl").stat().st_size
    assert 200 not in statuses
    assert written < 2 * len(data)


CALL = {"id": "c", "type": "function", "function": {"name": "x", "arguments": "{}"}}
UNCOUNTED_BY_OPENAI = {
    "chat model": (CHAT, {"model": MEGABYTE}),
    "chat effort": (CHAT, {"reasoning_effort": MEGABYTE}),
    "chat stop": (CHAT, {"stop": MEGABYTE}),
    "chat call": (
        CHAT,
        {"messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "tool_calls": [CALL | {"id": MEGABYTE}]},
        ]},
    ),
    "chat result": (
        CHAT,
        {"messages": [{"role": "tool", "tool_call_id": MEGABYTE, "content": ""}]},
    ),
    "chat choice": (
        CHAT,
        {"tool_choice": {"type": "function", "function": {"name": MEGABYTE}}},
    ),
    "responses model": (RESPONSES, {"model": MEGABYTE}),
    "responses effort": (RESPONSES, {"reasoning": {"effort": MEGABYTE}}),
    "responses call": (
        RESPONSES,
        {"input": [
            {"role": "user", "content": "hi"},
            {"type": "function_call", "call_id": MEGABYTE, "name": "x", "arguments": "{}"},
        ]},
    ),
    "responses result": (
        RESPONSES,
        {"input": [{"type": "function_call_output", "call_id": MEGABYTE, "output": ""}]},
    ),
    "responses thinking": (
        RESPONSES,
        {"input": [
            {"role": "user", "content": "hi"},
            {"type": "reasoning", "encrypted_content": MEGABYTE},
        ]},
    ),
    "responses choice": (RESPONSES, {"tool_choice": {"type": "function", "name": MEGABYTE}}),
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "fields"), UNCOUNTED_BY_OPENAI.values(), ids=[*UNCOUNTED_BY_OPENAI]
)
def test_what_fills_the_transcript_is_paid_for_in_every_dialect(tmp_path, path, fields):
    data = said(path, **fields)
    with opened(FakeProvider(), tmp_path, ceiling=Ceiling(tokens=2000)):
        statuses = [ask(tmp_path / "model.sock", "POST", path, data).status for _ in range(4)]
        written = (tmp_path / "s.jsonl").stat().st_size
    assert set(statuses) <= {400, 429}
    assert written < 2 * len(data)
