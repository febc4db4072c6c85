"""The clouds that serve Anthropic's models: clients with the host's own set-up, and their errors.

What goes wrong before a request is sent, with the credentials of a cloud, and in reading what only
a cloud sends, is raised by packages of the cloud's, which nobody else needs to have.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from dgm.errors import DgmError, ModelUnusableError, ProviderError
from dgm.gateway.providers.upstream import Upstream


def bedrock(upstream: Upstream) -> Any:  # noqa: ANN401
    """Make a client of Amazon Bedrock; region and credentials are those of the host's AWS set-up.

    Raises: ModelUnusableError if that is not there.
    """
    from anthropic import AnthropicBedrock

    def make() -> AnthropicBedrock:
        import boto3

        client = AnthropicBedrock(max_retries=0, http_client=_to_one_address())
        if not client.api_key and boto3.Session().get_credentials() is None:
            raise ValueError("there are no AWS credentials")
        return client

    return _made(upstream, make)


def vertex(upstream: Upstream) -> Any:  # noqa: ANN401
    """Make a client of Vertex AI; region, project and credentials are those of the host's set-up.

    Raises: ModelUnusableError if that is not there.
    """
    from anthropic import AnthropicVertex

    def make() -> AnthropicVertex:
        import google.auth
        from google.auth.exceptions import GoogleAuthError

        try:
            _, project = google.auth.default()
        except GoogleAuthError as error:
            raise ValueError(f"there are no Google credentials ({error})") from None
        client = AnthropicVertex(max_retries=0, http_client=_to_one_address())
        if not client.project_id and not project:
            raise ValueError("there is no project; set ANTHROPIC_VERTEX_PROJECT_ID")
        return client

    return _made(upstream, make)


def _made(upstream: Upstream, make: Callable[[], Any]) -> Any:  # noqa: ANN401
    from anthropic import AnthropicError

    extra = upstream.provider
    try:
        with in_our_words(upstream):
            return make()
    except ImportError as error:
        raise ModelUnusableError(
            f"{extra} models need more packages: pip install 'anthropic[{extra}]' ({error})"
        ) from None
    except (AnthropicError, ValueError, RuntimeError) as error:
        raise ModelUnusableError(f"{extra} is not set up on this machine: {error}") from None


def _to_one_address() -> Any:  # noqa: ANN401
    """What is signed goes nowhere else."""
    from anthropic import DefaultHttpxClient

    return DefaultHttpxClient(follow_redirects=False)


@contextmanager
def in_our_words(upstream: Upstream) -> Iterator[None]:
    """Turn what a cloud's packages raise in the block into an error of this house."""
    try:
        yield
    except _loaded("botocore.eventstream", "ParserError") as error:
        raise ProviderError(
            f"the answer of {upstream.provider} cannot be read: {upstream.clean(str(error))}"
        ) from None
    except _loaded("botocore.exceptions", "HTTPClientError", "ConnectionError") as error:
        raise _without_credentials(upstream, error, passes=True) from None
    except _loaded("botocore.exceptions", "BotoCoreError") as error:
        raise _without_credentials(upstream, error, passes=False) from None
    except _loaded("google.auth.exceptions", "GoogleAuthError") as error:
        raise _without_credentials(upstream, error, passes=error.retryable) from None


def _loaded(module: str, *names: str) -> tuple[Any, ...]:
    """Classes of a module that is in use; nobody else can have raised them."""
    found = sys.modules.get(module)
    return tuple(getattr(found, name) for name in names) if found else ()


def _without_credentials(upstream: Upstream, error: Exception, *, passes: bool) -> DgmError:
    said = f"{upstream.provider} got no credentials from this machine: {upstream.clean(str(error))}"
    return ProviderError(said) if passes else ModelUnusableError(said)
