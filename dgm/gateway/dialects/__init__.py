"""The dialects agents may speak: each puts bodies into `wire` records and replies back into bodies.

Any dialect reaches any provider, since none knows the other. A streamed answer is encoded when the
whole of it is there: a provider's broken stream is tried again before the agent has seen a word.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from dgm.gateway.codec import Incoming
from dgm.gateway.history import History
from dgm.gateway.wire import Reply


class Refusal(Enum):
    """Why a caller gets no answer: each dialect has its own words for it."""

    INVALID = "invalid"
    CONTEXT_OVERFLOW = "context_overflow"
    NOT_FOUND = "not_found"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    OVER_BUDGET = "over_budget"
    UNUSABLE = "unusable"
    PROVIDER = "provider"
    GATEWAY = "gateway"


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal in the words of a dialect: HTTP status and JSON body."""

    status: int
    body: bytes


class Dialect(Protocol):
    """One way to say things. Stateless."""

    @property
    def path(self) -> str:
        """The route it is spoken on, such as `/v1/messages`."""

    @property
    def heartbeat(self) -> bytes:
        """What keeps a waiting stream alive and means nothing."""

    def decode(self, body: bytes, history: History | None = None) -> Incoming:
        """Decode a request; with the history of its session only what is new in it.

        Raises: InvalidRequestError naming the first wrong field.
        """

    def encode(self, reply: Reply) -> bytes:
        """Encode a reply as one JSON body."""

    def events(self, reply: Reply, incoming: Incoming) -> Iterator[bytes]:
        """Encode a reply as the server-sent events of a whole stream."""

    def refuse(self, why: Refusal, message: str) -> Refused:
        """Say no."""

    def break_off(self, refused: Refused) -> bytes:
        """Say no in a stream that has begun already, as its last event."""
