"""The gateway: one per process; every session has its own socket, all share one event loop.

with GatewayServer({"builtin": builtin}, Prices(), random=Random(1)) as gateway:
    with gateway.open(spec) as session:
        session.listen(folder / "model.sock")
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Self, TypeVar

from dgm.errors import ConfigError, OverBudgetError
from dgm.gateway.answers import (
    DIALECTS,
    Answer,
    Waiting,
    answer_budget,
    answer_call,
    refusal,
)
from dgm.gateway.budget import Budget
from dgm.gateway.cache import ResponseCache
from dgm.gateway.codec import Incoming, InvalidRequestError
from dgm.gateway.dialects import Refusal
from dgm.gateway.history import History
from dgm.gateway.listener import Limits, Listener
from dgm.gateway.prices import FREE, Prices
from dgm.gateway.protocol import Provider, SessionEnd, SessionSpec
from dgm.gateway.ration import Ration
from dgm.gateway.recording import Recording
from dgm.gateway.retry import Retry
from dgm.gateway.services import Services
from dgm.gateway.session import ModelSession
from dgm.gateway.throttle import Throttle
from dgm.gateway.wire import Reply, Request
from dgm.records import Ceiling, Usage

_T = TypeVar("_T")
_CALLS_AT_ONCE = 256
_SMALL = 64 * 1024  # bytes that are decoded in less time than another thread takes to begin


class GatewayServer:
    """The one server through which every model call goes. Thread-safe; a context manager.

    A model is named `provider/name`, or just `provider`. A closing session waits `grace_s` for
    calls under way; what is still open then is charged at its worst case.
    """

    def __init__(
        self,
        providers: Mapping[str, Provider],
        prices: Prices,
        *,
        random: Random,
        limits: Limits | None = None,
        retry: Retry | None = None,
        grace_s: float = 5.0,
    ) -> None:
        self._providers = providers
        self._prices = prices
        self._limits = limits or Limits()
        self._grace_s = grace_s
        self._budget = Budget()
        self._services = Services(
            self._budget, retry or Retry(random), self._limits.transcript_bytes
        )
        self._divergences: dict[str, str] = {}
        self._throttles = {name: Throttle() for name in providers}

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="gateway", daemon=True)
        self._pool = ThreadPoolExecutor(_CALLS_AT_ONCE, thread_name_prefix="gateway-call")
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.run(_end_tasks())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    @contextmanager
    def open(self, spec: SessionSpec) -> Iterator[ServedSession]:
        """Open a session; on leaving, its socket is gone and its transcript closed.

        Raises: ConfigError for an unknown model, ModelUnusableError for one without a price,
            ArchiveError if the transcript to replay is missing.
        """
        session = self._session(spec)
        served = ServedSession(session, self)
        try:
            yield served
        finally:
            try:
                session.close(self._grace_s)
                if session.divergence:
                    self._divergences[spec.id] = session.divergence
            finally:
                served.stop_listening()

    def keep_answers(self, cache: ResponseCache) -> None:
        """Answer what was asked before from a cache, in the sessions opened from now on."""
        self._services = replace(self._services, cache=cache)

    def set_ceiling(self, account: str, ceiling: Ceiling, spent: Usage) -> None:
        """Bound an account, with what it has spent before (on resume)."""
        self._budget.set_ceiling(account, ceiling, spent)

    def spent(self, account: str) -> Usage:
        """Return what an account's settled calls consumed so far."""
        return self._budget.spent(account)

    @property
    def divergences(self) -> Mapping[str, str]:
        """Session id to where it left its recording, of the replays that did."""
        return self._divergences

    def listener(self, session: ModelSession) -> Listener:
        """Make the listener of a session; call it on the loop."""
        histories = {path: History() for path in DIALECTS}
        ration = Ration()

        async def handle(method: str, path: str, body: bytes) -> Answer | Waiting:
            if method == "POST" and path in DIALECTS:
                decode = partial(DIALECTS[path].decode, body, histories[path])
                with ration.counting():
                    incoming = await self._decoded(path, decode, is_small=len(body) <= _SMALL)
                if isinstance(incoming, Answer):
                    return incoming
                return await self._answer(session, path, incoming)
            if (method, path) == ("GET", "/v1/budget"):
                return answer_budget(session)
            message = f"there is no {method} {path} here"[:200]
            return refusal(path, Refusal.NOT_FOUND, message)

        return Listener(handle, self._limits, ration)

    async def _decoded(
        self, path: str, decode: Callable[[], Incoming], *, is_small: bool
    ) -> Incoming | Answer:
        """Read a request, or refuse it."""
        try:
            return decode() if is_small else await self._in_thread(decode)
        except InvalidRequestError as error:
            return refusal(path, Refusal.INVALID, str(error))

    async def _answer(
        self, session: ModelSession, path: str, incoming: Incoming
    ) -> Answer | Waiting:
        dialect = DIALECTS[path]
        answer = self._in_thread(partial(answer_call, session, dialect, incoming))
        return Waiting(answer, dialect.heartbeat) if incoming.streams else await answer

    def _in_thread(self, work: Callable[[], _T]) -> asyncio.Future[_T]:
        return self._loop.run_in_executor(self._pool, work)

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine on the loop and wait for its end."""
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _session(self, spec: SessionSpec) -> ModelSession:
        model = Recording(spec.recorded) if spec.recorded else self._provider(spec.model)
        price = FREE if spec.recorded else self._prices.of(spec.model)
        if spec.ceiling != Ceiling():
            if not spec.accounts:
                raise ConfigError(f"session {spec.id} has a ceiling but no account to bound")
            self._budget.set_ceiling(spec.accounts[0], spec.ceiling)
        return ModelSession(spec, model, price, self._services, self._throttles.get(model.name))

    def _provider(self, model: str) -> Provider:
        name = model.split("/", 1)[0]
        if name not in self._providers:
            known = ", ".join(sorted(self._providers))
            raise ConfigError(f"unknown model {model!r}: its provider must be one of {known}")
        return self._providers[name]


async def _end_tasks() -> None:
    """Let connections that were closed a moment ago come to their end."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class ServedSession:
    """What `GatewayServer.open` gives: a session that can be listened to on a socket."""

    def __init__(self, session: ModelSession, gateway: GatewayServer) -> None:
        self._session = session
        self._gateway = gateway
        self._listener: Listener | None = None

    @property
    def usage(self) -> Usage:
        """What this session's settled calls consumed."""
        return self._session.usage

    @property
    def end(self) -> SessionEnd:
        """Whether a call was refused for budget, or failed for the provider."""
        return self._session.end

    @property
    def refusal(self) -> OverBudgetError | None:
        """The refusal for budget that ended this session's calls."""
        return self._session.refusal

    @property
    def trouble(self) -> str:
        """Why the model is unusable; empty if it is not."""
        return self._session.trouble

    @property
    def overflowed(self) -> bool:
        """Whether a request was longer than the model's context."""
        return self._session.overflowed

    @property
    def divergence(self) -> str:
        """In a replay: the first request that differed from the recorded one; else empty."""
        return self._session.divergence

    def call(self, request: Request) -> Reply:
        """Make a call from the host itself.

        Raises: ProviderError, OverBudgetError, RequestRefusedError, ModelUnusableError.
        """
        return self._session.call(request)

    def listen(self, socket: Path) -> None:
        """Serve this session on a Unix socket until it is closed."""
        self._gateway.run(self._start(socket))

    def stop_listening(self) -> None:
        """Close the socket and its connections."""
        if self._listener is not None:
            self._gateway.run(self._listener.stop())

    async def _start(self, socket: Path) -> None:
        listener = self._gateway.listener(self._session)
        await listener.start(socket)
        self._listener = listener
