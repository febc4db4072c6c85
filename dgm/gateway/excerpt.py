"""What a transcript keeps of a request that it does not keep whole: its size, digest and beginning.

A request that was answered is paid for; one that was refused is free, and may be as long as a body
can be. Recorded whole, it would let an agent fill the disk for nothing.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from dgm.gateway.redaction import may_hold_key, redact_json
from dgm.gateway.wire import JsonObject

MOST_CHARACTERS = 32 * 1024
"""How much of a request without an answer is kept; most of the honest ones are shorter."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The part of a request that was new, as JSON: its first characters, its size and SHA-256.

    `is_continued`: it was written after the request before, whose settings and first messages it
    shares, and lacks these.
    """

    head: str
    size: int
    sha256: str
    is_continued: bool = False


def excerpt_of(rest: JsonObject, *, is_continued: bool = False) -> Excerpt:
    """Return the excerpt of (the rest of) a request as JSON object. The head holds no key."""
    text = json.dumps(rest)
    shown = json.dumps(redact_json(rest)) if may_hold_key(text) else text
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Excerpt(shown[:MOST_CHARACTERS], len(text), digest, is_continued)
