"""OpenAI's models through its own SDK, and any server that speaks the same by its address."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, cast

from dgm.gateway.protocol import CallContext
from dgm.gateway.providers.completions import CompletionAssembler, request_fields
from dgm.gateway.providers.streaming import Gatherer, Stream
from dgm.gateway.providers.upstream import Upstream
from dgm.gateway.wire import Reply, Request

if TYPE_CHECKING:
    from dgm.gateway.providers.failures import Sdk

ADDRESS = "https://api.openai.com/v1"
SILENCE_S = 300.0
_CONNECT_S = 15.0


class OpenAIProvider:
    """A provider that speaks the Chat Completions API. Thread-safe.

    The SDK is imported at the first call, which costs seconds. `silence_s` is how long an answer
    may say nothing: these models say nothing while they think.
    """

    def __init__(self, upstream: Upstream, *, silence_s: float = SILENCE_S) -> None:
        self.name = upstream.provider
        self._upstream = upstream
        self._silence_s = silence_s
        # Compatible servers know the older name alone, OpenAI's newer models the newer one.
        is_own = upstream.address == ADDRESS
        self._bound = "max_completion_tokens" if is_own else "max_tokens"
        self._gatherer = Gatherer(upstream)
        self._lock = threading.Lock()
        self._client: Any = None

    def complete(self, request: Request, context: CallContext) -> Reply:
        """Answer one request; see `Provider`."""
        fields = request_fields(request, bound=self._bound)
        fields["stream_options"] = {"include_usage": True}
        model, messages = fields.pop("model"), fields.pop("messages")
        client = self._opened()
        import httpx2
        import openai

        silence_s = min(self._silence_s, context.deadline_s)
        timeout = httpx2.Timeout(silence_s, connect=min(_CONNECT_S, silence_s))

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
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _opened(self) -> Any:  # noqa: ANN401 - called with JSON, not with the SDK's own types
        from openai import DefaultHttpxClient, OpenAI

        with self._lock:
            if self._client is None:
                self._client = OpenAI(
                    api_key=self._upstream.key or "none-is-needed",
                    base_url=self._upstream.address,
                    max_retries=0,
                    http_client=DefaultHttpxClient(follow_redirects=False),  # nor does the key
                )
            return self._client
