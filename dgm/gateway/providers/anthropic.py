"""Anthropic's models, through its own SDK: its API, or a cloud that serves them (`clouds`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from dgm.gateway.protocol import CallContext
from dgm.gateway.providers.client import LateClient, patience
from dgm.gateway.providers.messages import MessageAssembler, request_fields
from dgm.gateway.providers.streaming import Gatherer, Stream
from dgm.gateway.providers.upstream import Upstream
from dgm.gateway.wire import Reply, Request

if TYPE_CHECKING:
    from dgm.gateway.providers.failures import Sdk

ADDRESS = "https://api.anthropic.com"
SILENCE_S = 120.0
MakeClient = Callable[[Upstream], Any]


def direct(upstream: Upstream) -> Any:  # noqa: ANN401 - one of three clients
    """Make a client of Anthropic's own API."""
    from anthropic import Anthropic, DefaultHttpxClient

    return Anthropic(
        api_key=upstream.key,
        base_url=upstream.address,
        max_retries=0,
        http_client=DefaultHttpxClient(follow_redirects=False),  # the key goes nowhere else
    )


class AnthropicProvider:
    """A provider that speaks the Messages API. Thread-safe.

    `silence_s` is how long a begun answer may say nothing: the API sends a ping now and then.
    """

    def __init__(
        self, upstream: Upstream, *, make: MakeClient = direct, silence_s: float = SILENCE_S
    ) -> None:
        self.name = upstream.provider
        self._upstream = upstream
        self._silence_s = silence_s
        self._gatherer = Gatherer(upstream)
        self._client = LateClient(lambda: make(upstream))

    def complete(self, request: Request, context: CallContext) -> Reply:
        """Answer one request; see `Provider`."""
        fields = request_fields(request)
        model, messages = fields.pop("model"), fields.pop("messages")
        client = self._client.open()
        import anthropic

        timeout = patience(min(self._silence_s, context.deadline_s))

        def open_stream() -> Stream:
            # By `extra_body`: versions of the SDK differ in the parameters they name.
            stream = client.messages.create(
                model=model,
                messages=messages,
                max_tokens=request.max_tokens,
                stream=True,
                extra_body=fields,
                timeout=timeout,
            )
            return cast(Stream, stream)

        sdk = cast("Sdk", anthropic)
        assembler = MessageAssembler(request)
        return self._gatherer.gather(sdk, request.model, open_stream, assembler, context.deadline_s)

    def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        self._client.close()
