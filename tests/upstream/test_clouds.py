"""Anthropic's models as clouds serve them: signed requests, frames of their own, their errors."""

import sys
from contextlib import closing
from functools import cache

import anthropic
import pytest
from anthropic.lib.aws import _auth
from google.auth import exceptions as google_errors
from google.auth.credentials import Credentials

from dgm.errors import (
    ModelUnusableError,
    OverloadedError,
    ProviderError,
    RequestRefusedError,
)
from dgm.gateway.protocol import BrokenAnswerError
from dgm.gateway.providers import AnthropicProvider, Upstream
from dgm.gateway.providers.clouds import bedrock, vertex
from dgm.gateway.wire import Text, Thinking, ToolUse
from tests.upstream.conftest import KEY
from tests.upstream.server import Break, Refuse, Say
from tests.upstream.test_providers import FULL, complete

SECRET = "canary-of-the-cloud"


@pytest.fixture
def aws(monkeypatch, upstream, tmp_path):
    """An AWS set-up of variables alone, for a Bedrock at the upstream."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_BEARER_TOKEN_BEDROCK"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA" + "A" * 16)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("ANTHROPIC_BEDROCK_BASE_URL", upstream.address)
    monkeypatch.setattr(_auth, "_get_session", cache(_auth._get_session.__wrapped__))
    return monkeypatch


@pytest.fixture
def on_bedrock(aws):
    with closing(AnthropicProvider(Upstream("bedrock", "Amazon Bedrock"), make=bedrock)) as each:
        yield each


def test_bedrock_is_asked_with_a_signature_and_its_frames_are_read(on_bedrock, upstream):
    tools = (("t1", "weather", '{"city": "Oslo"}'), ("t2", "weather", '{"city": "Bergen"}'))
    said = Say("Grüße", tools, "hm", "sig", input_tokens=7, output_tokens=9, cached=30, written=4)
    upstream.plan.append(said)
    reply = complete(on_bedrock, FULL)
    assert reply.content == (
        Thinking("hm", "sig"),
        Text("Grüße"),
        ToolUse("t1", "weather", {"city": "Oslo"}),
        ToolUse("t2", "weather", {"city": "Bergen"}),
    )
    counts = (reply.input_tokens, reply.cache_read_tokens, reply.cache_write_tokens)
    assert (*counts, reply.output_tokens) == (7, 30, 4, 9)
    seen = upstream.seen[0]
    assert seen.path == "/model/m-1/invoke-with-response-stream"
    assert seen.headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIAAAAA")
    assert "/eu-north-1/bedrock/" in seen.headers["Authorization"]
    assert SECRET not in str(seen)
    assert "anthropic_version" in seen.body
    assert seen.body["temperature"] == 0.5


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("throttlingException", OverloadedError),
        ("serviceUnavailableException", OverloadedError),
        ("internalServerException", ProviderError),
        ("modelStreamErrorException", ProviderError),
        ("modelTimeoutException", ProviderError),
        ("validationException", RequestRefusedError),
    ],
)
def test_exception_in_a_stream_of_bedrock_means_what_it_says(on_bedrock, upstream, kind, expected):
    upstream.plan.append(Break("error", after=0, error=(kind, "as they put it")))
    with pytest.raises(expected, match="as they put it") as caught:
        complete(on_bedrock)
    assert type(caught.value) is expected


@pytest.mark.parametrize("how", ["garbage", "reset", "end"])
def test_broken_stream_of_bedrock_is_asked_for_again_and_counted(on_bedrock, upstream, how):
    upstream.plan.append(Break(how, say=Say(input_tokens=77)))
    with pytest.raises(BrokenAnswerError) as caught:
        complete(on_bedrock)
    assert caught.value.counted.input_tokens == 77


@pytest.mark.parametrize(
    ("status", "message", "expected"),
    [
        (429, "Too many requests, please wait before trying again.", OverloadedError),
        (424, "The model stumbled.", ProviderError),
        (403, "The security token included in the request is expired", ModelUnusableError),
        (400, "The provided model identifier is invalid.", ModelUnusableError),
        (400, "Invocation with on-demand throughput isn\u2019t supported.", ModelUnusableError),
        (400, "messages: Unexpected role", RequestRefusedError),
    ],
)
def test_refusal_of_bedrock_means_what_it_says(on_bedrock, upstream, status, message, expected):
    upstream.plan.append(Refuse(status, {"message": message}))
    with pytest.raises(expected, match=message) as caught:
        complete(on_bedrock)
    assert type(caught.value) is expected


def test_request_too_long_for_bedrock_is_known_as_such(on_bedrock, upstream):
    upstream.plan.append(Refuse(400, {"message": "Input is too long for requested model."}))
    with pytest.raises(RequestRefusedError) as caught:
        complete(on_bedrock)
    assert caught.value.is_overflow


def test_bedrock_that_has_moved_is_not_followed(on_bedrock, upstream):
    upstream.plan.append(Refuse(307, {}, (("location", f"{upstream.address}/elsewhere"),)))
    with pytest.raises(ModelUnusableError, match="has moved"):
        complete(on_bedrock)
    assert len(upstream.seen) == 1


def test_aws_without_credentials_or_region_is_one_clear_line(aws, on_bedrock, upstream):
    aws.delenv("AWS_SECRET_ACCESS_KEY")
    aws.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(ModelUnusableError, match="there are no AWS credentials"):
        complete(on_bedrock)
    aws.delenv("AWS_REGION")
    with pytest.raises(ModelUnusableError, match="No AWS region"):
        complete(on_bedrock)
    assert not upstream.seen


@pytest.mark.parametrize("profile", ["nobody", "broken"])
def test_profile_without_credentials_is_one_clear_line(aws, on_bedrock, tmp_path, profile):
    (tmp_path / "aws_config_file").write_text("[profile broken]\ncredential_process = false\n")
    aws.delenv("AWS_SECRET_ACCESS_KEY")
    aws.delenv("AWS_ACCESS_KEY_ID")
    aws.setenv("AWS_PROFILE", profile)
    with pytest.raises(ModelUnusableError, match="bedrock got no credentials from this machine"):
        complete(on_bedrock)


class Failing(Credentials):
    """Credentials of Google's that cannot be renewed."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def refresh(self, request):
        raise self.error or AssertionError(request)


def on_vertex(upstream, **credentials):
    def make(_: Upstream) -> anthropic.AnthropicVertex:
        return anthropic.AnthropicVertex(
            region="r", project_id="p", base_url=upstream.address, max_retries=0, **credentials
        )

    return closing(AnthropicProvider(Upstream("vertex", upstream.address), make=make))


def test_vertex_speaks_messages_at_an_address_of_its_own(upstream):
    upstream.plan.append(Say("from the cloud"))
    with on_vertex(upstream, access_token=KEY) as provider:
        assert complete(provider, FULL).content == (Text("from the cloud"),)
    seen = upstream.seen[0]
    assert seen.path.endswith("/publishers/anthropic/models/m-1:streamRawPredict")
    assert seen.body["temperature"] == 0.5


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (google_errors.RefreshError("reauthenticate, please"), ModelUnusableError),
        (google_errors.TransportError("reauthenticate, please", retryable=True), ProviderError),
    ],
)
def test_google_credentials_that_cannot_be_renewed_are_one_clear_line(upstream, error, expected):
    with (
        on_vertex(upstream, credentials=Failing(error)) as provider,
        pytest.raises(expected, match=r"no credentials from this machine: .*reauthenticate"),
    ):
        complete(provider)
    assert not upstream.seen


def test_google_without_a_project_is_one_clear_line(monkeypatch):
    for name in ("ANTHROPIC_VERTEX_PROJECT_ID", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUD_ML_REGION", "r")
    monkeypatch.setattr("google.auth.default", lambda: (Failing(None), None))
    with pytest.raises(ModelUnusableError, match="there is no project"):
        vertex(Upstream("vertex", "Vertex AI"))


@pytest.mark.parametrize(("name", "make"), [("bedrock", bedrock), ("vertex", vertex)])
def test_cloud_that_is_not_set_up_is_one_clear_line(monkeypatch, name, make):
    for module in ("boto3", "google.auth"):
        monkeypatch.setitem(sys.modules, module, None)  # as where it is not installed
    provider = AnthropicProvider(Upstream(name, "the cloud"), make=make)
    with pytest.raises(ModelUnusableError, match=rf"pip install 'anthropic\[{name}\]'"):
        complete(provider)
