"""A call under way in a session, and what its end means for the session."""

from __future__ import annotations

from dataclasses import dataclass, field

from dgm.errors import (
    DgmError,
    ModelUnusableError,
    OverBudgetError,
    ProviderError,
    RequestRefusedError,
)
from dgm.gateway.budget import Reservation, is_shared
from dgm.gateway.protocol import SessionEnd
from dgm.gateway.transcript import Failure
from dgm.gateway.wire import Reply, Request
from dgm.records import Usage


@dataclass(slots=True)
class Call:
    """A call under way; `trouble` is its last failure.

    `wasted` was charged for broken answers already, `unpaid` is what found no room for that.
    `known` is the answer if the response cache has it.
    """

    index: int
    request: Request
    reservation: Reservation
    started_at: float
    known: Reply | None = None
    wasted: Usage = field(default_factory=Usage)
    unpaid: Usage = field(default_factory=Usage)
    trouble: str = ""


def failure_of(error: DgmError) -> Failure:
    """What a transcript says of an error."""
    match error:
        case RequestRefusedError(is_overflow=is_overflow):
            return Failure.CONTEXT_OVERFLOW if is_overflow else Failure.REFUSED
        case ModelUnusableError():
            return Failure.MODEL_UNUSABLE
        case ProviderError():
            return Failure.PROVIDER
        case _:
            return Failure.GATEWAY


def reused(reply: Reply) -> Usage:
    """What an answer from the response cache counts: its tokens, so that limits hold as before."""
    tokens_in = reply.input_tokens + reply.cache_read_tokens + reply.cache_write_tokens
    return Usage(1, tokens_in, reply.output_tokens, reused_calls=1)


def end_of(refusal: OverBudgetError) -> SessionEnd:
    """What a refusal for budget means for the session: its own end, or that of more."""
    shared = is_shared(refusal.account)
    return SessionEnd.RUN_OVER_BUDGET if shared else SessionEnd.OVER_BUDGET


def end_after(end: SessionEnd, failure: Failure | None) -> SessionEnd:
    """What a session has run into after one more call; an unusable model stays the last word."""
    if end is SessionEnd.MODEL_UNUSABLE:
        return end
    match failure:
        case Failure.OVER_BUDGET:
            return SessionEnd.OVER_BUDGET
        case Failure.MODEL_UNUSABLE:
            return SessionEnd.MODEL_UNUSABLE
        case Failure.PROVIDER | Failure.GATEWAY:
            return SessionEnd.PROVIDER_FAILED
        case _:
            return end
