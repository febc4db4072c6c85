"""One identity at the gateway: its budget, its transcript, its model, and how its calls ended."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

from dgm.errors import DgmError, ModelUnusableError, OverBudgetError, ProviderError
from dgm.gateway.calls import Call, end_after, end_of, failure_of, reused
from dgm.gateway.prices import Price
from dgm.gateway.protocol import BrokenAnswerError, CallContext, Provider, SessionEnd, SessionSpec
from dgm.gateway.recording import Recording
from dgm.gateway.services import Services
from dgm.gateway.throttle import Throttle
from dgm.gateway.tokens import Estimator
from dgm.gateway.transcript import Exchange, Failure, TranscriptWriter
from dgm.gateway.wire import Reply, Request
from dgm.records import Ceiling, Usage

_HARDLY_S = 0.1
_MESSAGE_CHARACTERS = 400


class ModelSession:
    """An open session, without its socket. Thread-safe.

    The first refusal for budget is final: all later calls are refused too, and not recorded. So is
    the first sign that the model cannot be used at all. A full transcript is a spent budget.
    """

    def __init__(
        self,
        spec: SessionSpec,
        model: Provider,
        price: Price,
        services: Services,
        throttle: Throttle | None = None,
    ) -> None:
        self.spec = spec
        self._model = model
        self._price = price
        self._services = services
        self._throttle = throttle or Throttle()
        self._is_replay = isinstance(model, Recording)
        self._cache = None if self._is_replay else services.cache
        self._waited_for_until = services.clock() + (spec.timeout_s or float("inf"))
        self._changed = threading.Condition()
        self._estimator = Estimator()
        # A replay stops where its recording did, and may differ from it by a few bytes.
        most_bytes = services.transcript_bytes * (2 if self._is_replay else 1)
        self._transcript = TranscriptWriter(spec.transcript, most_bytes)
        self._under_way: dict[int, Call] = {}
        self._calls = 0
        self._usage = Usage()
        self._end = SessionEnd.CLEAN
        self._refusal: OverBudgetError | None = None
        self._trouble = ""
        self._overflowed = False
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
    def refusal(self) -> OverBudgetError | None:
        """The refusal for budget that ended this session's calls."""
        return self._refusal

    @property
    def trouble(self) -> str:
        """Why the model is unusable; empty if it is not."""
        return self._trouble

    @property
    def overflowed(self) -> bool:
        """Whether a request was longer than the model's context."""
        return self._overflowed

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

        Raises: ProviderError, OverBudgetError, RequestRefusedError, ModelUnusableError.
        """
        call = self._begin(request)
        with ExitStack() as stack:
            stack.push(partial(self._settle_unforeseen, call))
            reply = self._answer(call)
        usage = self._usage_of(reply) if call.known is None else reused(reply)
        self._settle(call, usage, reply=reply)
        if self._cache is not None and call.known is None:
            self._cache.keep(self.spec, call.index, request, reply)
        return reply

    def _answer(self, call: Call) -> Reply:
        """Ask; what goes wrong as foreseen is settled and raised."""
        try:
            return self._ask(call)
        except OverBudgetError as error:  # out of seconds, or the replay of a refusal: final too
            self._refusal = error
            usage = call.unpaid + Usage(calls=0 if self._is_replay else 1)
            self._settle(call, usage, failure=Failure.OVER_BUDGET, message=str(error))
            self._end = end_of(error)
            raise
        except DgmError as error:
            failure = failure_of(error)
            if failure is Failure.MODEL_UNUSABLE:
                self._trouble = self._trouble or str(error)
            usage = call.unpaid + Usage(calls=1)
            self._settle(call, usage, failure=failure, message=str(error))
            raise

    def _settle_unforeseen(
        self, call: Call, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> None:
        """Settle a call that ended by a fault of this program; an exit function of `ExitStack`."""
        if kind is not None and issubclass(kind, Exception) and not issubclass(kind, DgmError):
            message = f"{kind.__name__}: {error}"[:_MESSAGE_CHARACTERS]
            self._settle(call, Usage(calls=1), failure=Failure.GATEWAY, message=message)

    def close(self, grace_s: float) -> None:
        """Refuse further calls, give open ones `grace_s` to end, charge the rest at their worst."""
        with self._changed:
            self._is_closed = True
            self._changed.wait_for(lambda: not self._under_way, timeout=grace_s)
            for call in tuple(self._under_way.values()):
                message = "the session was closed while this call was under way"
                failure = Failure.CLOSED
                if call.trouble:  # the caller gave up on a provider that did not work
                    failure, message = Failure.PROVIDER, f"{message}, after: {call.trouble}"
                self._settle_now(call, call.reservation.worst, failure, message)
            self._transcript.close()
            if isinstance(self._model, Recording):
                self._model.finish(self._calls)

    def _begin(self, request: Request) -> Call:
        worst = self._price.worst(self._estimator.input_tokens(request), request.max_tokens)
        with self._changed:
            if self._is_closed:
                raise ProviderError(f"session {self.spec.id} is closed")
            if self._trouble:
                raise ModelUnusableError(self._trouble)
            if self._refusal:
                raise OverBudgetError(self._refusal.account, str(self._refusal))
            index, now = self._calls, self._services.clock()
            self._check_room(Exchange(index, request, started_at=now))
            known = self._cache.find(self.spec, index, request) if self._cache else None
            worst = reused(known) if known else replace(worst, seconds=self._seconds_for(now))
            try:
                reservation = self._services.budget.reserve(self.spec.accounts, worst)
            except OverBudgetError as error:
                self._refuse(error, Exchange(index, request, started_at=now))
                raise
            self._calls += 1
            call = self._under_way[index] = Call(index, request, reservation, now, known)
            try:
                self._transcript.reserve(index, reservation.worst)
            except OSError as error:
                self._settle_now(call, Usage(), Failure.GATEWAY, str(error))
                raise ProviderError(f"the transcript cannot be written: {error}") from error
            return call

    def _check_room(self, exchange: Exchange) -> None:
        """Refuse all calls once the transcript is full. Raises: OverBudgetError."""
        if self._transcript.is_full:
            most_mib = self._services.transcript_bytes / (1 << 20)
            error = OverBudgetError(
                f"rollout/{self.spec.id}",
                f"the transcript of {self.spec.id} is full: its calls came to {most_mib:g} MiB",
            )
            self._refuse(error, exchange)
            raise error

    def _refuse(self, error: OverBudgetError, exchange: Exchange) -> None:
        self._calls += 1
        self._refusal = error
        self._end = end_of(error)
        self._record(replace(exchange, failure=Failure.OVER_BUDGET, message=str(error)))

    def _ask(self, call: Call) -> Reply:
        if call.known is not None:
            return call.known
        deadline_s = call.reservation.worst.seconds
        if self._is_replay:  # a recorded failure has had its retries
            context = CallContext(self.spec.seed, call.index, deadline_s)
            return self._model.complete(call.request, context)
        try:
            return self._services.retry(
                lambda seconds: self._attempt(call, seconds), deadline_s=deadline_s
            )
        except ProviderError as error:
            is_over = self._services.clock() - call.started_at >= deadline_s - _HARDLY_S
            if call.reservation.cut_by and is_over:
                account = call.reservation.cut_by
                message = f"the budget of {account} is spent: its last second, before {error}"
                raise OverBudgetError(account, message) from error
            raise

    def _seconds_for(self, now: float) -> float:
        """How long a call that begins now is waited for."""
        return max(0.0, min(self._services.call_deadline_s, self._waited_for_until - now))

    def _attempt(self, call: Call, seconds: float) -> Reply:
        name = self.spec.model.partition("/")[2] or self.spec.model
        request = replace(call.request, model=name)
        try:
            with self._throttle.slot(seconds):
                self._check_open()
                context = CallContext(self.spec.seed, call.index, seconds)
                reply = self._model.complete(request, context)
        except BrokenAnswerError as error:
            call.trouble = str(error)
            self._waste(call, error)
            raise
        except ProviderError as error:
            call.trouble = str(error)
            raise
        return reply if reply.id else replace(reply, id=f"msg_{self.spec.id}_{call.index}")

    def _check_open(self) -> None:
        if self._is_closed:
            raise ProviderError(f"session {self.spec.id} is closed", is_final=True)

    def _waste(self, call: Call, error: BrokenAnswerError) -> None:
        """Charge an answer that broke, over and above what one more try may cost.

        Raises: ProviderError if there is no budget for another try, or no transcript.
        """
        lost = replace(self._usage_of(error.counted), calls=0)
        budget, worst = self._services.budget, call.reservation.worst
        with self._changed:
            if call.index not in self._under_way:
                return  # closing has charged the worst case
            try:
                more = budget.reserve(call.reservation.accounts, lost)
            except OverBudgetError:
                call.unpaid = lost
                message = f"{error}; there is no budget left to ask again"
                raise ProviderError(message, is_final=True) from None
            budget.settle(more, lost)
            call.wasted += lost
            try:
                self._transcript.raise_reserved(call.index, worst + call.wasted)
            except OSError as broken:
                raise ProviderError(f"the transcript cannot be written: {broken}") from broken

    def _usage_of(self, reply: Reply) -> Usage:
        return self._price.usage(
            reply.input_tokens,
            reply.output_tokens,
            reply.cache_read_tokens,
            reply.cache_write_tokens,
        )

    def _settle(
        self,
        call: Call,
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
        call: Call,
        usage: Usage,
        failure: Failure | None,
        message: str,
        reply: Reply | None = None,
    ) -> None:
        del self._under_way[call.index]
        seconds = max(0.0, self._services.clock() - call.started_at)
        usage = replace(usage, seconds=seconds)
        self._services.budget.settle(call.reservation, usage)
        usage += call.wasted
        self._usage += usage
        self._end = end_after(self._end, failure)
        self._overflowed |= failure is Failure.CONTEXT_OVERFLOW
        self._changed.notify_all()
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
