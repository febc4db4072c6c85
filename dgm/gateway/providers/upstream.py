"""Where the calls of a provider go, in words that hold no key."""

from __future__ import annotations

from dataclasses import dataclass, field

from dgm.gateway.redaction import REDACTED, redact

_MOST_CHARACTERS = 400


@dataclass(frozen=True, slots=True)
class Upstream:
    """An address and the key for it; `key_name` is the variable of the host it was read from."""

    provider: str
    address: str
    key: str = field(default="", repr=False)
    key_name: str = ""

    def clean(self, text: str) -> str:
        """Return a text of the provider's as one short line, without the key or any other."""
        if self.key:
            text = text.replace(self.key, REDACTED)
        return redact(" ".join(text.split()))[:_MOST_CHARACTERS]
