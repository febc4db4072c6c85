"""Answers kept for the next time the very same call is made.

The same call is: the same model at the same address, the same request, the same seed (which names
that of the run), the same unit of work (what for, whose code, task, attempt), and the same place
in its session. So a run done again with the same seed pays nothing for what it asked before, while
another agent, another attempt, another run seed, and the same question asked twice in a session
each draw an answer of their own, as they would without the cache.

Not kept: failures, and answers that hold what looks like a key.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from dgm.gateway.codec import decode_reply
from dgm.gateway.encoding import reply_object, request_object
from dgm.gateway.protocol import SessionSpec
from dgm.gateway.redaction import redact_json
from dgm.gateway.wire import Reply, Request

_FORMAT = 1


class ResponseCache:
    """A folder of answers, each a file named by the hash of its call. Processes may share it.

    `addresses` says where each provider is: another server is another model.
    """

    def __init__(self, folder: Path, addresses: Mapping[str, str]) -> None:
        self._folder = folder
        self._addresses = addresses

    def find(self, spec: SessionSpec, index: int, request: Request) -> Reply | None:
        """Return the answer that was kept; None if there is none, or it cannot be read."""
        with suppress(OSError, ValueError):
            return decode_reply(self._path(spec, index, request).read_bytes())
        return None

    def keep(self, spec: SessionSpec, index: int, request: Request, reply: Reply) -> None:
        """Keep an answer; what cannot be written is asked for again the next time."""
        answer = reply_object(reply)
        if redact_json(answer) != answer:
            return
        path = self._path(spec, index, request)
        part = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(answer), encoding="utf-8")
            part.replace(path)

    def _path(self, spec: SessionSpec, index: int, request: Request) -> Path:
        address = self._addresses.get(spec.model.partition("/")[0], "")
        asked = {**request_object(request), "model": spec.model}
        call = json.dumps([_FORMAT, address, asked, spec.seed, spec.work, index], sort_keys=True)
        name = hashlib.sha256(call.encode()).hexdigest()
        return self._folder / name[:2] / f"{name}.json"
