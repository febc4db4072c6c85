"""What providers complain of, in the words each of them uses, and what that means here."""

import pytest

from dgm.errors import (
    ModelUnusableError,
    OverloadedError,
    ProviderError,
    RequestRefusedError,
)
from dgm.gateway.providers.failures import Complaint, complaint_of, judge, retry_after_s
from dgm.gateway.providers.upstream import Upstream

KEY = "canary-key-without-any-shape"
UPSTREAM = Upstream("openai", "http://localhost:8000/v1", KEY, "OPENAI_API_KEY")


def judged(status: int, message: str, kind: str = "", code: str = ""):
    return judge(Complaint(status, message, kind, code), UPSTREAM, "m-1")


@pytest.mark.parametrize(
    ("status", "message", "code"),
    [
        (400, "prompt is too long: 208310 tokens > 200000 maximum", ""),
        (400, "input length and `max_tokens` exceed context limit: 199000 + 8192 > 200000", ""),
        (400, "whatever", "context_length_exceeded"),
        (
            400,
            "This model's maximum context length is 4096 tokens. However, you requested 5000",
            "",
        ),
        (400, "The decoder prompt (length 5000) is longer than the maximum model length of 4", ""),
        (400, "the request exceeds the available context size. try increasing it", ""),
        (500, "whatever", "exceed_context_size_error"),
        (400, "the input length exceeds the context length", ""),
        (
            400,
            "The input (5000 tokens) is longer than the model's context length (4096 tokens).",
            "",
        ),
        (422, "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096", ""),
        (400, "Input is too long for requested model.", ""),
        (400, "Prompt contains 30 tokens, too large for model with 20 maximum context length", ""),
        (429, "Request too large for gpt-4o on tokens per min (TPM): Limit 3, Requested 4", ""),
    ],
)
def test_overflow_of_the_context_is_recognised_whoever_says_it(status, message, code):
    error = judged(status, message, code=code)
    assert isinstance(error, RequestRefusedError)
    assert error.is_overflow


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "max_tokens: must be at least 1"),
        (400, "messages.1: roles must alternate"),
        (413, "Request exceeds the maximum size"),
    ],
)
def test_other_refusals_are_no_overflow(status, message):
    error = judged(status, message)
    assert isinstance(error, RequestRefusedError)
    assert not error.is_overflow


@pytest.mark.parametrize(
    ("status", "message", "code"),
    [
        (400, "Your credit balance is too low to access the Anthropic API.", ""),
        (429, "You exceeded your current quota, please check your plan", "insufficient_quota"),
        (402, "Payment required", ""),
    ],
)
def test_used_up_quota_is_not_waited_for(status, message, code):
    error = judged(status, message, code=code)
    assert isinstance(error, ModelUnusableError)
    assert "wants to be paid" in str(error)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "lets nobody use 'm-1' with this key (401: no); see OPENAI_API_KEY"),
        (403, "lets nobody use 'm-1' with this key (403: no); see OPENAI_API_KEY"),
        (404, "has no model 'm-1' (404: no); see model.name and model.base_url"),
        (308, "has moved (308: no); set model.base_url"),
    ],
)
def test_user_is_told_what_to_mend(status, words):
    assert words in str(judged(status, "no"))


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
def test_no_message_holds_a_key_or_a_second_line(status):
    shaped = "sk-" + "a1B2" * 6
    message = str(judged(status, f"key {KEY}\nor {shaped}\r\n" + "x" * 10_000))
    assert KEY not in message
    assert shaped not in message
    assert "\n" not in message
    assert len(message) < 700
    assert KEY not in repr(UPSTREAM)


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}, 529, "busy"),
        ({"error": {"message": "bad", "type": "invalid_request_error", "code": None}}, 400, "bad"),
        ({"message": "bad", "type": "BadRequestError", "code": 400}, 400, "bad"),
        ({"error": {"message": "odd", "type": "nobody_knows"}}, 500, "odd"),
        ("no JSON", 500, "as it came"),
    ],
)
def test_error_in_a_stream_has_the_status_its_name_means(body, status, message):
    complaint = complaint_of(200, "as it came", body, {})
    assert (complaint.status, complaint.message) == (status, message)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "17"}, 17.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "17"}, 0.25),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:30 GMT"}, 30.0),
        ({"retry-after": "Wed, 21 Oct 2015 07:27:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after-ms": "nan"}, None),
        ({"retry-after": "999999999"}, None),
        ({}, None),
    ],
)
def test_pause_is_read_in_every_form(headers, seconds):
    assert retry_after_s(headers, now=1445412480.0) == seconds


@pytest.mark.parametrize("status", [429, 503, 529])
def test_overload_is_more_than_a_failure(status):
    error = judge(Complaint(status, "busy", headers={"retry-after": "3"}), UPSTREAM, "m-1")
    assert isinstance(error, OverloadedError)
    assert error.retry_after_s == 3.0


@pytest.mark.parametrize("status", [408, 409, 500, 502, 504, 599])
def test_trouble_of_the_provider_is_tried_again(status):
    assert type(judged(status, "oops")) is ProviderError
