"""What the gateway answers over HTTP: a session's calls put into the dialect."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace

from dgm.errors import OverBudgetError, ProviderError
from dgm.gateway.codec import InvalidRequestError, decode_request, encode_error, encode_reply
from dgm.gateway.redaction import redact
from dgm.gateway.session import ModelSession

NO_RETRY = {"x-should-retry": "false"}


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer with a JSON body."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def refusal(status: int, kind: str, message: str) -> Answer:
    """Return an error that no client should try again."""
    return Answer(status, encode_error(kind, message), NO_RETRY)


def answer_message(session: ModelSession, body: bytes) -> Answer:
    """Answer `POST /v1/messages`. Blocks for as long as the model takes."""
    try:
        request = decode_request(body)
        reply = session.call(request)
        return Answer(200, encode_reply(replace(reply, model=request.model)))
    except InvalidRequestError as error:
        return refusal(400, "invalid_request_error", str(error))
    except OverBudgetError as error:
        return refusal(429, "budget_exceeded_error", str(error))
    except ProviderError as error:
        return refusal(529, "overloaded_error", redact(str(error)))  # clients quote their headers
    except Exception as error:  # noqa: BLE001 - the border of a gateway request; recorded there
        return refusal(500, "api_error", f"the gateway failed: {type(error).__name__}")


def answer_budget(session: ModelSession) -> Answer:
    """Answer `GET /v1/budget`: `left` (null is no limit) and `spent` of the session's account."""
    left, usage = session.left(), session.usage
    spent = {"tokens": usage.tokens, "cost_usd": usage.cost_usd, "calls": usage.calls}
    return Answer(200, json.dumps({"left": asdict(left), "spent": spent}).encode())
