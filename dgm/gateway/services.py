"""What all sessions of a gateway share."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from dgm.gateway.budget import Budget
from dgm.gateway.cache import ResponseCache
from dgm.gateway.retry import Retry


@dataclass(frozen=True, slots=True)
class Services:
    """The budget, the clock, the way calls are tried again, and the answers that are kept.

    `transcript_bytes` is what the transcript of one session may come to, see `TranscriptWriter`.
    """

    budget: Budget
    retry: Retry
    transcript_bytes: int
    call_deadline_s: float = 600.0
    clock: Callable[[], float] = time.time
    cache: ResponseCache | None = None
