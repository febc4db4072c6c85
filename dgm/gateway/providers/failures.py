"""What an error of a provider means: the one place that maps HTTP and SDK errors to ours.

| the provider said | here | then |
|---|---|---|
| 408, 409, 5xx, a lost connection, silence, a broken answer | ProviderError | retried |
| 429, 503, 529 | OverloadedError | retried, with fewer calls at a time |
| 400, 413, 422 | RequestRefusedError | the agent must ask otherwise |
| 401, 402, 403, 404, a used up quota, a web page | ModelUnusableError | the run stops |

Source: "Errors" in the API references of Anthropic and OpenAI; the words by which a request is
longer than the context are those of both, Bedrock, vLLM, llama.cpp, Ollama, SGLang, TGI, Mistral.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

from dgm.errors import (
    DgmError,
    ModelUnusableError,
    OverloadedError,
    ProviderError,
    RequestRefusedError,
)
from dgm.gateway.providers.upstream import Upstream

_MOST_PAUSE_S = 3600.0
_OVERLOADED = frozenset({429, 503, 529})
_REFUSED = frozenset({400, 405, 406, 413, 415, 422, 431})
_STATUS_OF = {  # errors inside a stream have a name, but no status
    "invalid_request_error": 400,
    "badrequesterror": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "overloaded_error": 529,
    "validationexception": 400,  # these are Bedrock's
    "throttlingexception": 429,
    "serviceunavailableexception": 503,
}
_OVERFLOW_CODES = frozenset({"context_length_exceeded", "exceed_context_size_error"})
_OVERFLOW = re.compile(
    r"prompt is too long|maximum context length|maximum model length|exceed(s|ed)? (the )?"
    r"(available |maximum |model'?s? )*context|longer than the (model'?s? )?(maximum )?context"
    r"|input is too long|input length exceeds|exceeds? the maximum number of tokens"
    r"|input tokens exceed|exceeds? the model'?s? (maximum )?context|tokens.{0,40} must be <="
    r"|too large for model with \d+ maximum context|context window (is )?exceeded"
    r"|request too large for",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(  # Bedrock calls these bad requests
    r"model identifier is invalid|on-demand throughput", re.IGNORECASE
)
_UNPAID = re.compile(
    r"insufficient_quota|billing_hard_limit|billing_not_active|credit balance is too low"
    r"|exceeded your current quota|spend_limit_reached",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a provider said instead of an answer."""

    status: int
    message: str
    kind: str = ""
    code: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def complaint_of(status: int, message: str, body: object, headers: Mapping[str, str]) -> Complaint:
    """Read an error's body, as either vendor writes it; `status` 200 is an error in a stream."""
    inner: Any = body
    if isinstance(inner, dict) and isinstance(inner.get("error"), dict):
        inner = inner["error"]
    if not isinstance(inner, dict):
        return Complaint(500 if status == 200 else status, message, headers=headers)
    kind, code = (str(inner.get(name) or "") for name in ("type", "code"))
    if status == 200:
        known = _STATUS_OF.get(kind.lower()) or _STATUS_OF.get(code.lower())
        status = known or (int(code) if code.isdecimal() and 400 <= int(code) < 600 else 500)
    return Complaint(status, str(inner.get("message") or message), kind, code, headers)


def judge(complaint: Complaint, upstream: Upstream, model: str) -> DgmError:
    """Say what a complaint means for whoever made the call."""
    status, code = complaint.status, complaint.code
    said = f"{status}: {upstream.clean(complaint.message)}"
    if _UNPAID.search(f"{complaint.kind} {code} {complaint.message}") or status == 402:
        return ModelUnusableError(f"{upstream.provider} wants to be paid first ({said})")
    if code in _OVERFLOW_CODES or complaint.kind in _OVERFLOW_CODES:
        return RequestRefusedError(said, is_overflow=True)
    if status not in (401, 403, 404) and _OVERFLOW.search(complaint.message):
        return RequestRefusedError(said, is_overflow=True)
    if status == 400 and _NO_MODEL.search(complaint.message):
        status = 404
    if status in _REFUSED:
        return RequestRefusedError(said)
    if status in (401, 403, 404) or 300 <= status < 400:
        return ModelUnusableError(_unusable(status, said, upstream, model))
    kind = OverloadedError if status in _OVERLOADED else ProviderError
    pause = retry_after_s(complaint.headers)
    return kind(f"{upstream.provider} answered {said}", retry_after_s=pause)


def _unusable(status: int, said: str, upstream: Upstream, model: str) -> str:
    where = f"{upstream.provider} at {upstream.address}"
    if status == 404:
        return f"{where} has no model {model!r} ({said}); see model.name and model.base_url"
    if status < 400:
        return f"{where} has moved ({said}); set model.base_url to the new address"
    remedy = f"; see {upstream.key_name} in the environment" if upstream.key_name else ""
    return f"{where} lets nobody use {model!r} with this key ({said}){remedy}"


def retry_after_s(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Read when to ask again, in seconds from `now`: `retry-after-ms`, or `retry-after`.

    The latter holds seconds or a date. None where neither says anything sensible.
    """
    try:
        if (milliseconds := headers.get("retry-after-ms")) is not None:
            return _pause(float(milliseconds) / 1000)
        text = headers.get("retry-after")
        if text is None:
            return None
        if re.fullmatch(r"\s*\d+(\.\d+)?\s*", text):
            return _pause(float(text))
        date = parsedate_to_datetime(text).timestamp()
        return _pause(max(0.0, date - (time.time() if now is None else now)))
    except ValueError:
        return None


def _pause(seconds: float) -> float | None:
    return seconds if 0 <= seconds <= _MOST_PAUSE_S else None


class Sdk(Protocol):
    """The exceptions that both vendors' SDKs have."""

    APIStatusError: type[Any]
    APIConnectionError: type[Any]
    APIResponseValidationError: type[Any]
    APIError: type[Any]


@contextmanager
def in_our_words(sdk: Sdk, upstream: Upstream, model: str) -> Iterator[None]:
    """Turn everything an SDK raises in the block into an error of this house.

    The SDK's own errors hold the request with its key: they are not kept as the cause.
    """
    import httpx2

    try:
        yield
    except sdk.APIStatusError as error:
        headers = error.response.headers
        complaint = complaint_of(error.status_code, error.message, error.body, headers)
        raise judge(complaint, upstream, model) from None
    except (sdk.APIConnectionError, httpx2.HTTPError, httpx2.StreamError, OSError) as error:
        reason = upstream.clean(f"{error.__cause__ or error}") or type(error).__name__
        where = f"{upstream.provider} at {upstream.address}"
        raise ProviderError(f"no whole answer from {where}: {reason}") from None
    except sdk.APIResponseValidationError as error:
        raise unreadable(upstream, error) from None
    except sdk.APIError as error:
        complaint = complaint_of(200, error.message, error.body, {})
        raise judge(complaint, upstream, model) from None


@contextmanager
def made_sense_of(upstream: Upstream) -> Iterator[None]:
    """Call an answer unreadable if the block, which reads it, stumbles."""
    try:
        yield
    except (ValueError, TypeError, AttributeError, LookupError) as error:
        raise unreadable(upstream, error) from None


def unreadable(upstream: Upstream, error: Exception) -> ProviderError:
    """Say that an answer makes no sense."""
    reason = upstream.clean(f"{error}") or type(error).__name__
    return ProviderError(f"the answer of {upstream.provider} cannot be read: {reason}")
