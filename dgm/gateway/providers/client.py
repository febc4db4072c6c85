"""The client of a vendor's SDK: made at the first call, since the import alone costs seconds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from httpx2 import Timeout

_CONNECT_S = 15.0


class LateClient:
    """A client that is made when it is first wanted, and again after a closing. Thread-safe."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._client: Any = None

    def open(self) -> Any:  # noqa: ANN401 - called with JSON, not with the SDK's own types
        """Return the client."""
        with self._lock:
            if self._client is None:
                self._client = self._make()
            return self._client

    def close(self) -> None:
        """Close its connections."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None


def patience(silence_s: float) -> Timeout:
    """Say how long a connection may take, and how long an answer may say nothing."""
    from httpx2 import Timeout

    return Timeout(silence_s, connect=min(_CONNECT_S, silence_s))
