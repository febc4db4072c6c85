"""What the gateway asks of a model provider, and what the rest of the house asks of the gateway."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from dgm.errors import OverBudgetError, ProviderError
from dgm.gateway.wire import Reply, Request
from dgm.records import Ceiling, Usage


@dataclass(frozen=True, slots=True)
class CallContext:
    """What a provider may know of a call besides the request itself.

    `seed` names the source of chance (run seed, unit of work): the same seed, index and request
    give the same answer from a deterministic provider. `index` counts the session's calls from 0.
    `deadline_s` is how long the answer is wanted for.
    """

    seed: str
    index: int
    deadline_s: float = 600.0


class BrokenAnswerError(ProviderError):
    """An answer was unusable although its provider has counted tokens for it: `counted`."""

    def __init__(self, message: str, counted: Reply) -> None:
        super().__init__(message)
        self.counted = counted


class Provider(Protocol):
    """A model behind the gateway. Thread-safe. Retries are the gateway's, never its own."""

    @property
    def name(self) -> str:
        """The first part of a model's name: `builtin`, `anthropic`, `openai`."""

    def complete(self, request: Request, context: CallContext) -> Reply:
        """Answer one request; its `model` is the provider's own name of the model.

        Raises: ProviderError if no usable answer could be had (OverloadedError, BrokenAnswerError
            where more is known), RequestRefusedError if the model takes no such request,
            ModelUnusableError if it takes none at all.
        """


class SessionEnd(StrEnum):
    """What a session ran into, beyond ordinary answers.

    `OVER_BUDGET`: its own account is spent; `RUN_OVER_BUDGET`: one it shares with others;
    `MODEL_UNUSABLE`: no call to this model can work, `Session.trouble` says why.
    """

    CLEAN = "clean"
    OVER_BUDGET = "over_budget"
    RUN_OVER_BUDGET = "run_over_budget"
    PROVIDER_FAILED = "provider_failed"
    MODEL_UNUSABLE = "model_unusable"


@dataclass(frozen=True, slots=True)
class SessionSpec:
    """One identity at the gateway: a sandbox's socket, or a step of the host itself.

    `model` is what is really called, whatever the request's own `model` field says. `accounts`
    are the names of the budgets it draws on, from narrow to wide (`rollout/r00012`,
    `agent/a0003`, `run`); `ceiling` bounds the first of them. `transcript` is a file to append
    to (JSONL). `recorded` is another transcript to answer from instead of the provider (replay).
    `timeout_s` is how long anybody waits for answers, from the opening on. `work` names the unit of
    work (what for, code, task, attempt), which the response cache tells apart.
    """

    id: str
    model: str
    seed: str
    accounts: tuple[str, ...]
    transcript: Path
    ceiling: Ceiling = field(default_factory=Ceiling)
    recorded: Path | None = None
    timeout_s: float | None = None
    work: str = ""


class Session(Protocol):
    """An open session; `usage` and `end` are final once it is closed."""

    @property
    def usage(self) -> Usage:
        """What this session's settled calls consumed."""

    @property
    def end(self) -> SessionEnd:
        """Whether a call was refused for budget, or failed for the provider."""

    @property
    def refusal(self) -> OverBudgetError | None:
        """The refusal for budget that ended this session's calls, if one did."""

    @property
    def trouble(self) -> str:
        """Why the model is unusable; empty if it is not."""

    @property
    def overflowed(self) -> bool:
        """Whether a request was longer than the model's context."""

    @property
    def divergence(self) -> str:
        """In a replay: the first request that differed from the recorded one; else empty."""

    def listen(self, socket: Path) -> None:
        """Serve this session on a Unix socket until it is closed."""

    def call(self, request: Request) -> Reply:
        """Make a call from the host itself, on the same budget and transcript.

        Raises: ProviderError, OverBudgetError, RequestRefusedError, ModelUnusableError.
        """


class Gateway(Protocol):
    """The one server through which every model call goes. Thread-safe; a context manager."""

    def open(self, spec: SessionSpec) -> AbstractContextManager[Session]:
        """Open a session; on leaving, its socket is gone and its transcript closed."""

    def set_ceiling(self, account: str, ceiling: Ceiling, spent: Usage) -> None:
        """Bound an account, with what it has spent before (on resume)."""

    def spent(self, account: str) -> Usage:
        """What an account's settled calls consumed so far."""

    @property
    def divergences(self) -> Mapping[str, str]:
        """Session id to where it left its recording, of the replays that did."""

    def __enter__(self) -> Gateway: ...

    def __exit__(self, *exc: object) -> None: ...
