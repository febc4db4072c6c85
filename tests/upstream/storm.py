"""Many agents at a gateway whose provider keeps failing in every way, and the books of both sides.

Agents are threads with a socket each; they speak both dialects, streamed and not, and call both
providers. The upstream draws its faults from a seeded generator.
"""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random

from dgm.gateway.prices import Price, Prices
from dgm.gateway.protocol import SessionSpec
from dgm.gateway.retry import Retry
from dgm.gateway.server import GatewayServer
from dgm.gateway.tokens import estimate_input_tokens
from dgm.gateway.transcript import Failure, read_transcript, usage_of
from dgm.records import Ceiling, Usage
from tests.gateway.fakes import UnixConnection, body, user_request
from tests.upstream.conftest import MODELS, providers_at
from tests.upstream.server import Break, Refuse, Say, Seen, Step, UpstreamServer, messages_error

PROMPT = "What is the weather like in Oslo today?"
MAX_TOKENS = 40
# A broken answer of an upstream that has not counted is estimated: at just this.
INPUT_TOKENS = estimate_input_tokens(user_request(PROMPT))
GOOD = Say("It rains.", input_tokens=INPUT_TOKENS, output_tokens=5)
SOON = (("retry-after-ms", "5"),)
FAULTS: tuple[tuple[float, Step], ...] = (
    (0.04, Refuse(429, messages_error("rate_limit_error", "slow down"), SOON)),
    (0.04, Refuse(529, messages_error("overloaded_error", "busy"))),
    (0.04, Refuse(500, messages_error("api_error", "oops"))),
    (0.04, Refuse(502, "<html>Bad Gateway</html>")),
    (0.03, Refuse(200, "<html>maintenance</html>")),
    (0.03, Break("reset", say=GOOD)),
    (0.03, Break("reset", after=0, say=GOOD)),
    (0.03, Break("garbage", say=GOOD)),
    (0.03, Break("end", say=GOOD)),
    (0.02, Break("error", say=GOOD, error=messages_error("overloaded_error", "busy"))),
    (0.004, Break("silent", say=GOOD)),
)


@dataclass(frozen=True)
class Books:
    """What a storm came to: `statuses` as agents saw them, the rest as each side wrote it down."""

    statuses: tuple[int, ...]
    broken_streams: int
    replies: int
    failures: tuple[Failure, ...]
    replied: Usage
    spent: Usage
    recorded: Usage
    most_spent: Usage
    upstream_calls: int
    upstream_answers: int
    upstream_billed: tuple[int, int]


class Weather:
    """Draws what the upstream does next; an address must have answered once before it may fail."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._known: set[str] = set()

    def __call__(self, seen: Seen) -> Step:
        if seen.path not in self._known:
            self._known.add(seen.path)
            return GOOD
        drawn = self._random.random()
        for share, fault in FAULTS:
            if drawn < share:
                return fault
            drawn -= share
        return GOOD


def run_storm(calls: int, agents: int, place: Path, ceiling: Ceiling | None = None) -> Books:
    """Let agents make so many calls together; return the books."""
    weather = Weather(7)
    prices = Prices(dict.fromkeys(MODELS, Price(1e-6, 5e-6)))
    retry = Retry(Random(1), base_s=0.005, cap_s=0.05)
    with (
        UpstreamServer(weather) as upstream,
        providers_at(upstream.address, silence_s=3.0) as providers,
        GatewayServer(providers, prices, random=Random(1), retry=retry) as gateway,
    ):
        gateway.set_ceiling("run", ceiling or Ceiling(), Usage())
        for model in MODELS:  # one good call each, before the weather changes
            with gateway.open(_spec(place, f"first-{model[:6]}", model)) as session:
                session.call(user_request(PROMPT, MAX_TOKENS))
        watch = _Watch(gateway)
        with ExitStack() as stack, watch:
            sockets = [
                _listen(stack, gateway, place, f"{number}", MODELS[number % 2])
                for number in range(agents)
            ]
            pool = stack.enter_context(ThreadPoolExecutor(agents))
            shares = [calls // agents] * agents
            answers = [a for part in pool.map(_agent, sockets, shares, range(agents)) for a in part]
        return _books(place, gateway, upstream, watch.most, answers)


class _Watch:
    """Looks at what is spent all the time, from a thread of its own."""

    def __init__(self, gateway: GatewayServer) -> None:
        self._gateway = gateway
        self._over = threading.Event()
        self.most = Usage()

    def __enter__(self) -> None:
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.002):
            now = self._gateway.spent("run")
            self.most = max(self.most, now, key=lambda usage: usage.tokens)


def _spec(place: Path, name: str, model: str) -> SessionSpec:
    transcript = place / name / "transcript.jsonl"
    return SessionSpec(name, model, "s", (f"rollout/{name}", "run"), transcript)


def _listen(stack: ExitStack, gateway: GatewayServer, place: Path, name: str, model: str) -> Path:
    socket = place / f"{name}.sock"
    stack.enter_context(gateway.open(_spec(place, name, model))).listen(socket)
    return socket


def _agent(socket: Path, calls: int, number: int) -> list[tuple[int, bytes]]:
    """Make calls one after another; give (status, body) of each."""
    random = Random(number)
    answers = []
    connection = UnixConnection(socket)
    try:
        for _ in range(calls):
            route = random.choice(("/v1/messages", "/v1/chat/completions"))
            asked = body(PROMPT, stream=random.random() < 0.5, max_tokens=MAX_TOKENS)
            connection.request("POST", route, asked, {"content-type": "application/json"})
            response = connection.getresponse()
            answers.append((response.status, response.read()))
    finally:
        connection.close()
    return answers


def _books(
    place: Path,
    gateway: GatewayServer,
    upstream: UpstreamServer,
    most: Usage,
    answers: list[tuple[int, bytes]],
) -> Books:
    transcripts = [path.parent / "transcript.jsonl" for path in place.glob("*/transcript.jsonl*")]
    exchanges = [exchange for path in transcripts for exchange in read_transcript(path)]
    replies = [exchange.reply for exchange in exchanges if exchange.reply]
    return Books(
        statuses=tuple(status for status, _ in answers),
        broken_streams=sum(_is_broken(status, text) for status, text in answers),
        replies=len(replies),
        failures=tuple(exchange.failure for exchange in exchanges if exchange.failure),
        replied=Usage(
            len(replies),
            sum(reply.input_tokens for reply in replies),
            sum(reply.output_tokens for reply in replies),
        ),
        spent=gateway.spent("run"),
        recorded=sum(map(usage_of, transcripts), Usage()),
        most_spent=most,
        upstream_calls=len(upstream.seen),
        upstream_answers=upstream.answers,
        upstream_billed=(upstream.billed[0], upstream.billed[1]),
    )


def _is_broken(status: int, text: bytes) -> bool:
    """Whether an agent got neither a whole answer nor a whole error."""
    if status != 200:
        return "error" not in json.loads(text)
    ends = (b"message_stop", b"data: [DONE]", b'"stop_reason"', b'"finish_reason"')
    return b"It rains." not in text or not any(end in text for end in ends)


def check_books(books: Books, calls: int, ceiling: Ceiling | None = None) -> None:
    """Assert what must hold in any weather."""
    assert len(books.statuses) == calls
    assert books.broken_streams == 0
    assert books.replies == books.upstream_answers, f"{books}"
    whole = books.replied
    assert whole.input_tokens == INPUT_TOKENS * books.replies
    assert whole.output_tokens == books.upstream_billed[1]
    assert whole.input_tokens <= books.spent.input_tokens <= books.upstream_billed[0]
    assert books.recorded.tokens == books.spent.tokens
    assert books.recorded.calls == books.spent.calls
    assert abs(books.recorded.cost_usd - books.spent.cost_usd) < 1e-9 * calls
    if ceiling and ceiling.tokens is not None:
        assert max(books.most_spent.tokens, books.spent.tokens) <= ceiling.tokens
