"""What a shell printed, taken out of what an agent wraps around it: JSON or tags."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_CODES = ("returncode", "return_code", "exit_code", "exit_status")
_OUTPUTS = ("output", "stdout", "stderr")
_TROUBLES = ("exception_info", "exception", "error")
_TAGGED_CODE = re.compile(rf"<(?P<tag>{'|'.join(_CODES)})>\s*(?P<code>-?\d+)\s*</(?P=tag)>")
_TAGGED = re.compile(
    r"<(?P<tag>output(?:_head|_tail)?|exception|stdout|stderr)>\n?(?P<text>.*?)</(?P=tag)>",
    re.DOTALL,
)
_GAP = "[clipped: the middle is not shown]"


def unwrapped(answer: str) -> str:
    """Return output and exit code as plain text; an answer without a wrapping as it is."""
    fields = _json_fields(answer) or _tagged_fields(answer)
    code = next((fields[name] for name in _CODES if name in fields), None)
    if code is None:
        return answer
    parts = [_clipped(fields), *(fields.get(name) for name in (*_OUTPUTS, *_TROUBLES))]
    said = "\n".join(part.rstrip("\n") for part in parts if isinstance(part, str) and part)
    return f"{said}\n[exit code {code}]".lstrip("\n")


def _json_fields(answer: str) -> Mapping[str, Any]:
    if not answer.lstrip().startswith("{"):
        return {}
    try:
        fields = json.loads(answer)
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


def _tagged_fields(answer: str) -> Mapping[str, Any]:
    code = _TAGGED_CODE.search(answer)
    if code is None:
        return {}
    return {code["tag"]: code["code"]} | {m["tag"]: m["text"] for m in _TAGGED.finditer(answer)}


def _clipped(fields: Mapping[str, Any]) -> str:
    """Join the head and the tail of a long output, with a mark between them."""
    head, tail = fields.get("output_head"), fields.get("output_tail")
    if not (isinstance(head, str) and isinstance(tail, str)):
        return ""
    return f"{head}\n{_GAP}\n{tail}"
