"""What the gateway answers over HTTP: a session's calls put into the caller's dialect."""

from __future__ import annotations

import json
from collections.abc import Awaitable
from dataclasses import asdict, dataclass, field, replace

from dgm.errors import (
    ModelUnusableError,
    OverBudgetError,
    ProviderError,
    RequestRefusedError,
)
from dgm.gateway.codec import Incoming
from dgm.gateway.dialects import Dialect, Refusal
from dgm.gateway.dialects.chat import Chat
from dgm.gateway.dialects.messages import Messages
from dgm.gateway.dialects.responses import Responses
from dgm.gateway.redaction import redact
from dgm.gateway.session import ModelSession

_SPOKEN: tuple[Dialect, ...] = (Messages(), Chat(), Responses())
DIALECTS = {dialect.path: dialect for dialect in _SPOKEN}
_JSON, _EVENTS = "application/json", "text/event-stream"
_NO_RETRY = {"x-should-retry": "false"}


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; `late` is what it is in a stream that has begun already."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = _JSON
    late: bytes = b""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An answer still to come, in a stream that `heartbeat` keeps alive until then."""

    answer: Awaitable[Answer]
    heartbeat: bytes


def refusal(path: str, why: Refusal, message: str) -> Answer:
    """Return an error that no client should try again, in the words of the route's dialect."""
    dialect = DIALECTS.get(path) or Messages()
    refused = dialect.refuse(why, message)
    late = dialect.break_off(refused)
    return Answer(refused.status, refused.body, _NO_RETRY, late=late)


def answer_call(session: ModelSession, dialect: Dialect, incoming: Incoming) -> Answer:
    """Answer one model call. Blocks for as long as the model takes."""
    try:
        reply = session.call(incoming.request)
    except RequestRefusedError as error:
        why = Refusal.CONTEXT_OVERFLOW if error.is_overflow else Refusal.INVALID
        return refusal(dialect.path, why, redact(str(error)))  # providers quote what they were sent
    except OverBudgetError as error:
        return refusal(dialect.path, Refusal.OVER_BUDGET, redact(str(error)))
    except ModelUnusableError:
        return refusal(dialect.path, Refusal.UNUSABLE, "the model is not set up: see the run's log")
    except ProviderError:
        return refusal(dialect.path, Refusal.PROVIDER, "the model could not be reached")
    except Exception as error:  # noqa: BLE001 - the border of a gateway request; recorded there
        kind = type(error).__name__
        return refusal(dialect.path, Refusal.GATEWAY, f"the gateway failed: {kind}")
    reply = replace(reply, model=incoming.request.model)
    if not incoming.streams:
        return Answer(200, dialect.encode(reply))
    stream = b"".join(dialect.events(reply, incoming))
    return Answer(200, stream, {"cache-control": "no-cache"}, _EVENTS, late=stream)


def answer_budget(session: ModelSession) -> Answer:
    """Answer `GET /v1/budget`: `left` (null is no limit) and `spent` of the session's account."""
    left, usage = session.left(), session.usage
    spent = {"tokens": usage.tokens, "cost_usd": usage.cost_usd, "calls": usage.calls}
    return Answer(200, json.dumps({"left": asdict(left), "spent": spent}).encode())
