"""One identity at the gateway: its budget, its transcript, its model, and how its calls ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from dgm.errors import OverBudgetError, ProviderError
from dgm.gateway.budget import Budget, Reservation
from dgm.gateway.prices import Price
from dgm.gateway.protocol import CallContext, Provider, SessionEnd, SessionSpec
from dgm.gateway.recording import Recording
from dgm.gateway.retry import Retry
from dgm.gateway.tokens import estimate_input_tokens
from dgm.gateway.transcript import Exchange, Failure, TranscriptWriter
from dgm.gateway.wire import Reply, Request
from dgm.records import Ceiling, Usage


@dataclass(frozen=True, slots=True)
class Services:
    """What all sessions of a gateway share."""

    budget: Budget
    retry: Retry
    call_deadline_s: float = 600.0
    clock: Callable[[], float] = time.time


@dataclass(frozen=True, slots=True)
class _Call:
    index: int
    request: Request
    reservation: Reservation
    started_at: float


class ModelSession:
    """An open session, without its socket. Thread-safe.

    The first refusal for budget is final: all later calls are refused too, and not recorded.
    """

    def __init__(
        self, spec: SessionSpec, model: Provider, price: Price, services: Services
    ) -> None:
        self.spec = spec
        self._model = model
        self._price = price
        self._services = services
        self._changed = threading.Condition()
        self._transcript = TranscriptWriter(spec.transcript)
        self._under_way: dict[int, _Call] = {}
        self._calls = 0
        self._usage = Usage()
        self._end = SessionEnd.CLEAN
        self._refusal: OverBudgetError | None = None
        self._is_closed = False

    @property
    def usage(self) -> Usage:
        """What the settled calls consumed."""
        return self._usage

    @property
    def end(self) -> SessionEnd:
        """Whether a call was refused for budget, or failed for the provider."""
        return self._end

    @property
    def divergence(self) -> str:
        """In a replay: the first request that differed; final once closed."""
        return self._model.divergence if isinstance(self._model, Recording) else ""

    def left(self) -> Ceiling:
        """Return what is left of the session's own account.

        Only of that: what others spend would make agents depend on chance.
        """
        accounts = self.spec.accounts
        return self._services.budget.left(accounts[0]) if accounts else Ceiling()

    def call(self, request: Request) -> Reply:
        """Make one call: reserve, ask with retries, settle, record.

        Raises: ProviderError, OverBudgetError.
        """
        call = self._begin(request)
        try:
            reply = self._ask(call)
        except OverBudgetError as error:  # a replay of a refusal, as final as the first time
            self._refusal = error
            self._settle(call, Usage(), failure=Failure.OVER_BUDGET, message=str(error))
            raise
        except ProviderError as error:
            self._settle(call, Usage(calls=1), failure=Failure.PROVIDER, message=str(error))
            raise
        except Exception as error:
            message = f"{type(error).__name__}: {error}"
            self._settle(call, Usage(calls=1), failure=Failure.GATEWAY, message=message)
            raise
        usage = self._price.usage(reply.input_tokens, reply.output_tokens)
        self._settle(call, usage, reply=reply)
        return reply

    def close(self, grace_s: float) -> None:
        """Refuse further calls, give open ones `grace_s` to end, charge the rest at their worst."""
        with self._changed:
            self._is_closed = True
            self._changed.wait_for(lambda: not self._under_way, timeout=grace_s)
            for call in tuple(self._under_way.values()):
                message = "the session was closed while this call was under way"
                self._settle_now(call, call.reservation.worst, Failure.CLOSED, message)
            self._transcript.close()
            if isinstance(self._model, Recording):
                self._model.finish(self._calls)

    def _begin(self, request: Request) -> _Call:
        tokens_in = estimate_input_tokens(request)
        worst = self._price.usage(tokens_in, request.max_tokens)
        with self._changed:
            if self._is_closed:
                raise ProviderError(f"session {self.spec.id} is closed")
            if self._refusal:
                raise OverBudgetError(self._refusal.account, str(self._refusal))
            index, now = self._calls, self._services.clock()
            try:
                reservation = self._services.budget.reserve(self.spec.accounts, worst)
            except OverBudgetError as error:
                self._refuse(error, Exchange(index, request, started_at=now))
                raise
            self._calls += 1
            call = self._under_way[index] = _Call(index, request, reservation, now)
            try:
                self._transcript.reserve(index, worst)
            except OSError as error:
                self._settle_now(call, Usage(), Failure.GATEWAY, str(error))
                raise ProviderError(f"the transcript cannot be written: {error}") from error
            return call

    def _refuse(self, error: OverBudgetError, exchange: Exchange) -> None:
        self._calls += 1
        is_of_run = len(self.spec.accounts) > 1 and error.account == self.spec.accounts[-1]
        self._refusal = error
        self._end = SessionEnd.RUN_OVER_BUDGET if is_of_run else SessionEnd.OVER_BUDGET
        self._record(replace(exchange, failure=Failure.OVER_BUDGET, message=str(error)))

    def _ask(self, call: _Call) -> Reply:
        context = CallContext(self.spec.seed, call.index, self._services.call_deadline_s)
        if isinstance(self._model, Recording):  # a recorded failure has had its retries
            return self._model.complete(call.request, context)
        return self._services.retry(
            lambda: self._attempt(call.request, context), deadline_s=context.deadline_s
        )

    def _attempt(self, request: Request, context: CallContext) -> Reply:
        if self._is_closed:
            raise ProviderError(f"session {self.spec.id} is closed")
        reply = self._model.complete(replace(request, model=self.spec.model), context)
        return reply if reply.id else replace(reply, id=f"msg_{self.spec.id}_{context.index}")

    def _settle(
        self,
        call: _Call,
        usage: Usage,
        *,
        reply: Reply | None = None,
        failure: Failure | None = None,
        message: str = "",
    ) -> None:
        with self._changed:
            if call.index in self._under_way:  # else closing has settled it
                self._settle_now(call, usage, failure, message, reply)

    def _settle_now(
        self,
        call: _Call,
        usage: Usage,
        failure: Failure | None,
        message: str,
        reply: Reply | None = None,
    ) -> None:
        del self._under_way[call.index]
        self._services.budget.settle(call.reservation, usage)
        self._usage += usage
        if failure is Failure.OVER_BUDGET:
            self._end = SessionEnd.OVER_BUDGET
        elif failure in (Failure.PROVIDER, Failure.GATEWAY):
            self._end = SessionEnd.PROVIDER_FAILED
        self._changed.notify_all()
        seconds = self._services.clock() - call.started_at
        self._record(
            Exchange(
                call.index, call.request, reply, failure, message, usage, call.started_at, seconds
            )
        )

    def _record(self, exchange: Exchange) -> None:
        try:
            self._transcript.append(exchange)
        except OSError as error:
            self._end = SessionEnd.PROVIDER_FAILED
            raise ProviderError(f"the transcript cannot be written: {error}") from error
