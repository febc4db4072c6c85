"""OpenAI's models through its own SDK, and any server that speaks the same by its address."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from dgm.gateway.protocol import CallContext
from dgm.gateway.providers.client import LateClient, patience
from dgm.gateway.providers.completions import CompletionAssembler, request_fields
from dgm.gateway.providers.streaming import Gatherer, Stream
from dgm.gateway.providers.upstream import Upstream
from dgm.gateway.wire import Reply, Request

if TYPE_CHECKING:
    from openai import OpenAI

    from dgm.gateway.providers.failures import Sdk

ADDRESS = "https://api.openai.com/v1"
SILENCE_S = 300.0


def direct(upstream: Upstream) -> OpenAI:
    """Make a client of OpenAI's API, or of a server that speaks the same."""
    from openai import DefaultHttpxClient, OpenAI

    return OpenAI(
        api_key=upstream.key or "none-is-needed",
        base_url=upstream.address,
        max_retries=0,
        http_client=DefaultHttpxClient(follow_redirects=False),  # the key goes nowhere else
    )


class OpenAIProvider:
    """A provider that speaks the Chat Completions API. Thread-safe.

    `silence_s` is how long an answer may say nothing: these models say nothing while they think.
    """

    def __init__(self, upstream: Upstream, *, silence_s: float = SILENCE_S) -> None:
        self.name = upstream.provider
        self._upstream = upstream
        self._silence_s = silence_s
        # Compatible servers know the older name alone, OpenAI's newer models the newer one.
        is_own = upstream.address == ADDRESS
        self._bound = "max_completion_tokens" if is_own else "max_tokens"
        self._gatherer = Gatherer(upstream)
        self._client = LateClient(lambda: direct(upstream))

    def complete(self, request: Request, context: CallContext) -> Reply:
        """Answer one request; see `Provider`."""
        fields = request_fields(request, bound=self._bound)
        fields["stream_options"] = {"include_usage": True}
        model, messages = fields.pop("model"), fields.pop("messages")
        client = self._client.open()
        import openai

        timeout = patience(min(self._silence_s, context.deadline_s))

        def open_stream() -> Stream:
            # By `extra_body`: versions of the SDK differ in the parameters they name.
            stream = client.chat.completions.create(
                model=model, messages=messages, stream=True, extra_body=fields, timeout=timeout
            )
            return cast(Stream, stream)

        sdk = cast("Sdk", openai)
        assembler = CompletionAssembler(request)
        return self._gatherer.gather(sdk, request.model, open_stream, assembler, context.deadline_s)

    def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        self._client.close()
